"""The answer to one prediction too many, without Flask.

Under overload there are more of these than predictions, so they must cost little: what a refusal
takes, predictions lack. The answer is the same as Flask's would be.
"""

import json
from wsgiref.types import WSGIEnvironment

from service.api import problems
from service.api.environ import REQUEST_ID
from service.api.predict import PATH
from service.operations import access, logs
from service.operations.access import Keys
from service.operations.admission import RefusedError
from service.operations.metrics import Metrics
from service.operations.wsgi import Answer


class Shed:
    """Tells which requests would reach the model, and refuses those that are too many."""

    def __init__(self, keys: Keys, metrics: Metrics, model_version: str) -> None:
        self.keys = keys
        self.metrics = metrics
        self.model_version = model_version

    def is_prediction(self, environ: WSGIEnvironment) -> bool:
        """Whether a request needs its turn; anything else is answered at once."""
        return (
            environ["PATH_INFO"] == PATH
            and environ["REQUEST_METHOD"] == "POST"
            and self.keys.admit(environ)
        )

    def refuse(self, environ: WSGIEnvironment, refused: RefusedError) -> Answer:
        """Answer, log and count a request that got no turn."""
        request_id = environ[REQUEST_ID] = logs.request_id(environ)
        body = json.dumps(problems.content(refused.status, refused.detail, request_id)).encode()
        headers = {
            "Content-Type": problems.MEDIA_TYPE,
            "Content-Length": str(len(body)),
            **refused.headers,
            **access.HEADERS,
            logs.HEADER: request_id,
            "Model-Version": self.model_version,
        }
        logs.write(environ, PATH, refused.status, self.model_version)
        self.metrics.count_shed(refused.status)
        self.metrics.count(environ, PATH, refused.status)
        return refused.status, [(k.lower().encode(), v.encode()) for k, v in headers.items()], body
