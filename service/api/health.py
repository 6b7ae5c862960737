"""The health checks: whether this task should get traffic, and whether this process answers.

Neither checks anything outside this process: a check that fails in all tasks at once would stop
the whole service.
"""

from collections.abc import Callable

from flask import Flask

from service.api.problems import Problem
from service.model.predictor import Predictor

READY, LIVE = "/health", "/health/live"
# They need neither an API key nor an allowed host, and their successes are not logged.
PATHS = frozenset({READY, LIVE})


def init_app(
    app: Flask, predictor: Predictor, is_draining: Callable[[], bool]
) -> Callable[[], None]:
    """Add the routes. A predictor exists only if its artifact has been verified.

    Returns what raises Problem 503 while the service is shutting down, for the protocols.
    """
    ready = {
        "status": "ready",
        "model": predictor.manifest.name,
        "version": predictor.manifest.version,
    }

    def check_ready() -> None:
        if is_draining():
            raise Problem(503, "shutting down", headers={"Retry-After": "1"})

    @app.get(READY)
    def health() -> dict[str, str]:
        check_ready()
        return ready

    @app.get(LIVE)
    def live() -> dict[str, str]:
        return {"status": "live"}

    return check_ready
