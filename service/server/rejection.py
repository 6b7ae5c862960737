"""The answer to one prediction too many, without Flask.

Under overload there are more of these than predictions, so they must cost little: what a refusal
takes, predictions lack. The answer is the same as Flask's would be.
"""

import json
from functools import cache
from re import Pattern
from wsgiref.types import WSGIEnvironment

from service.api import problems
from service.api.predict import PATH
from service.api.request_state import REQUEST_ID
from service.middleware.auth import Access
from service.middleware.response import Seal
from service.observability import logs
from service.observability.metrics import SHED
from service.scheduling.admission import RefusedError
from service.server.wsgi import Answer, encoded

MARK = "{}"  # where the request's id goes


class Shed:
    """Tells which requests would reach the model, and refuses those that are too many."""

    def __init__(self, access: Access, seal: Seal, others: Pattern[str] | None = None) -> None:
        self.access = access
        self.seal = seal
        self.others = others  # paths of predictions in another protocol
        self._headers = encoded([("Content-Type", problems.MEDIA_TYPE), *seal.headers(PATH)])

    def is_prediction(self, environ: WSGIEnvironment) -> bool:
        """Whether a request needs its turn; anything else is answered at once."""
        path = environ["PATH_INFO"]
        return (
            environ["REQUEST_METHOD"] == "POST"
            and (path == PATH or (self.others is not None and bool(self.others.fullmatch(path))))
            and self.access.admits(environ)
        )

    def refuse(self, environ: WSGIEnvironment, refused: RefusedError) -> Answer | None:
        """Answer, log and count a request that got no turn.

        None for one that Flask is to answer: another protocol tells it in its own way, and what
        was refused for itself, not for the load, is rare.
        """
        if refused.status not in SHED:
            return None
        self.seal.metrics.count_shed(refused.status)
        if environ["PATH_INFO"] != PATH:
            return None
        logs.begin(environ)
        self.seal.note(environ, PATH, refused.status)
        request_id = environ[REQUEST_ID]
        before, after = _problem(refused.status, refused.detail)
        body = before + request_id.encode() + after
        headers = [
            *self._headers,
            *encoded(refused.headers.items()),
            *encoded([(logs.HEADER, request_id), ("Content-Length", str(len(body)))]),
        ]
        return refused.status, headers, body


@cache
def _problem(status: int, detail: str) -> tuple[bytes, bytes]:
    """What the body says before and after the request's id."""
    before, after = json.dumps(problems.content(status, detail, MARK)).split(MARK)
    return before.encode(), after.encode()
