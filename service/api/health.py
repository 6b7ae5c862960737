"""The health checks: whether this task should get traffic, and whether this process answers.

Neither checks anything outside this process: a check that fails in all tasks at once would stop
the whole service.
"""

from collections.abc import Callable

from flask import Flask

from service.api.problems import Problem
from service.model.predictor import Predictor

# Of all protocols. They need no API key, and their successes are not logged.
PATHS = frozenset({"/health", "/health/live", "/ping", "/v2/health/ready", "/v2/health/live"})


def init_app(app: Flask, predictor: Predictor, is_draining: Callable[[], bool]) -> None:
    """Add the routes. A predictor exists only if its artifact has been verified."""
    ready = {
        "status": "ready",
        "model": predictor.manifest.name,
        "version": predictor.manifest.version,
    }

    @app.get("/health")
    def health() -> dict[str, str]:
        if is_draining():
            detail = "shutting down"
            raise Problem(503, detail, headers={"Retry-After": "1"})
        return ready

    @app.get("/health/live")
    def live() -> dict[str, str]:
        return {"status": "live"}
