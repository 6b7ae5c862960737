"""Answers most predictions without Flask's dispatch.

Contexts, signals, hooks and routing would take a third of the time of a small prediction. Requests
that are not eligible go to Flask unchanged. So do requests that fail: Flask renders all errors.
"""

from collections.abc import Iterable, Sequence
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from service.api.body import JSON
from service.api.predict import PATH
from service.api.prediction_service import PredictionService
from service.api.request_state import RequestState, state_of
from service.middleware.auth import AccessControl

NUMBER_SECONDS = 2e-8  # to check and write one number of a body that has been parsed


class FastPath:
    """A Flask app's `wsgi_app`, with a fast path for `POST /predict` of JSON without a query.

    `can_batch` is whether several requests may share one call of the model, which requires that
    the prediction for a row does not depend on the other rows.
    """

    def __init__(
        self,
        app: WSGIApplication,
        access: AccessControl,
        service: PredictionService,
        metrics_port: int,
    ) -> None:
        self.app = app
        self.access = access
        self.service = service
        self.metrics_port = str(metrics_port)
        self.can_batch = service.predictor.rows_independent

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        content = self.predict(environ)
        if content is None:
            return self.app(environ, start_response)
        start_response("200 OK", [("Content-Type", JSON), ("Content-Length", str(len(content)))])
        return [content]

    def predict(self, environ: WSGIEnvironment) -> bytes | None:
        """The answer; None if Flask must answer, because the request is not eligible or failed.

        The answer, or the error, may come from a batch that was predicted before.
        """
        state = state_of(environ)
        if state.error is not None or not self.is_eligible(environ):
            return None
        try:
            return state.answer or self.service.predict(environ, state.body or b"")
        except Exception as error:
            state.error = error
            return None

    def is_eligible(self, environ: WSGIEnvironment) -> bool:
        """Whether the fast path can answer a request; decided once per request."""
        state = state_of(environ)
        if state.is_eligible is None:
            state.is_eligible = self._decide(environ, state)
        return state.is_eligible

    def predict_batch(self, environs: Sequence[WSGIEnvironment]) -> None:
        """Predict for several eligible requests in one call, before each of them is answered."""
        self.service.predict_batch(environs)

    def preparse(self, environ: WSGIEnvironment) -> float | None:
        """Parse the long body of an eligible request, if all its values are numbers.

        Return the seconds that the rest of the request will take; None if the body was not parsed.
        Parsing only numbers is a hundred times as fast as parsing any values.
        """
        rows = self.service.preparse(environ)
        if not rows:
            return None
        manifest = self.service.predictor.manifest
        values = rows * len(self.service.names)
        return manifest.expected_seconds(rows) + values * NUMBER_SECONDS

    def _decide(self, environ: WSGIEnvironment, state: RequestState) -> bool:
        return (
            environ["PATH_INFO"] == PATH
            and environ["REQUEST_METHOD"] == "POST"
            and environ.get("CONTENT_TYPE") == JSON
            and bool(state.body)
            and not environ["QUERY_STRING"]
            and "HTTP_CONTENT_ENCODING" not in environ
            and environ["SERVER_PORT"] != self.metrics_port
            and self.access.is_allowed(environ)
        )
