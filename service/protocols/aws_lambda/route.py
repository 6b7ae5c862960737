"""`POST /2015-03-31/functions/NAME/invocations`, as in Lambda's container and API.

A function that fails answers 200 with the error in the body; an error before the function is called
has its own status. Formats: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
and https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html.
"""

import json
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Blueprint, Response, request
from werkzeug.exceptions import HTTPException

from service.api import body, parse, predict, problems
from service.api.prediction_service import PredictionService
from service.api.request_state import KEY, RequestState, state_of
from service.protocols.aws_lambda import events
from service.protocols.protocol import Protocol, ProtocolContext

# An event describes a request inside of the request. These keys are the outer request's.
OUTER_KEYS = ("SERVER_PORT", "HTTP_HOST", "HTTP_AUTHORIZATION", "HTTP_X_API_KEY")


def add_routes(blueprint: Blueprint, context: ProtocolContext) -> None:
    """Add the route of invocations."""
    settings, service, _, wsgi_app = context

    @blueprint.post("/2015-03-31/functions/<name>/invocations")
    def invoke(name: str) -> Response:  # the name is ignored
        content = body.read(request, settings.max_body_bytes)
        if any(mark.encode() in content for mark in events.MARKS):
            event = parse.parse_json(body.decode(content), service.limits)
            if events.is_proxied(event, service.names):
                app = _predicting(wsgi_app, request.environ, service)
                try:
                    response = events.respond(app, event)
                except events.ValidationError as error:
                    raise problems.Problem(422, str(error)) from error
                return Response(json.dumps(response), content_type=body.JSON)
        return Response(service.predict(request.environ, content), content_type=body.JSON)


def write_error(error: HTTPException) -> Response:
    """Write an error of the function (400, 422) with status 200, others as Lambda's API does."""
    message, headers = problems.error_text(error), problems.headers_of(error)
    if error.code not in (400, 422):
        content = json.dumps({"Type": "User", "Message": message})
        return Response(content, error.code, headers, content_type=body.JSON)
    content = json.dumps(failure(message, state_of(request.environ).request_id))
    headers = {"X-Amz-Function-Error": "Unhandled"} | headers
    return Response(content, 200, headers, content_type=body.JSON)


def failure(message: str, request_id: str) -> dict[str, Any]:
    """What a function that raised an error returns. The stack trace is left empty."""
    return {
        "errorMessage": message,
        "errorType": events.ValidationError.__name__,
        "requestId": request_id,
        "stackTrace": [],
    }


def _predicting(
    app: WSGIApplication, outer: WSGIEnvironment, service: PredictionService
) -> WSGIApplication:
    """The app for the event in a request: every path predicts.

    The function that this service replaces only predicted.
    """

    def inner(environ: WSGIEnvironment, start_response: StartResponse) -> Any:
        for name in OUTER_KEYS:
            environ.pop(name, None)
            if name in outer:
                environ[name] = outer[name]
        environ["PATH_INFO"] = predict.PATH
        outer_state = state_of(outer)
        own = RequestState(arrived=outer_state.arrived, request_id=outer_state.request_id)
        environ[KEY] = own

        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            version = service.predictor.manifest.version
            added = [("X-Request-ID", own.request_id), ("Model-Version", version)]
            return start_response(status, headers + added, *error)

        chunks = app(environ, start)
        outer_state.rows, outer_state.predict_seconds = own.rows, own.predict_seconds
        outer_state.unknown = own.unknown
        return chunks

    return inner


PROTOCOL = Protocol(
    name="lambda",
    prediction_paths="/2015-03-31/functions/[^/]+/invocations",
    add_routes=add_routes,
    write_error=write_error,
)
