"""Events to requests: what API Gateway, a load balancer or a function URL hands to a function."""

from binascii import Error as Base64Error
from collections.abc import Collection, Iterable, Mapping
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from apig_wsgi import make_lambda_handler

from service.api.body import JSON
from service.server.request_target import as_sent

MARKS = {"httpMethod", "requestContext"}


NOT_AN_EVENT = "the event is not one of API Gateway's, version 1.0 or 2.0"


class ValidationError(ValueError):
    """An event is not acceptable. Lambda tells a caller the error's name and text."""


def is_proxied(event: Any, names: Collection[str]) -> bool:
    """Whether an event wraps an HTTP request; otherwise it is what a model takes (`names`)."""
    return isinstance(event, dict) and bool((MARKS - set(names)) & event.keys())


def answer(app: WSGIApplication, event: Mapping[str, Any]) -> dict[str, Any]:
    """What the app answers, with statusCode, headers and body; ValidationError for a broken event.

    The text of the exception that a broken event causes is not repeated: it is Python's, and may
    quote the event. What a test event may leave out is empty, and a body of no type is JSON.
    Formats, 1.0 and 2.0:
    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
    """
    whole = {"path": "/", "rawPath": "/", "rawQueryString": "", "headers": {}, **event}
    if whole.get("version") not in ("1.0", "2.0"):
        whole["version"] = "1.0" if "httpMethod" in whole else "2.0"
    understood = False

    def typed(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        nonlocal understood
        for name, value in environ.items():
            if "." not in name and not isinstance(value, str):
                raise TypeError(f"{name} is no string")
        environ.setdefault("CONTENT_TYPE", JSON)
        path = whole["path" if whole["version"] == "1.0" else "rawPath"]
        if isinstance(path, str):
            as_sent(environ, path)
        understood = True
        return app(environ, start_response)

    try:
        return make_lambda_handler(typed)(whole, None)
    except (Base64Error, AttributeError, LookupError, TypeError, ValueError):
        if understood:  # then it is no fault of the event
            raise
        raise ValidationError(NOT_AN_EVENT) from None


def direct(body: str) -> dict[str, Any]:
    """The event that a function URL would make of a prediction with this body."""
    return {
        "version": "2.0",
        "rawPath": "/predict",
        "headers": {"content-type": JSON},
        "requestContext": {"http": {"method": "POST", "protocol": "HTTP/1.1", "sourceIp": ""}},
        "body": body,
    }
