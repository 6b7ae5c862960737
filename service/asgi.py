"""What gunicorn runs: the Flask app behind its bridge, or one clear line and an exit code."""

import gc
import sys
from collections.abc import Callable

from service.app import create_app, load
from service.dialects import enabled as dialects
from service.middleware.auth import Access
from service.middleware.response import Seal
from service.model.artifact import ArtifactError
from service.model.manifest import Manifest
from service.observability import logs, traces
from service.server.asgi_app import Bridge
from service.server.drain import Drain
from service.server.rejection import Shed
from service.settings import Settings, SettingsError

BYTE_SECONDS = 1e-7  # reading, checking and answering, for each byte of a body


def application() -> Bridge:
    """Load everything, in gunicorn's first process, before the workers are forked from it.

    Exits with a sysexits code if anything is wrong: a task that cannot serve must not start.
    """
    try:
        settings = Settings.from_environment()
        logs.configure(settings.log_level)
        predictor = load(settings)
        drain = Drain(settings.drain_seconds)
        seal = Seal.of(predictor.manifest)
        app = create_app(settings, predictor, drain, seal)
    except (SettingsError, ArtifactError) as error:
        print(f"slipway: {error}", file=sys.stderr)
        raise SystemExit(error.exit_code) from error

    def warm_up() -> None:
        predictor.verify()
        traces.start(settings)

    bridge = Bridge(
        app,
        settings,
        drain,
        Shed(Access.of(settings), seal, dialects.predictions(settings)),
        expected_seconds=expected_seconds(predictor.manifest),
        warm_up=warm_up,
        wind_down=lambda: traces.stop(settings),
        sharing=app.sharing,
    )
    gc.collect()
    # What is loaded stays, shared by the workers: to look through it again for garbage would give
    # each a copy of its own, and stop its loop for some 50 ms each time.
    gc.freeze()
    # While a slow model computes in Python, the loop waits so long for each of its turns.
    sys.setswitchinterval(0.001)
    return bridge


def expected_seconds(manifest: Manifest) -> Callable[[int], float]:
    """How long the answer to a body of so many bytes will take, at most, by the packing machine.

    A row takes at least two bytes of the body for each of its values.
    """
    width = 2 * len(manifest.signature.inputs)

    def seconds(size: int) -> float:
        return manifest.expected_seconds(size / width) + size * BYTE_SECONDS if size else 0.0

    return seconds
