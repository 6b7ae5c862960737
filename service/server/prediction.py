"""Answers predictions on the fast path without calling a WSGI app.

The answers, log lines and metrics are the same as those of `middleware/`, from the same objects.
"""

from wsgiref.types import WSGIEnvironment

from service.api.body import JSON
from service.api.predict import PATH
from service.api.responses import UNKNOWN_CATEGORIES
from service.middleware.fast_path import FastPath
from service.middleware.response import ResponseContext, counts_of
from service.observability import logs
from service.server.wsgi import Response, encode_headers, header_name

CONTENT_TYPE = (b"content-type", JSON.encode())
REQUEST_ID = header_name(logs.HEADER)


class PredictionResponder:
    """Answers, logs and counts predictions."""

    def __init__(self, context: ResponseContext, fast_path: FastPath) -> None:
        self.context = context
        self.fast_path = fast_path
        self._headers = encode_headers(context.headers(PATH))

    def respond(self, environ: WSGIEnvironment) -> Response | None:
        """The response; None if Flask must answer: it renders all errors."""
        content = self.fast_path.predict(environ)
        if content is None:
            return None
        state = logs.assign_request_id(environ)
        self.context.record(environ, PATH, 200)
        headers = [
            CONTENT_TYPE,
            (b"content-length", b"%d" % len(content)),
            *self._headers,
            (REQUEST_ID, state.request_id.encode()),
        ]
        if state.unknown:
            headers += encode_headers([(UNKNOWN_CATEGORIES, counts_of(state.unknown))])
        return 200, headers, content
