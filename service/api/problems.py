"""The one error body, RFC 9457's `application/problem+json`, and the handler that writes it.

Routes raise; nothing else in the service builds an error answer.
"""

import json
from bisect import bisect
from collections.abc import Collection, Iterator, Mapping, Sequence
from difflib import get_close_matches
from itertools import takewhile
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException
from werkzeug.http import HTTP_STATUS_CODES

from service.api.request_state import state_of

MOST_ERRORS = 20
MOST_BYTES = 3000  # of errors in one answer; an answer stays small whatever was asked
LONGEST_DETAIL = 300
LONGEST_KEY = 64
LONGEST_GUESS = 32  # comparing two names takes the square of their length
MOST_GUESSES = 20
MEDIA_TYPE = "application/problem+json"


class Problem(HTTPException):
    """An answer with this status, this one-line detail, and where in the input the faults are.

    Each of `errors` has a `detail` and a `pointer` (JSON Pointer into the body, "" for all of it)
    or a `parameter` (of the query).
    """

    def __init__(
        self,
        status: int,
        detail: str,
        errors: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.code = status
        self.errors = errors
        self.headers = headers or {}


def pointer(*steps: str | int) -> str:
    """JSON Pointer (RFC 6901) to the value that these keys and positions lead to.

    It ends before a key that is too long to be repeated: at the object that holds it.
    """
    short = takewhile(lambda step: len(str(step)) <= LONGEST_KEY, steps)
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in short)


def unknown(name: str, known: Collection[str], kind: str) -> str:
    """Detail for a name that nothing here has, with the likeliest one that was meant."""
    close = likely(name, known)
    hint = f"did you mean {close}?" if close else f"there are {', '.join(sorted(known))}"
    return f"is no {kind}; {hint}"[:LONGEST_DETAIL]


def likely(name: str, known: Collection[str]) -> str | None:
    """The known name that was likely meant, if it is short, and near in the alphabet.

    A request may have twenty misspelt names, a model thousands: comparing all would take seconds.
    """
    if len(name) > LONGEST_GUESS:
        return None
    ordered = sorted(known)
    start = max(0, min(bisect(ordered, name) - MOST_GUESSES // 2, len(ordered) - MOST_GUESSES))
    close = get_close_matches(name, ordered[start : start + MOST_GUESSES], n=1)
    return close[0] if close else None


def init_app(app: Flask) -> None:
    """Make every error of this app a problem: those of Flask, those raised, and crashes (500)."""
    app.register_error_handler(HTTPException, answer)


def answer(error: HTTPException) -> Response:
    """Write one error. A crash arrives here as InternalServerError, after Flask has logged it."""
    status = error.code or 500
    body = content(status, error.description or "", state_of(request.environ).request_id)
    headers = headers_of(error)
    if isinstance(error, Problem):
        if error.errors:
            body["errors"] = list(_fitting(error.errors))
    elif status == 405:
        headers["Allow"] = ", ".join(sorted(getattr(error, "valid_methods", None) or ()))
    return Response(json.dumps(body), status, headers, mimetype=MEDIA_TYPE)


def in_words(error: HTTPException) -> str:
    """All of an error in one line, for protocols whose errors are one text."""
    errors = error.errors if isinstance(error, Problem) else ()
    return one_line(error.description or "", errors)


def one_line(detail: str, errors: Sequence[Mapping[str, str]]) -> str:
    """What went wrong, and where."""
    places = [
        f"{fault.get('pointer') or fault.get('parameter') or ''} {fault['detail']}".lstrip()
        for fault in _fitting(errors)
        if fault["detail"] != detail
    ]
    return ": ".join(filter(None, (detail[:LONGEST_DETAIL], "; ".join(places))))


def headers_of(error: HTTPException) -> dict[str, str]:
    """Headers that the answer to an error has, whatever its body."""
    return dict(error.headers) if isinstance(error, Problem) else {}


def content(status: int, detail: str, request_id: str) -> dict[str, Any]:
    """What every problem says."""
    return {
        "type": "about:blank",
        "title": HTTP_STATUS_CODES[status],  # Python's own phrases change with its version
        "status": status,
        "detail": detail[:LONGEST_DETAIL],
        "request_id": request_id,
    }


def _fitting(errors: Sequence[Mapping[str, str]]) -> Iterator[Mapping[str, str]]:
    size = 0
    for error in errors[:MOST_ERRORS]:
        size += len(json.dumps(error))
        if size > MOST_BYTES:
            return
        yield error
