"""The private names of gunicorn that this package uses, checked once when the service starts.

A new version of gunicorn may rename them. The service then logs one warning and disables the
features that need them: it is slower, and its answers are the same. requirements.in excludes
versions that have not been tested.
"""

from collections.abc import Iterable, Iterator, Mapping
from enum import IntEnum
from types import SimpleNamespace
from typing import Any

from gunicorn import __version__
from gunicorn.asgi import protocol
from gunicorn.asgi.parser import CallbackRequest, PythonProtocol
from gunicorn.workers.gasgi import ASGIWorker


class Support(IntEnum):
    """The part of this package that works with the installed gunicorn."""

    NOTHING = 0  # gunicorn's own worker and protocol are used
    TIMEOUTS = 1  # worker.py and protocol.py work
    ALL = 2  # deferring_protocol.py works, too


# The names that worker.py and protocol.py use; without them gunicorn's own are used.
FOR_TIMEOUTS: Mapping[str, Iterable[str]] = {
    "ASGIWorker": (
        *("_setup_event_loop", "_serve", "load_wsgi", "handle_exit_signal", "handle_quit_signal"),
    ),
    "ASGIProtocol": (
        *("worker", "cfg", "log", "app", "transport"),
        *("_closed", "_keepalive", "_keepalive_handle", "_keepalive_timeout"),
        *("_arm_keepalive_timer", "_awaiting_request", "_current_request", "_body_receiver"),
        *("_callback_parser", "_request_ready", "_feed_callback_parser"),
        *("_send_response_start", "_send_error_response", "_send_body", "_flow_control"),
    ),
    "BodyReceiver": ("_complete",),
    "CallbackRequest": ("_connection", "headers_bytes", "version"),
    "PythonProtocol": ("_state", "_buffer"),
}
# Further names, which only deferring_protocol.py uses.
FOR_DEFERRING: Mapping[str, Iterable[str]] = {
    "ASGIProtocol": (
        *("_pre_request", "_post_request", "_is_ssl"),
        *("_pause_reading", "_resume_reading", "_cancel_keepalive_timer"),
    ),
    "FlowControl": ("write_paused",),
}
# The state of gunicorn's parser between two requests.
BETWEEN_REQUESTS = "request_line"


def missing(names: Mapping[str, Iterable[str]], cfg: Any, log: Any) -> list[str]:
    """The names that gunicorn does not have, each with its class.

    Many are attributes of instances only, so an instance of each class is made.
    """
    return list(_missing(names, cfg, log))


def _missing(names: Mapping[str, Iterable[str]], cfg: Any, log: Any) -> Iterator[str]:
    for owner, members in names.items():
        try:
            instance = _INSTANCES[owner](cfg, log)
        except Exception as error:
            yield f"{owner}: {error!r}"
            continue
        yield from (f"{owner}.{member}" for member in members if not hasattr(instance, member))
        if owner == "PythonProtocol" and getattr(instance, "_state", None) != BETWEEN_REQUESTS:
            yield f"{owner}._state == {BETWEEN_REQUESTS!r}"


_INSTANCES = {
    "ASGIWorker": lambda cfg, log: ASGIWorker,
    "ASGIProtocol": lambda cfg, log: protocol.ASGIProtocol(
        SimpleNamespace(cfg=cfg, log=log, asgi=None)
    ),
    "BodyReceiver": lambda cfg, log: protocol.BodyReceiver(None, None),
    "CallbackRequest": lambda cfg, log: CallbackRequest(),
    "PythonProtocol": lambda cfg, log: PythonProtocol(),
    "FlowControl": lambda cfg, log: protocol.FlowControl(None),
}


def support(cfg: Any, log: Any) -> Support:
    """The part that works with the installed gunicorn; logs a warning with the missing names."""
    for_timeouts = missing(FOR_TIMEOUTS, cfg, log)
    for_deferring = missing(FOR_DEFERRING, cfg, log)
    if names := for_timeouts + for_deferring:
        message = "this version of gunicorn is not supported: the service is slower"
        log.warning(message, extra={"fields": {"gunicorn": __version__, "missing": names}})
    if for_timeouts:
        return Support.NOTHING
    return Support.TIMEOUTS if for_deferring else Support.ALL
