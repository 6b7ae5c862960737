"""Who may predict now: a short, bounded wait, then a refusal that says when to come again.

Slow predictions pass one gate per worker (`gate.py`), quick ones stand in one line (`line.py`).
Without this, latency under overload grows without bound, health checks with it, and the load
balancer kills a task that is merely busy.
"""

import random
from time import perf_counter
from wsgiref.types import WSGIEnvironment

from service.api.request_state import WAITED

DEADLINE = "HTTP_X_REQUEST_TIMEOUT_MS"


class RefusedError(Exception):
    """A request that is answered without its work: status, detail and headers of the answer."""

    def __init__(self, status: int, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(status, detail, headers or {})
        self.status = status
        self.detail = detail
        self.headers = headers or {}


def busy() -> RefusedError:
    """The refusal of one request too many; clients come again at different times."""
    return RefusedError(
        503,
        "too many predictions at once",
        {"Retry-After": str(random.choice((1, 2, 3)))},  # noqa: S311
    )


def deadline_seconds(environ: WSGIEnvironment, longest_ms: int) -> float:
    """How long the client will wait for its turn, by its own header, and at most as we allow."""
    asked = environ.get(DEADLINE)
    if asked is None:
        return longest_ms / 1000
    if not (asked.isascii() and asked.isdigit()):
        raise RefusedError(400, "X-Request-Timeout-Ms must be a whole number of milliseconds")
    return min(int(asked[:9]), longest_ms) / 1000


def check_deadline(environ: WSGIEnvironment, asked: float, deadline: float) -> None:
    """Note how long the request waited; RefusedError if nobody waits for its answer any more."""
    now = perf_counter()
    environ[WAITED] = now - asked
    if now > deadline:
        raise RefusedError(504, "the deadline passed before the prediction began")
