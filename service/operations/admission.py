"""Who may predict now: a short, bounded wait, then a refusal that says when to come again.

Slow predictions pass one gate per worker (`gate.py`). Quick ones stand in one line for the same
time at most: the event loop computes a few, looks at its connections, computes the
next. Without this, latency under overload grows without bound, health checks with it, and the load
balancer kills a task that is merely busy.
"""

import asyncio
import random
from asyncio import Future
from collections import deque
from collections.abc import Callable
from itertools import islice
from time import perf_counter
from typing import TypeVar
from wsgiref.types import WSGIEnvironment

from service.api.environ import WAITED

Result = TypeVar("Result")

SLICE_SECONDS = 0.005  # of quick predictions before the loop looks up
DEADLINE = "HTTP_X_REQUEST_TIMEOUT_MS"
RECENT = 0.02  # how much the newest prediction counts in the mean time of one: a stall is no trend


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
        self.mean_seconds = 0.001  # of a quick prediction, with what the loop does in between
        self.line: deque[Future[None]] = deque()  # quick predictions; the first have their turn
        self._since = 0.0  # when they got it
        self._given = 1  # how many they were
        self._own = 0.0  # what they took

    async def quick_turn(self, compute: Callable[[], Result]) -> Result:
        """Stand in line on the event loop; RefusedError for who has no turn in time.

        Not at once, though it may be foreseen: a client that is refused asks again, and a refusal
        costs nearly as much as a prediction. Nothing would be left for those.
        """
        loop = asyncio.get_running_loop()
        turn = loop.create_future()
        timer = None
        if len(self.line) * self.mean_seconds > self.wait_seconds:
            timer = loop.call_later(self.wait_seconds, _refuse, turn)
        self.line.append(turn)
        try:
            if turn is self.line[0]:
                self._give()
                await asyncio.sleep(0)  # the loop sees all that arrived together, then works
            await turn
            begin = perf_counter()
            result = compute()
            self._own += perf_counter() - begin
            return result
        finally:
            if timer:
                timer.cancel()
            self.line.remove(turn)
            if not (self.line and self.line[0].done()):  # the last of those that had their turn
                spent = perf_counter() - self._since
                self.mean_seconds += RECENT * (spent / max(1, self._given) - self.mean_seconds)
                if self.line:
                    self._give()

    def _give(self) -> None:
        """Give their turn to as many as the loop may compute before it looks up again."""
        each = self._own / self._given if self._own and self._given else self.mean_seconds
        self._since = perf_counter()
        self._given, self._own = 0, 0.0
        for turn in islice(self.line, max(1, int(SLICE_SECONDS / each))):
            if not turn.done():  # its client may have left
                turn.set_result(None)
                self._given += 1


def _refuse(turn: Future[None]) -> None:
    if not turn.done():
        turn.set_exception(busy())


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
