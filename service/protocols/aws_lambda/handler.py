"""The service as a function on AWS Lambda: `service.protocols.aws_lambda.handler.handler`.

The same image, started by `python -m awslambdaric` in place of gunicorn
(requirements/lambda.txt). The model is loaded and verified while Lambda initialises the function.
"""

import json
import sys
from collections.abc import Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from service.api.predict import PATH
from service.api.problems import join_errors
from service.app import create_app, load
from service.model.errors import SlipwayError
from service.observability import logs
from service.protocols.aws_lambda import events
from service.settings import Settings


class Function:
    """A handler of events: those of API Gateway and function URLs, or inputs of the model."""

    def __init__(self, settings: Settings) -> None:
        predictor = load(settings)
        self.app = create_app(settings, predictor)
        self.names = predictor.signature.names
        self.routes = self.app.url_map.bind("")

    def __call__(self, event: Any, context: object = None) -> Any:
        """Answer one event; `events.ValidationError` if it is invalid."""
        if events.is_proxied(event, self.names):
            return events.respond(self._answer, event)
        answer = events.respond(self._answer, events.prediction_event(json.dumps(event)))
        content = json.loads(answer["body"])
        if answer["statusCode"] != 200:
            raise events.ValidationError(join_errors(content["detail"], content.get("errors", ())))
        return content

    def _answer(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """The app's response. A POST to an address that the service does not have is a prediction:
        an API may call its function under any path."""
        environ["SERVER_PORT"] = "443"  # never the port of the metrics, whatever the event has
        path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        if method == "POST" and not self.routes.test(path, method):
            environ["PATH_INFO"] = PATH
        return self.app(environ, start_response)


def start() -> Function:
    """Load the model; exits with one line and a sysexits code if that fails."""
    try:
        settings = Settings.from_environment()
        logs.configure(settings.log_level)
        return Function(settings)
    except SlipwayError as error:
        print(f"slipway: {error}", file=sys.stderr)
        raise SystemExit(error.exit_code) from error


handler = start()
