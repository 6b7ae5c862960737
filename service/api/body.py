"""The bytes of a request body, to text of a known type.

400 is for what is not as it says, 413 for too much, 415 for another type or encoding. Flask's own
readers are not used: they would cut a chunked body at the limit and accept one that ends early.
"""

from collections.abc import Sequence

from flask import Flask, Request, request

from service.api.parse import unparsable
from service.api.problems import Problem
from service.api.request_state import state_of

JSON = "application/json"
CSV = "text/csv"

CLOSE = {"Connection": "close"}  # what is left of the body would be taken for the next request


def init_app(app: Flask) -> None:
    """Answer what was refused before, whatever its address."""

    @app.before_request
    def refuse() -> None:
        if error := state_of(request.environ).error:
            raise error


def read(request: Request, limit: int) -> bytes:
    """The whole body, at most `limit` bytes of it; Problem 400 or 413 otherwise."""
    body = state_of(request.environ).body
    if body is None:
        body = _received(request, limit)
    return body


def _received(request: Request, limit: int) -> bytes:
    length = request.content_length
    if length is not None and length > limit:
        raise too_large(limit)
    body = request.stream.read(limit + 1)
    if len(body) > limit:
        raise too_large(limit)
    if length is not None and len(body) != length:
        raise Problem(400, f"the body has {len(body)} bytes, Content-Length says {length}")
    return body


def too_large(limit: int) -> Problem:
    """The refusal of a body over the limit."""
    return Problem(413, f"the body is larger than {limit} bytes", headers=CLOSE)


def media_type(request: Request, taken: Sequence[str] = (JSON, CSV)) -> str:
    """JSON or CSV; Problem 415 for anything else, a charset but UTF-8, or an encoded body."""
    environ = request.environ
    if environ.get("CONTENT_TYPE") == JSON and "HTTP_CONTENT_ENCODING" not in environ:
        return JSON  # as nearly all send it
    check_encoding(request)
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if charset not in ("utf-8", "utf8"):
        raise Problem(415, "the body must be UTF-8")
    if request.mimetype not in taken:
        first, *others = taken
        raise Problem(415, f"send Content-Type: {first} (or {', '.join(others)})")
    return request.mimetype


def check_encoding(request: Request) -> None:
    """Problem 415 for a compressed body: how much it would become, nobody knows before."""
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise Problem(415, "the body must not be encoded: leave out Content-Encoding")


def decode(body: bytes, kind: str = "JSON") -> str:
    """UTF-8 text; Problem 400 if it is blank, or with the position of the first other byte.

    `kind` is what the text should be. A table that is not UTF-8 is refused for that alone.
    """
    if not body.strip():
        raise unparsable("there is nothing in it", kind)
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        fault = f"byte {error.start} is not UTF-8"
        raise unparsable(fault, kind if kind == "JSON" else "UTF-8 text") from error
