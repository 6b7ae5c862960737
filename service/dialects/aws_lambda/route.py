"""`POST /2015-03-31/functions/NAME/invocations`, as Lambda's own container and its API have it.

A function answers 200 even where it fails, and names the error in the body; what never reaches a
function has a status of its own. Formats: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
and https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html.
"""

import json
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Blueprint, Flask, Response, request
from werkzeug.exceptions import HTTPException

from service.api import body, parse, predict, problems
from service.api.answers import Answers
from service.api.request_state import KEY, RequestState, state_of
from service.dialects.aws_lambda import events
from service.settings import Settings

PREDICTIONS = "/2015-03-31/functions/[^/]+/invocations"
# Of a request in a request: what its event says of these is not believed.
OURS = ("SERVER_PORT", "HTTP_HOST", "HTTP_AUTHORIZATION", "HTTP_X_API_KEY")


def init_app(app: Flask, settings: Settings, answers: Answers) -> None:
    """Give the app its route."""
    blueprint = Blueprint("lambda", __name__)
    inner = app.wsgi_app

    @blueprint.post("/2015-03-31/functions/<name>/invocations")
    def invoke(name: str) -> Response:  # any name: there is one function
        content = body.read(request, settings.max_body_bytes)
        if any(mark.encode() in content for mark in events.MARKS):
            event = parse.parse_json(body.decode(content), answers.most)
            if events.is_proxied(event, answers.names):
                app = _predicting(inner, request.environ, answers)
                try:
                    found = events.answer(app, event)
                except events.ValidationError as error:
                    raise problems.Problem(422, str(error)) from error
                return Response(json.dumps(found), content_type=body.JSON)
        return Response(answers.alone(request.environ, content), content_type=body.JSON)

    @blueprint.errorhandler(HTTPException)
    def fail(error: HTTPException) -> Response:
        if error.code not in (400, 422):
            return _refused(error)
        told = failure(problems.in_words(error), state_of(request.environ).request_id)
        headers = {"X-Amz-Function-Error": "Unhandled"} | problems.headers_of(error)
        return Response(json.dumps(told), 200, headers, content_type=body.JSON)

    app.register_blueprint(blueprint)


def failure(message: str, request_id: str) -> dict[str, Any]:
    """What a function returns that raised an error; its stack is nobody's business."""
    return {
        "errorMessage": message,
        "errorType": events.ValidationError.__name__,
        "requestId": request_id,
        "stackTrace": [],
    }


def _refused(error: HTTPException) -> Response:
    """The refusal of a request before any function: Lambda's API tells those by status."""
    told = json.dumps({"Type": "User", "Message": problems.in_words(error)})
    return Response(told, error.code, problems.headers_of(error), content_type=body.JSON)


def _predicting(app: WSGIApplication, outer: WSGIEnvironment, answers: Answers) -> WSGIApplication:
    """The app for the event of a request: it predicts, whatever the event's address.

    The function that this service replaces did nothing else.
    """

    def inner(environ: WSGIEnvironment, start_response: StartResponse) -> Any:
        for name in OURS:
            environ.pop(name, None)
            if name in outer:
                environ[name] = outer[name]
        environ["PATH_INFO"] = predict.PATH
        whole = state_of(outer)
        own = RequestState(arrived=whole.arrived, request_id=whole.request_id)
        environ[KEY] = own

        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            version = answers.predictor.manifest.version
            added = [("X-Request-ID", own.request_id), ("Model-Version", version)]
            return start_response(status, headers + added, *error)

        chunks = app(environ, start)
        whole.rows, whole.predict_seconds = own.rows, own.predict_seconds
        return chunks

    return inner
