"""The bytes of a request body, to strict JSON or to a CSV table.

400 is for what cannot be parsed, 413 for too much, 415 for another type or encoding. Flask's own
readers are not used: they would cut a chunked body at the limit and accept one that ends early.
"""

import csv
import io
import json
from collections.abc import Callable
from itertools import islice
from typing import Any, NamedTuple

from flask import Flask, Request, request

from service.api.problems import Problem

JSON = "application/json"
CSV = "text/csv"

LONGEST_START = 65_536  # characters; enough to be nested deeper than Python would follow

CLOSE = {"Connection": "close"}  # what is left of the body would be taken for the next request

# A bridge that has read the body already leaves its refusal here: status, detail and headers.
REFUSED = "slipway.refused"


class Most(NamedTuple):
    """What one body may hold: counted before anything is made of it, for making it costs more."""

    rows: int  # to tell in the refusal
    values: int  # of JSON
    containers: int  # lists and objects of JSON
    lines: int  # of CSV, blank ones as well


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


def parse_json(text: str, most: Most) -> Any:
    """Strict JSON: no NaN, no duplicate keys, no endless nesting; Problem 400 for what is not.

    Problem 422 for more than `most`. A number too large for float64 comes back infinite, for the
    schema to refuse with its pointer.
    """
    if not (_fits(text, most) or _fits(_without_strings(text), most)):
        if _is_deep(text[:LONGEST_START]):
            raise _unparsable("it is nested too deeply")
        raise _too_much("values", most)
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


def parse_csv(text: str, most: Most) -> tuple[list[str], list[list[str]]]:
    """Header and rows of cells, blank lines left out; Problem 400, or 422 for a ragged table.

    Problem 422 also for more than `most`.
    """
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    try:
        lines = list(islice(reader, most.lines + 1))
    except csv.Error as error:
        raise _unparsable(f"{error} at line {reader.line_num}", CSV) from error
    if len(lines) > most.lines:
        raise _too_much("lines", most)
    header, *rows = list(filter(None, lines)) or [[]]
    for number, cells in enumerate(rows):
        if len(cells) != len(header):
            fault = f"row {number} has {len(cells)} cells, the header has {len(header)}"
            raise Problem(422, fault, [{"pointer": "", "detail": fault}])
    return header, rows


class _NotStrictError(ValueError):
    """What Python's parser would let pass."""


def _unparsable(fault: str, kind: str = "JSON") -> Problem:
    return Problem(400, f"the body is not {kind}", [{"pointer": "", "detail": fault}])


def _too_much(what: str, most: Most) -> Problem:
    fault = f"has far more {what} than {most.rows} rows, the most that one request may have"
    return Problem(422, "the body is too long", [{"pointer": "", "detail": fault}])


def _fits(text: str, most: Most) -> bool:
    containers = text.count("[") + text.count("{")
    return containers <= most.containers and text.count(",") <= most.values


def _without_strings(text: str) -> str:
    """JSON without what stands between its quotes. A pattern would take five times as long."""
    return "".join(text.replace("\\\\", "").replace('\\"', "").split('"')[::2])


def _is_deep(text: str) -> bool:
    try:
        json.loads(text)
    except RecursionError:
        return True
    except ValueError:
        pass
    return False


def _strict(text: str, parse_int: Callable[[str], Any]) -> Any:
    return json.loads(
        text, object_pairs_hook=_object, parse_constant=_constant, parse_int=parse_int
    )


def _constant(token: str) -> Any:
    raise _NotStrictError(f"{token} is not a JSON number")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _NotStrictError(f"the key {key[:40]!r} is there more than once")
            seen.add(key)
    return members
