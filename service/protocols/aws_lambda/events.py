"""Turns events of API Gateway, a load balancer or a function URL into requests."""

from binascii import Error as Base64Error
from collections.abc import Collection, Iterable, Mapping
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from apig_wsgi import make_lambda_handler

from service.api.body import JSON
from service.server.request_target import restore_other_spelling

MARKS = {"httpMethod", "requestContext"}


NOT_AN_EVENT = "the event is not one of API Gateway's, version 1.0 or 2.0"


class ValidationError(ValueError):
    """An event is invalid. Lambda returns the name of this class and the text to the caller."""


def is_proxied(event: Any, names: Collection[str]) -> bool:
    """Whether an event describes an HTTP request; otherwise it has inputs of the model
    (`names`)."""
    return isinstance(event, dict) and bool((MARKS - set(names)) & event.keys())


def respond(app: WSGIApplication, event: Mapping[str, Any]) -> dict[str, Any]:
    """The response to an event: statusCode, headers and body; ValidationError if it is invalid.

    The text of the exception that an invalid event causes is not repeated, because it may quote the
    event. Missing members of test events are empty, and a body without a type is JSON.
    Formats, 1.0 and 2.0:
    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
    """
    complete = {"path": "/", "rawPath": "/", "rawQueryString": "", "headers": {}, **event}
    if complete.get("version") not in ("1.0", "2.0"):
        complete["version"] = "1.0" if "httpMethod" in complete else "2.0"
    is_valid = False

    def checked(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        nonlocal is_valid
        for name, value in environ.items():
            if "." not in name and not isinstance(value, str):
                raise TypeError(f"{name} is not a string")
        environ.setdefault("CONTENT_TYPE", JSON)
        path = complete["path" if complete["version"] == "1.0" else "rawPath"]
        if isinstance(path, str):
            restore_other_spelling(environ, path)
        is_valid = True
        return app(environ, start_response)

    try:
        return make_lambda_handler(checked)(complete, None)
    except (Base64Error, AttributeError, LookupError, TypeError, ValueError):
        if is_valid:  # the event did not cause it
            raise
        raise ValidationError(NOT_AN_EVENT) from None


def prediction_event(body: str) -> dict[str, Any]:
    """The event of a function URL for a prediction with this body."""
    return {
        "version": "2.0",
        "rawPath": "/predict",
        "headers": {"content-type": JSON},
        "requestContext": {"http": {"method": "POST", "protocol": "HTTP/1.1", "sourceIp": ""}},
        "body": body,
    }
