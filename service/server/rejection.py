"""Answers rejected predictions without Flask.

Under overload there are more rejections than predictions, so a rejection must take little time,
which predictions then have. The answers are the same as Flask's would be.
"""

import json
import random
from functools import cache
from wsgiref.types import WSGIEnvironment

from service.api import problems
from service.api.predict import PATH
from service.api.problems import Problem
from service.api.request_state import state_of
from service.middleware.response import ResponseContext
from service.observability import logs
from service.scheduling.admission import Reason, RejectedError
from service.server.wsgi import Response, encode_headers

ANSWERS: dict[Reason, tuple[int, str]] = {
    "busy": (503, "too many predictions at once"),
    "deadline": (504, "the deadline passed before the prediction began"),
}
PLACEHOLDER = "{}"  # for the request's id


def problem_of(error: RejectedError) -> Problem:
    """The rejection as an error of the API."""
    status, detail = ANSWERS[error.reason]
    return Problem(status, detail, headers=_retry_after(error))


def _retry_after(error: RejectedError) -> dict[str, str]:
    """The header with the seconds after which a client may retry, random to spread the retries."""
    if error.reason != "busy":
        return {}
    return {"Retry-After": str(random.choice((1, 2, 3)))}  # noqa: S311  # no secret


class RejectionResponder:
    """Answers, logs and counts rejected predictions."""

    def __init__(self, context: ResponseContext) -> None:
        self.context = context
        own = [("Content-Type", problems.MEDIA_TYPE), *context.headers(PATH)]
        self._headers = encode_headers(own)

    def respond(self, environ: WSGIEnvironment, error: RejectedError) -> Response | None:
        """Count a rejection, and return its response.

        None if Flask must render it: other protocols have their own form of errors.
        """
        self.context.metrics.count_rejection(error.reason)
        if environ["PATH_INFO"] != PATH:
            return None
        status, detail = ANSWERS[error.reason]
        logs.assign_request_id(environ)
        self.context.record(environ, PATH, status)
        request_id = state_of(environ).request_id
        before, after = _body(status, detail)
        body = before + request_id.encode() + after
        headers = [
            *self._headers,
            *encode_headers(_retry_after(error).items()),
            *encode_headers([(logs.HEADER, request_id), ("Content-Length", str(len(body)))]),
        ]
        return status, headers, body


@cache
def _body(status: int, detail: str) -> tuple[bytes, bytes]:
    """The body of an answer, as the part before the request's id and the part after it."""
    before, after = json.dumps(problems.content(status, detail, PLACEHOLDER)).split(PLACEHOLDER)
    return before.encode(), after.encode()
