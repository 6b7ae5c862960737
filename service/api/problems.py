"""Writes all errors as RFC 9457's `application/problem+json`.

Routes raise `Problem`; only this module builds error responses.
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

MAX_ERRORS = 20
MAX_ERROR_BYTES = 3000  # of all errors in one response
MAX_DETAIL_CHARACTERS = 300
MAX_KEY_CHARACTERS = 64
MAX_GUESS_CHARACTERS = 32  # the time to compare two names grows with the square of their length
MAX_CANDIDATES = 20
MEDIA_TYPE = "application/problem+json"


class Problem(HTTPException):
    """An error response: status, a detail of one line, and the faults in the input.

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
    """The JSON Pointer (RFC 6901) of these keys and positions.

    It ends before a key that is too long: at the object that has the key.
    """
    short = takewhile(lambda step: len(str(step)) <= MAX_KEY_CHARACTERS, steps)
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in short)


def unknown(name: str, known: Collection[str], kind: str) -> str:
    """The detail for an unknown name, with the most similar known one."""
    close = likely(name, known)
    hint = f"did you mean {close}?" if close else f"there are {', '.join(sorted(known))}"
    return f"is no {kind}; {hint}"[:MAX_DETAIL_CHARACTERS]


def likely(name: str, known: Collection[str]) -> str | None:
    """The known name that is most similar to a short name, among its neighbours in the alphabet.

    A request may have twenty misspelt names, and a model thousands of inputs: comparing all would
    take seconds.
    """
    if len(name) > MAX_GUESS_CHARACTERS:
        return None
    ordered = sorted(known)
    start = max(0, min(bisect(ordered, name) - MAX_CANDIDATES // 2, len(ordered) - MAX_CANDIDATES))
    close = get_close_matches(name, ordered[start : start + MAX_CANDIDATES], n=1)
    return close[0] if close else None


def init_app(app: Flask) -> None:
    """Register the handler of all errors: Flask's, those that are raised, and crashes (500)."""
    app.register_error_handler(HTTPException, answer)


def answer(error: HTTPException) -> Response:
    """The response to an error. A crash is an InternalServerError, which Flask has logged."""
    status = error.code or 500
    body = content(status, error.description or "", state_of(request.environ).request_id)
    headers = headers_of(error)
    if isinstance(error, Problem):
        if error.errors:
            body["errors"] = list(_fitting(error.errors))
    elif status == 405:
        headers["Allow"] = ", ".join(sorted(getattr(error, "valid_methods", None) or ()))
    return Response(json.dumps(body), status, headers, mimetype=MEDIA_TYPE)


def error_text(error: HTTPException) -> str:
    """An error as one line, for protocols whose errors are one text."""
    errors = error.errors if isinstance(error, Problem) else ()
    return join_errors(error.description or "", errors)


def join_errors(detail: str, errors: Sequence[Mapping[str, str]]) -> str:
    """The detail of a problem and its errors as one line."""
    places = [
        f"{fault.get('pointer') or fault.get('parameter') or ''} {fault['detail']}".lstrip()
        for fault in _fitting(errors)
        if fault["detail"] != detail
    ]
    return ": ".join(filter(None, (detail[:MAX_DETAIL_CHARACTERS], "; ".join(places))))


def headers_of(error: HTTPException) -> dict[str, str]:
    """The headers of the response to an error."""
    return dict(error.headers) if isinstance(error, Problem) else {}


def content(status: int, detail: str, request_id: str) -> dict[str, Any]:
    """The members that every problem has."""
    return {
        "type": "about:blank",
        "title": HTTP_STATUS_CODES[status],  # Python's own phrases change with its version
        "status": status,
        "detail": detail[:MAX_DETAIL_CHARACTERS],
        "request_id": request_id,
    }


def _fitting(errors: Sequence[Mapping[str, str]]) -> Iterator[Mapping[str, str]]:
    size = 0
    for error in errors[:MAX_ERRORS]:
        size += len(json.dumps(error))
        if size > MAX_ERROR_BYTES:
            return
        yield error
