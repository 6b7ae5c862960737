"""The plain prediction, which nearly all requests are, without Flask's dispatch.

Contexts, signals, hooks and routing would cost it a third of its time. What is wrong with such a
request Flask tells, as ever; and whatever is not quite plain goes to Flask from the start.
"""

from collections.abc import Iterable, Sequence
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from service.api.answers import Answers
from service.api.body import JSON
from service.api.predict import PATH
from service.api.request_state import ANSWER, REFUSED, WHOLE
from service.middleware.auth import Access

NUMBER_SECONDS = 2e-8  # checking and answering, for each number that is read


class Straight:
    """A Flask app's `wsgi_app`, with a shorter way for `POST /predict` of JSON without a query."""

    def __init__(
        self,
        app: WSGIApplication,
        access: Access,
        answers: Answers,
        metrics_port: int,
    ) -> None:
        self.app = app
        self.access = access
        self.answers = answers
        self.metrics_port = str(metrics_port)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        if ANSWER in environ or self.is_plain(environ):
            try:
                content = environ.get(ANSWER) or self.answers.alone(environ, environ[WHOLE])
            except Exception as error:
                environ[REFUSED] = error
            else:
                headers = [("Content-Type", JSON), ("Content-Length", str(len(content)))]
                start_response("200 OK", headers)
                return [content]
        return self.app(environ, start_response)

    def share(self, environs: Sequence[WSGIEnvironment]) -> None:
        """Work for several plain requests at once, before each of them is answered."""
        self.answers.together(environs)

    def read_ahead(self, environ: WSGIEnvironment) -> float | None:
        """Read a long body of a plain request, if it is all numbers; the seconds that are left.

        To read it takes a hundredth of what it would as values of any kind.
        """
        rows = self.answers.read_ahead(environ)
        if not rows:
            return None
        manifest = self.answers.predictor.manifest
        values = rows * len(self.answers.names)
        return manifest.expected_seconds(rows) + values * NUMBER_SECONDS

    def is_plain(self, environ: WSGIEnvironment) -> bool:
        """Whether nothing but its body tells what a request wants."""
        return (
            environ["PATH_INFO"] == PATH
            and environ["REQUEST_METHOD"] == "POST"
            and environ.get("CONTENT_TYPE") == JSON
            and bool(environ.get(WHOLE))
            and not environ["QUERY_STRING"]
            and "HTTP_CONTENT_ENCODING" not in environ
            and REFUSED not in environ
            and environ["SERVER_PORT"] != self.metrics_port
            and self.access.admits(environ)
        )
