"""Reads the bytes of a request body as text of a known type.

400: the body does not match its headers. 413: too large. 415: unsupported media type or content
encoding. Flask's own readers would truncate a chunked body at the limit, and accept one that ends
early.
"""

from collections.abc import Sequence

from flask import Flask, Request, request

from service.api.parse import unparsable
from service.api.problems import Problem
from service.api.request_state import state_of

JSON = "application/json"
CSV = "text/csv"

CLOSE = {"Connection": "close"}  # the unread rest of the body would be read as the next request


def init_app(app: Flask) -> None:
    """Render errors that the server has found before Flask was called, at any address."""

    @app.before_request
    def raise_error() -> None:
        if error := state_of(request.environ).error:
            raise error


def read(request: Request, limit: int) -> bytes:
    """The body, of at most `limit` bytes; Problem 400 or 413 otherwise.

    The ASGI app has read it before. On AWS Lambda, in tests and under other servers this reads it.
    """
    body = state_of(request.environ).body
    if body is None:
        body = _read_stream(request, limit)
    return body


def _read_stream(request: Request, limit: int) -> bytes:
    length = request.content_length
    if length is not None and length > limit:
        raise too_large(limit)
    body = request.stream.read(limit + 1)
    if len(body) > limit:
        raise too_large(limit)
    if length is not None and len(body) != length:
        raise Problem(400, f"the body has {len(body)} bytes, but Content-Length is {length}")
    return body


def too_large(limit: int) -> Problem:
    """Problem 413 for a body over the limit."""
    return Problem(413, f"the body is larger than {limit} bytes", headers=CLOSE)


def media_type(request: Request, taken: Sequence[str] = (JSON, CSV)) -> str:
    """JSON or CSV; Problem 415 for another type or charset, or an encoded body."""
    environ = request.environ
    if environ.get("CONTENT_TYPE") == JSON and "HTTP_CONTENT_ENCODING" not in environ:
        return JSON  # of nearly all requests
    check_encoding(request)
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if charset not in ("utf-8", "utf8"):
        raise Problem(415, "the body must be UTF-8")
    if request.mimetype not in taken:
        first, *others = taken
        raise Problem(415, f"send Content-Type: {first} (or {', '.join(others)})")
    return request.mimetype


def check_encoding(request: Request) -> None:
    """Raise Problem 415 for a compressed body: its size is unknown before it is decompressed."""
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise Problem(415, "the body must not be encoded: leave out Content-Encoding")


def decode(body: bytes, kind: str = "JSON") -> str:
    """The text of a UTF-8 body; Problem 400 if it is blank or not UTF-8.

    `kind` is the expected format, for the error message.
    """
    if not body.strip():
        raise unparsable("it is empty", kind)
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        fault = f"byte {error.start} is not UTF-8"
        raise unparsable(fault, kind if kind == "JSON" else "UTF-8 text") from error
