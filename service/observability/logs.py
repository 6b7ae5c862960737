"""One JSON object per line on stdout: requests, gunicorn's own lines and warnings alike.

Never a body or a query, and of headers only ids and addresses of a strict form: whatever a client
sends, a line stays one valid object.
"""

import asyncio
import json
import logging
import os
import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from http import HTTPMethod
from select import PIPE_BUF
from time import perf_counter, time
from traceback import format_exception
from typing import Any
from wsgiref.types import WSGIEnvironment

import orjson

from service.api.forwarded import address
from service.api.request_state import ARRIVED, KEY, PREDICTED, REQUEST_ID, ROWS, WAITED

PLAIN_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
HEADER = "X-Request-ID"
METHODS = frozenset(method.value for method in HTTPMethod)  # plain strings are found sooner
# What a load balancer on AWS adds: fields, of which Root names the request everywhere.
TRACE_ID = re.compile(
    r"(?:[A-Za-z]{1,32}=[^;]{1,64};)*Root=(1-[0-9a-f]{8}-[0-9a-f]{24})(?:;.{0,256})?"
)
# And here, if there are traces, the request's span is found.
SPAN = "opentelemetry-flask.span_key"
LONGEST_MESSAGE = 500  # a parser's complaint may quote the client at length

log = logging.getLogger("slipway.requests")


class JSONFormatter(logging.Formatter):
    """A record as one line; what was given as `extra={"fields": {...}}` becomes keys of its own."""

    def format(self, record: logging.LogRecord) -> str:
        """Write one line."""
        message = record.getMessage()[:LONGEST_MESSAGE]
        fields = getattr(record, "fields", {})
        if record.exc_info:
            fields = {**fields, "exception": "".join(format_exception(*record.exc_info))}
        return line(record.created, record.levelname.lower(), record.name, message, fields).decode()


def line(created: float, level: str, logger: str, message: str, fields: Mapping[str, Any]) -> bytes:
    """One JSON object."""
    content = {
        "time": datetime.fromtimestamp(created, UTC).isoformat(timespec="milliseconds"),
        "level": level,
        "logger": logger,
        "message": message,
        **fields,
    }
    try:
        return orjson.dumps(content, default=str)
    except orjson.JSONEncodeError:  # half of a surrogate pair, or a number beyond 64 bits
        return json.dumps(content, default=str).encode()


def configure(level: str) -> None:
    """Send everything that logs in this process through one handler on stdout.

    What no line of ours tells is not looked up for each: caller, thread and process
    (https://docs.python.org/3/howto/logging.html#optimization).
    """
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JSONFormatter())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    logging.captureWarnings(True)


def begin(environ: WSGIEnvironment) -> None:
    """Give a request its id, and its time of arrival if it has none."""
    environ[REQUEST_ID] = request_id(environ)
    environ.setdefault(ARRIVED, perf_counter())


def write(environ: WSGIEnvironment, route: str | None, status: int, model_version: str) -> None:
    """Write the line of one request, past the logging library, which would take twice as long."""
    if not log.isEnabledFor(logging.INFO):
        return
    fields = {
        "request_id": environ[REQUEST_ID],
        "trace_id": trace_id(environ),
        "client": address(environ.get("REMOTE_ADDR", "")),
        "key": environ.get(KEY),
        "method": known_method(environ),
        "route": route,
        "status": status,
        "rows": environ.get(ROWS),
        "queue_ms": _milliseconds(environ.get(WAITED)),
        "predict_ms": _milliseconds(environ.get(PREDICTED)),
        "total_ms": _milliseconds(perf_counter() - environ[ARRIVED]),
        "model_version": model_version,
    }
    if (span := environ.get(SPAN)) and span.get_span_context().is_valid:
        fields["otel_trace_id"] = f"{span.get_span_context().trace_id:032x}"
    _lines.add(line(time(), "info", log.name, "request", fields) + b"\n")


class _Lines:
    """What was logged since the event loop looked at its connections, to be written at once.

    Each write wakes whoever reads it, and to a container engine that costs more than the lines. So
    many go together as a pipe takes whole, or those of other workers would get in between.
    """

    def __init__(self) -> None:
        self._waiting: list[bytes] = []

    def add(self, text: bytes) -> None:
        """Write a line soon; now, where no event loop runs."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            _put(text)
            return
        if not self._waiting:
            loop.call_soon(self._write)
        self._waiting.append(text)

    def _write(self) -> None:
        together = b""
        for text in self._waiting:
            if together and len(together) + len(text) > PIPE_BUF:
                _put(together)
                together = b""
            together += text
        self._waiting.clear()
        _put(together)


_lines = _Lines()


def _put(text: bytes) -> None:
    with suppress(OSError):  # nobody reads it any more; the answer does not depend on that
        sys.stdout.buffer.write(text)
        sys.stdout.buffer.flush()


def request_id(environ: WSGIEnvironment) -> str:
    """The client's own id for its request, if it is a plain one; else a new one."""
    given: str = environ.get("HTTP_X_REQUEST_ID", "")
    return given if given and PLAIN_ID.fullmatch(given) else os.urandom(16).hex()


def known_method(environ: WSGIEnvironment) -> str:
    """The method, if HTTP knows it: a client may send any word."""
    method: str = environ["REQUEST_METHOD"]
    return method if method in METHODS else "other"


def trace_id(environ: WSGIEnvironment) -> str | None:
    """The Root of a well-formed X-Amzn-Trace-Id."""
    given: str = environ.get("HTTP_X_AMZN_TRACE_ID", "")
    found = TRACE_ID.fullmatch(given) if given else None
    return found[1] if found else None


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 3)
