"""What load balancers and containers ask: should this task get traffic, does this process answer.

Neither looks at anything outside this process: a check that fails everywhere at once would take the
whole service out.
"""

from flask import Flask

from service.api.problems import Problem
from service.model.predictor import Predictor
from service.server.drain import Drain

# Of every dialect: they need no key, and their 200s have no line in the log.
PATHS = frozenset({"/health", "/health/live", "/ping", "/v2/health/ready", "/v2/health/live"})


def init_app(app: Flask, predictor: Predictor, drain: Drain) -> None:
    """Give the app its routes. That there is a predictor means that its artifact was verified."""
    ready = {
        "status": "ready",
        "model": predictor.manifest.name,
        "version": predictor.manifest.version,
    }

    @app.get("/health")
    def health() -> dict[str, str]:
        if drain.is_on:
            detail = "this service is going; others have taken over"
            raise Problem(503, detail, headers={"Retry-After": "1"})
        return ready

    @app.get("/health/live")
    def live() -> dict[str, str]:
        return {"status": "live"}
