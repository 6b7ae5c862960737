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
from service.api.problems import one_line
from service.app import create_app, load
from service.model.artifact import ArtifactError
from service.observability import logs
from service.protocols.aws_lambda import events
from service.settings import Settings, SettingsError


class Function:
    """A handler: events of API Gateway and function URLs, or the model's input itself."""

    def __init__(self, settings: Settings) -> None:
        predictor = load(settings)
        self.app = create_app(settings, predictor)
        self.names = predictor.signature.names
        self.addresses = self.app.url_map.bind("")

    def __call__(self, event: Any, context: object = None) -> Any:
        """Answer one event; `events.ValidationError` if it is not acceptable."""
        if events.is_proxied(event, self.names):
            return events.answer(self._answer, event)
        answer = events.answer(self._answer, events.direct(json.dumps(event)))
        told = json.loads(answer["body"])
        if answer["statusCode"] != 200:
            raise events.ValidationError(one_line(told["detail"], told.get("errors", ())))
        return told

    def _answer(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """The app's answer. What is sent to no address of ours is for the model: a function URL
        has none, and an API may call its function by any."""
        environ["SERVER_PORT"] = "443"  # not that of the metrics, whatever a client writes
        path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        if method == "POST" and not self.addresses.test(path, method):
            environ["PATH_INFO"] = PATH
        return self.app(environ, start_response)


def start() -> Function:
    """Load everything; one clear line and a sysexits code if that fails."""
    try:
        settings = Settings.from_environment()
        logs.configure(settings.log_level)
        return Function(settings)
    except (SettingsError, ArtifactError) as error:
        print(f"slipway: {error}", file=sys.stderr)
        raise SystemExit(error.exit_code) from error


handler = start()
