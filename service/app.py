"""The Flask app, plain WSGI: `create_app` puts all parts together."""

import logging
import platform
from collections.abc import Callable
from typing import Any
from wsgiref.types import WSGIApplication

from flask import Flask, Request
from flask.typing import ResponseReturnValue
from werkzeug.routing import MapAdapter

from service.api import body, describe, health, predict, problems
from service.api.page import report as report_page
from service.api.page import routes as page
from service.api.prediction_service import PredictionService
from service.middleware import auth
from service.middleware.auth import AccessControl
from service.middleware.fast_path import FastPath
from service.middleware.response import ResponseContext, ResponseMiddleware
from service.model import remote
from service.model.limits import Limits
from service.model.predictor import Predictor
from service.monitoring import report
from service.monitoring.monitor import Monitor
from service.observability import metrics, traces
from service.protocols import enabled as protocols
from service.server import request_target
from service.server.drain import Drain
from service.settings import Settings, metrics_folder

log = logging.getLogger("slipway.model")


class Service(Flask):
    """Flask without what this app does not need and each request would pay for."""

    fast_path: FastPath | None = None  # none with traces
    monitor: Monitor | None = None  # of drift

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """The function itself: no view is a coroutine, so Flask need not check each time."""
        return func

    def handle_user_exception(self, e: Exception) -> ResponseReturnValue:
        """Answer an error, and drop its traceback.

        The traceback holds the request, which holds the error: a cycle for the garbage collector.
        """
        response = super().handle_user_exception(e)
        e.__traceback__ = e.__context__ = e.__cause__ = None
        return response

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Match routes by path only: no route depends on the host. Slashes are not merged."""
        if request is None:
            return super().create_url_adapter(request)
        path = request.environ["PATH_INFO"].encode("latin-1").decode(errors="replace")
        return MapAdapter(self.url_map, "", "/", "", "http", path, request.method)


def create_app(
    settings: Settings | None = None,
    predictor: Predictor | None = None,
    drain: Drain | None = None,
    context: ResponseContext | None = None,
) -> Service:
    """Make the app; SettingsError or ArtifactError if it could not serve.

    Without arguments it reads the environment and the artifact, as `flask --app service.app run`
    and gunicorn call it; tests pass their own.
    """
    settings = settings or Settings.from_environment()
    predictor = predictor or load(settings)
    health_paths = protocols.health_paths(settings)
    context = context or ResponseContext.of(predictor.manifest, health_paths)
    draining = drain or Drain(settings.drain_seconds)

    app = Service(__name__, static_folder=None)
    app.url_map.merge_slashes = False  # as in server/request_target.py
    traces.init_app(app, settings)  # first, so that refused requests have a span
    problems.init_app(app)
    access = AccessControl.of(settings)
    auth.init_app(app, access, settings.metrics_port, health_paths)
    body.init_app(app)
    monitor = app.monitor = monitor_of(settings, predictor)
    metrics.init_app(app, context.metrics, settings.metrics_port, monitor)
    check_ready = health.init_app(app, predictor, lambda: draining.is_on)
    service = PredictionService(settings, predictor, monitor)
    predict.init_app(app, settings, predictor, service)
    contract = describe.init_app(app, settings, predictor, service.schema)
    report_page.init_app(app, predictor)
    page.init_app(app, settings, predictor, contract)
    protocols.init_app(app, settings, service, check_ready)
    inner: WSGIApplication = app.wsgi_app
    if not settings.traces:  # a span begins and ends in hooks of Flask
        inner = app.fast_path = FastPath(inner, access, service, settings.metrics_port)
    inner = request_target.reject_other_spellings(inner)
    app.wsgi_app = ResponseMiddleware(inner, context)  # type: ignore[method-assign]
    return app


def monitor_of(settings: Settings, predictor: Predictor) -> Monitor | None:
    """What compares requests with the sample; None if that is off, or the model has no profile."""
    profile = predictor.manifest.profile
    if not settings.drift:
        return None
    if profile is None:
        log.info("drift is not watched: the artifact has no profile of a sample")
        return None
    return Monitor(predictor, profile, metrics_folder(), each_minute=report.write_line)


def load(settings: Settings) -> Predictor:
    """Load the model that is to be served; ArtifactError if it cannot be."""
    place, sha256 = settings.model, settings.model_sha256
    with remote.opened(place, sha256, settings.fetch_seconds) as folder:
        limits = Limits(seconds=settings.load_seconds, bytes=settings.load_bytes)
        predictor = Predictor.load(
            folder, settings.trusted_modules, sha256, limits, settings.trusted_code
        )
    if predictor.manifest.rows_independent and not predictor.rows_independent:
        log.warning(
            "requests share no call of the model: on this processor a prediction depends on the "
            "other rows of its call",
            extra={"fields": {"machine": platform.machine()}},
        )
    return predictor
