"""What gunicorn runs: `application` makes the ASGI app around Flask, or exits with one line."""

import gc
import sys
from collections.abc import Callable

from service.app import create_app, load
from service.middleware.auth import AccessControl
from service.middleware.response import ResponseContext
from service.model.errors import SlipwayError
from service.model.manifest import Manifest
from service.observability import logs, traces
from service.protocols import enabled as protocols
from service.server.asgi_app import ASGIApp
from service.server.drain import Drain
from service.settings import Settings

BYTE_SECONDS = 1e-7  # to read, check and answer one byte of a body


def application() -> ASGIApp:
    """Load everything, in gunicorn's first process, before the workers are forked from it.

    Exits with a sysexits code if anything is wrong: a task that cannot serve must not start.
    """
    try:
        settings = Settings.from_environment()
        logs.configure(settings.log_level)
        predictor = load(settings)
        drain = Drain(settings.drain_seconds)
        context = ResponseContext.of(predictor.manifest, protocols.health_paths(settings))
        app = create_app(settings, predictor, drain, context)
    except SlipwayError as error:
        print(f"slipway: {error}", file=sys.stderr)
        raise SystemExit(error.exit_code) from error

    def start_up() -> None:
        predictor.verify()
        traces.start(settings)
        if app.monitor is not None:
            app.monitor.start()

    asgi_app = ASGIApp(
        app,
        settings,
        drain,
        AccessControl.of(settings),
        context,
        expected_seconds=expected_seconds(predictor.manifest),
        start_up=start_up,
        shut_down=lambda: traces.stop(settings),
        other_predictions=protocols.prediction_paths(settings),
        fast_path=app.fast_path,
    )
    tune_process()
    return asgi_app


def tune_process() -> None:
    """Set up garbage collection and thread switching for a process that serves."""
    gc.collect()
    # What is loaded by now stays, and the workers share its memory. If the garbage collector went
    # through it, each worker would get a copy, and its loop would stop for some 50 ms each time.
    gc.freeze()
    # While a slow model computes in Python, the event loop waits up to this long for the lock.
    sys.setswitchinterval(0.001)


def expected_seconds(manifest: Manifest) -> Callable[[int], float]:
    """A function of the size of a body: the seconds that its answer takes at most.

    They were measured where the model was packed. A row has at least
    two bytes of the body for each of its values.
    """
    width = 2 * len(manifest.signature.inputs)

    def seconds(size: int) -> float:
        return manifest.expected_seconds(size / width) + size * BYTE_SECONDS if size else 0.0

    return seconds
