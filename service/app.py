"""The Flask app, plain WSGI: `create_app` is where everything is joined."""

from collections.abc import Callable
from typing import Any
from wsgiref.types import WSGIApplication

from flask import Flask, Request
from flask.typing import ResponseReturnValue
from werkzeug.routing import MapAdapter

from service.api import body, describe, predict, problems
from service.api.answers import Answers
from service.api.page import report
from service.api.page import routes as page
from service.dialects import enabled as dialects
from service.model import remote
from service.model.limits import Limits
from service.model.predictor import Predictor
from service.operations import access, health, metrics, traces
from service.operations.access import Access
from service.operations.drain import Drain
from service.operations.envelope import Envelope, Seal
from service.operations.straight import Straight
from service.settings import Settings


class Service(Flask):
    """Flask without what this app never needs, which costs each request."""

    sharing: Straight | None = None  # what predicts for several requests at once, if it may

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Nothing here is a coroutine; Flask would look whether each function is."""
        return func

    def handle_user_exception(self, e: Exception) -> ResponseReturnValue:
        """Forget where an error came from once it is answered.

        Its frames hold the request, which holds it: garbage that only the collector finds.
        """
        response = super().handle_user_exception(e)
        e.__traceback__ = e.__context__ = e.__cause__ = None
        return response

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Routes know no host, so none is worked out; nor are two slashes made one."""
        if request is None:
            return super().create_url_adapter(request)
        path = request.environ["PATH_INFO"].encode("latin-1").decode(errors="replace")
        return MapAdapter(self.url_map, "", "/", "", "http", path, request.method)


def create_app(
    settings: Settings | None = None,
    predictor: Predictor | None = None,
    drain: Drain | None = None,
    seal: Seal | None = None,
) -> Service:
    """Make the app; SettingsError or ArtifactError if it could not serve.

    Without arguments it reads the environment and the artifact, as `flask --app service.app run`
    and gunicorn want it; tests pass their own.
    """
    settings = settings or Settings.from_environment()
    predictor = predictor or load(settings)
    seal = seal or Seal.of(predictor.manifest)

    app = Service(__name__, static_folder=None)
    app.url_map.merge_slashes = False  # an address has one spelling: operations/target.py
    traces.init_app(app, settings)  # first, so that a request that is refused has its span
    problems.init_app(app)
    rules = Access.of(settings)
    access.init_app(app, rules, settings.metrics_port)
    body.init_app(app)
    metrics.init_app(app, seal.metrics, settings.metrics_port)
    health.init_app(app, predictor, drain or Drain(settings.drain_seconds))
    answers = Answers(settings, predictor)
    predict.init_app(app, settings, predictor, answers)
    contract = describe.init_app(app, settings, predictor, answers.schema)
    report.init_app(app, predictor)
    page.init_app(app, settings, predictor, contract)
    dialects.init_app(app, settings, answers)
    inner: WSGIApplication = app.wsgi_app
    if not settings.traces:  # which begin and end in hooks of Flask
        inner = straight = Straight(inner, rules, answers, settings.metrics_port)
        app.sharing = straight if predictor.manifest.rows_apart else None
    app.wsgi_app = Envelope(inner, seal)  # type: ignore[method-assign]
    return app


def load(settings: Settings) -> Predictor:
    """Load the model that is to be served; ArtifactError says why not."""
    place, sha256 = settings.model, settings.model_sha256
    with remote.opened(place, sha256, settings.fetch_seconds) as folder:
        limits = Limits(seconds=settings.load_seconds, bytes=settings.load_bytes)
        return Predictor.load(folder, settings.trusted_modules, sha256, limits)
