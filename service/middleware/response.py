"""Gives every request an id, and every response its headers, a log line and metrics.

This is WSGI middleware around Flask, because hooks of Flask would take a tenth of the time of a
request. Rejections under load bypass Flask (`server/rejection.py`) but use the same
`ResponseContext`, so they get the same headers, log line and metrics.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any
from urllib.parse import quote
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from service.api import health
from service.api.predict import PATH
from service.api.responses import UNKNOWN_CATEGORIES
from service.model.manifest import Manifest
from service.observability import logs
from service.observability.metrics import Metrics

Headers = list[tuple[str, str]]
# Headers that restrict what a browser does with a response.
SECURITY_HEADERS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Cache-Control", "no-store"),
)
MAX_NAMED = 20  # inputs in the header Unknown-Categories
MAX_NAME_CHARACTERS = 64
CONTENT_SECURITY_POLICY = "default-src 'none'; frame-ancestors 'none'"  # pages have their own


@dataclass(frozen=True, slots=True)
class ResponseContext:
    """The metrics of the service, and the version of its model.

    Successes of `health_paths` are not logged.
    """

    metrics: Metrics
    version: str
    health_paths: Collection[str] = health.PATHS

    @classmethod
    def of(
        cls, manifest: Manifest, health_paths: Collection[str] = health.PATHS
    ) -> "ResponseContext":
        """The context of a service with this model."""
        return cls(Metrics.of(manifest), manifest.version, health_paths)

    def record(self, environ: WSGIEnvironment, route: str | None, status: int) -> None:
        """Log and count one response. Successful health checks are not logged."""
        self.metrics.count(environ, route or "none", status)
        if status != 200 or route not in self.health_paths:
            logs.write_request(environ, route, status, self.version)

    def headers(self, path: str, csp: str | None = None) -> Headers:
        """The headers of every response to a request for this path, except its id.

        `csp` replaces the default Content-Security-Policy.
        """
        policy = ("Content-Security-Policy", csp or CONTENT_SECURITY_POLICY)
        if path != PATH:
            return [*SECURITY_HEADERS, policy]
        return [*SECURITY_HEADERS, policy, ("Model-Version", self.version)]


def counts_of(unknown: Mapping[str, int]) -> str:
    """Inputs with their numbers of rows, for at most 20 inputs. Names are encoded as in a URL."""
    named = islice(unknown.items(), MAX_NAMED)
    return ", ".join(f"{quote(name[:MAX_NAME_CHARACTERS])}={rows}" for name, rows in named)


class ResponseMiddleware:
    """A Flask app's `wsgi_app` with an id for each request and a record of each response."""

    def __init__(self, app: WSGIApplication, context: ResponseContext) -> None:
        self.app = app
        self.context = context

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        state = logs.assign_request_id(environ)

        def start(status: str, headers: Headers, *error: Any) -> Any:
            route: str | None = PATH
            if flask_request := environ.get("werkzeug.request"):  # none on the fast path
                route = flask_request.url_rule.rule if flask_request.url_rule else None
            self.context.record(environ, route, int(status[:3]))
            headers += self.context.headers(environ["PATH_INFO"], state.content_security_policy)
            headers.append((logs.HEADER, state.request_id))
            if state.unknown and status.startswith("200"):
                headers.append((UNKNOWN_CATEGORIES, counts_of(state.unknown)))
            return start_response(status, headers, *error)

        return self.app(environ, start)
