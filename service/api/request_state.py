"""What the service keeps of one request, in its WSGI environ, from its arrival to its log line."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any
from wsgiref.types import WSGIEnvironment

KEY = "slipway.request"  # in the WSGI environ


@dataclass(slots=True, eq=False)
class RequestState:
    """One object per request, which the server, the middleware and the API fill in turn.

    The server may have read the body already, and may have decided that the request fails
    (`error`). `is_allowed` and `is_eligible` are decided once, by the middleware.
    """

    arrived: float = field(default_factory=perf_counter)  # when its head came, by perf_counter
    request_id: str = ""
    body: bytes | None = None  # None if the server has not read it
    error: Exception | None = None  # raised in place of an answer
    # Whether it has an allowed host and a valid API key, and may take the fast path.
    is_allowed: bool | None = None
    is_eligible: bool | None = None
    is_authorized: bool | None = None  # whether it has a valid API key, or needs none
    api_key_name: str | None = None
    # Whether unread answers fill the memory for them, so that no other long one is computed.
    is_full: Callable[[], bool] | None = None
    arrays: Mapping[str, Any] | None = None  # columns that were parsed before it was scheduled
    answer: bytes | None = None  # the body of its answer, if it was predicted in a batch
    queue_seconds: float | None = None  # how long it waited to be scheduled
    rows: int | None = None
    unknown: Mapping[str, int] = field(default_factory=dict)  # rows by input: known_categories.py
    extra: Mapping[str, Sequence[Any]] = field(default_factory=dict)  # columns to send back
    predict_seconds: float | None = None  # the model's own time, for all requests of its batch
    content_security_policy: str | None = None  # in place of the default one


def state_of(environ: WSGIEnvironment) -> RequestState:
    """The state of a request, which begins here where no server has made it."""
    state: RequestState | None = environ.get(KEY)
    if state is None:
        state = environ[KEY] = RequestState()
    return state
