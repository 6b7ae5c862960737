"""The bytes of a request body, to strict JSON or to a CSV table.

400 is for what cannot be parsed, 413 for too much, 415 for another type or encoding. Flask's own
readers are not used: they would cut a chunked body at the limit and accept one that ends early.
"""

import csv
import io
import json
from collections import Counter
from collections.abc import Callable
from typing import Any

from flask import Flask, Request, request

from service.api.problems import Problem

JSON = "application/json"
CSV = "text/csv"

CLOSE = {"Connection": "close"}  # what is left of the body would be taken for the next request

# A bridge that has read the body already leaves its refusal here: status, detail and headers.
REFUSED = "slipway.refused"


def init_app(app: Flask) -> None:
    """Answer what the bridge refused, whatever its address."""

    @app.before_request
    def refuse() -> None:
        if refused := request.environ.get(REFUSED):
            status, detail, headers = refused
            raise Problem(status, detail, headers=headers)


def read(request: Request, limit: int) -> bytes:
    """The whole body, at most `limit` bytes of it; Problem 400 or 413 otherwise."""
    length = request.content_length
    if length is not None and length > limit:
        raise too_large(limit)
    body = request.stream.read(limit + 1)
    if len(body) > limit:
        raise too_large(limit)
    if length is not None and len(body) != length:
        raise Problem(400, f"the body has {len(body)} bytes, Content-Length says {length}")
    if not body.strip():
        raise _unparsable("there is nothing in it")
    return body


def too_large(limit: int) -> Problem:
    """The refusal of a body over the limit."""
    return Problem(413, f"the body is larger than {limit} bytes", headers=CLOSE)


def media_type(request: Request) -> str:
    """JSON or CSV; Problem 415 for anything else, a charset but UTF-8, or an encoded body."""
    encoding = request.headers.get("Content-Encoding", "identity")
    if encoding.lower() != "identity":
        raise Problem(415, "the body must not be encoded: leave out Content-Encoding")
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if charset not in ("utf-8", "utf8"):
        raise Problem(415, "the body must be UTF-8")
    if request.mimetype not in (JSON, CSV):
        raise Problem(415, f"send Content-Type: {JSON} (or {CSV})")
    return request.mimetype


def decode(body: bytes) -> str:
    """UTF-8 text; Problem 400 with the position of the first byte that is not."""
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise _unparsable(f"byte {error.start} is not UTF-8") from error


def parse_json(text: str) -> Any:
    """Strict JSON: no NaN, no duplicate keys, no endless nesting; Problem 400 for what is not.

    A number too large for float64 comes back infinite, for the schema to refuse with its pointer.
    """
    try:
        try:
            return _strict(text, int)
        except ValueError as error:
            if type(error) is not ValueError:
                raise
            return _strict(text, float)  # an integer of more digits than Python would convert
    except json.JSONDecodeError as error:
        place = f"line {error.lineno} column {error.colno}"
        raise _unparsable(f"{error.msg} at {place}") from error
    except RecursionError as error:
        raise _unparsable("it is nested too deeply") from error
    except _NotStrictError as error:
        raise _unparsable(str(error)) from error


def parse_csv(text: str) -> tuple[list[str], list[list[str]]]:
    """Header and rows of cells, blank lines left out; Problem 400, or 422 for a ragged table."""
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    try:
        header = next((cells for cells in reader if cells), [])
        rows = [cells for cells in reader if cells]
    except csv.Error as error:
        raise _unparsable(f"{error} at line {reader.line_num}", CSV) from error
    for number, cells in enumerate(rows):
        if len(cells) != len(header):
            fault = f"row {number} has {len(cells)} cells, the header has {len(header)}"
            raise Problem(422, fault, [{"pointer": "", "detail": fault}])
    return [name.strip() for name in header], rows


class _NotStrictError(ValueError):
    """What Python's parser would let pass."""


def _unparsable(fault: str, kind: str = "JSON") -> Problem:
    return Problem(400, f"the body is not {kind}", [{"pointer": "", "detail": fault}])


def _strict(text: str, parse_int: Callable[[str], Any]) -> Any:
    return json.loads(
        text, object_pairs_hook=_object, parse_constant=_constant, parse_int=parse_int
    )


def _constant(token: str) -> Any:
    raise _NotStrictError(f"{token} is not a JSON number")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        twice, _ = Counter(key for key, _ in pairs).most_common(1)[0]
        raise _NotStrictError(f"the key {twice[:40]!r} is there more than once")
    return members
