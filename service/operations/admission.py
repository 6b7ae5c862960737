"""Who may predict now: a short, bounded wait, then a refusal that says when to come again.

Slow predictions pass one gate per worker (`gate.py`). Quick ones run where they arrived, or stand
in one line for the same time at most: the event loop computes a few, looks at its connections,
computes the next. Without this, latency under overload grows without bound, health checks with it,
and the load balancer kills a task that is merely busy.
"""

import asyncio
import random
from asyncio import Future
from collections import deque
from collections.abc import Callable
from time import perf_counter
from typing import Any, TypeVar
from wsgiref.types import WSGIEnvironment

from service.api.environ import WAITED

Result = TypeVar("Result")

LEAST_SECONDS, MOST_SECONDS = 0.0015, 0.01  # of quick predictions before the loop looks up
SHARE = 0.25  # of what the loop did in between
DEADLINE = "HTTP_X_REQUEST_TIMEOUT_MS"


class RefusedError(Exception):
    """A request that is answered without its work: status, detail and headers of the answer."""

    def __init__(self, status: int, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(status, detail, headers or {})
        self.status = status
        self.detail = detail
        self.headers = headers or {}


class Admission:
    """The line of one worker; `wait_seconds` is the longest that anybody waits in it."""

    def __init__(self, wait_seconds: float) -> None:
        self.wait_seconds = wait_seconds
        self._line: deque[tuple[Callable[[], Any], Future[Any]]] = deque()
        self._ends = 0.0  # when the loop is to look up again
        self._is_due = False  # to look up

    async def quick_turn(self, compute: Callable[[], Result]) -> Result:
        """What it computes; on the event loop, at once or in line.

        RefusedError for who has no turn in time. Not sooner, though it may be foreseen: a client
        that is refused asks again, and a refusal costs nearly as much as a prediction. Nothing
        would be left for those.
        """
        loop = asyncio.get_running_loop()
        if not self._is_due:
            self._ends = perf_counter() + LEAST_SECONDS
            self._look_up_soon(loop)
        if not self._line and perf_counter() < self._ends:
            return compute()
        answer: Future[Result] = loop.create_future()
        self._line.append((compute, answer))
        timer = loop.call_later(self.wait_seconds, _refuse, answer)
        try:
            return await answer
        finally:
            timer.cancel()

    def _look_up_soon(self, loop: asyncio.AbstractEventLoop) -> None:
        self._is_due = True
        loop.call_soon(self._go_on, loop)

    def _go_on(self, loop: asyncio.AbstractEventLoop) -> None:
        """The loop has looked at its connections: compute for the first in line."""
        self._is_due = False
        now = perf_counter()
        self._ends = now + min(max(LEAST_SECONDS, SHARE * (now - self._ends)), MOST_SECONDS)
        while self._line and perf_counter() < self._ends:
            compute, answer = self._line.popleft()
            if answer.done():  # refused, or its client has left
                continue
            try:
                answer.set_result(compute())
            except Exception as error:
                answer.set_exception(error)
        if self._line:
            self._look_up_soon(loop)


def _refuse(answer: Future[Any]) -> None:
    if not answer.done():
        answer.set_exception(busy())


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
