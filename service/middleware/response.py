"""What surrounds every request and its answer: an id, some headers, a line of the log, a count.

A WSGI app around Flask's, because hooks of Flask would cost a tenth of a request. Refusals under
load, which do without Flask, get the same seal.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from service.api import health
from service.api.predict import PATH
from service.api.request_state import POLICY, REQUEST_ID
from service.middleware import auth as access
from service.model.manifest import Manifest
from service.observability import logs
from service.observability.metrics import Metrics

Headers = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Seal:
    """Where answers are counted, and the version of the model that predictions come from."""

    metrics: Metrics
    version: str

    @classmethod
    def of(cls, manifest: Manifest) -> "Seal":
        """That of a service with this model."""
        return cls(Metrics.of(manifest), manifest.version)

    def note(self, environ: WSGIEnvironment, route: str | None, status: int) -> None:
        """Log and count one answer."""
        self.metrics.count(environ, route or "none", status)
        if status != 200 or route not in health.PATHS:
            logs.write(environ, route, status, self.version)

    def headers(self, path: str, policy: str = access.POLICY) -> Headers:
        """What every answer to a request for this path says, besides the request's id."""
        version = [("Model-Version", self.version)] if path == PATH else []
        return [*access.HEADERS, ("Content-Security-Policy", policy), *version]


class Envelope:
    """A Flask app's `wsgi_app` with an id for each request, and a seal on each answer."""

    def __init__(self, app: WSGIApplication, seal: Seal) -> None:
        self.app = app
        self.seal = seal

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        logs.begin(environ)

        def start(status: str, headers: Headers, *error: Any) -> Any:
            route: str | None = PATH
            if made := environ.get("werkzeug.request"):  # by Flask
                route = made.url_rule.rule if made.url_rule else None
            self.seal.note(environ, route, int(status[:3]))
            policy = environ.get(POLICY, access.POLICY)
            sealed = self.seal.headers(environ["PATH_INFO"], policy)
            return start_response(
                status, [*headers, *sealed, (logs.HEADER, environ[REQUEST_ID])], *error
            )

        return self.app(environ, start)
