"""The answer to one prediction too many, without Flask.

Under overload there are more of these than predictions, so they must cost little: what a refusal
takes, predictions lack. The answer is the same as Flask's would be.
"""

import json
from wsgiref.types import WSGIEnvironment

from service.api import problems
from service.api.environ import REQUEST_ID
from service.api.predict import PATH
from service.operations import logs
from service.operations.access import Keys
from service.operations.admission import RefusedError
from service.operations.envelope import Seal
from service.operations.wsgi import Answer, encoded


class Shed:
    """Tells which requests would reach the model, and refuses those that are too many."""

    def __init__(self, keys: Keys, seal: Seal) -> None:
        self.keys = keys
        self.seal = seal

    def is_prediction(self, environ: WSGIEnvironment) -> bool:
        """Whether a request needs its turn; anything else is answered at once."""
        return (
            environ["PATH_INFO"] == PATH
            and environ["REQUEST_METHOD"] == "POST"
            and self.keys.admit(environ)
        )

    def refuse(self, environ: WSGIEnvironment, refused: RefusedError) -> Answer:
        """Answer, log and count a request that got no turn."""
        logs.begin(environ)
        content = problems.content(refused.status, refused.detail, environ[REQUEST_ID])
        body = json.dumps(content).encode()
        headers = [
            ("Content-Type", problems.MEDIA_TYPE),
            ("Content-Length", str(len(body))),
            *refused.headers.items(),
            *self.seal(environ, PATH, refused.status),
        ]
        self.seal.metrics.count_shed(refused.status)
        return refused.status, encoded(headers), body
