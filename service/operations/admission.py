"""Who may predict now: a short, bounded wait, then a refusal that says when to come again.

Slow predictions pass one gate per worker. Quick ones run one after the other on the event loop, so
their queue is counted, and no longer than the same wait. Without this, latency under overload grows
without bound, health checks with it, and the load balancer kills a task that is merely busy.
"""

import asyncio
import random
from asyncio import Future
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from time import perf_counter
from typing import TypeVar

Result = TypeVar("Result")

RECENT = 0.1  # how much the newest prediction counts in the mean time of one


class RefusedError(Exception):
    """A request that is answered without its work: status, detail and headers of the answer."""

    def __init__(self, status: int, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(status, detail, headers or {})


class Admission:
    """The queue of one worker; `wait_seconds` is the longest that anybody waits in it."""

    def __init__(self, wait_seconds: float) -> None:
        self.wait_seconds = wait_seconds
        self.quick = 0  # quick predictions that wait for their turn
        self.mean_seconds = 0.0  # of a quick prediction
        self._gate = asyncio.Semaphore(1)

    async def slow_turn(self, compute: Callable[[], Future[Result]]) -> Result:
        """Start `compute` when the one thread is free; RefusedError if it is too long in use.

        The gate opens when the thread is done, not when a client leaves: it cannot be interrupted.
        """
        try:
            async with asyncio.timeout(self.wait_seconds):
                await self._gate.acquire()
        except TimeoutError:
            raise busy() from None
        try:
            computing = compute()
        except BaseException:
            self._gate.release()
            raise
        computing.add_done_callback(lambda _: self._gate.release())
        return await asyncio.shield(computing)

    @asynccontextmanager
    async def quick_turn(self) -> AsyncIterator[None]:
        """Stand in line on the event loop; RefusedError if the line is too long already."""
        if self.quick * self.mean_seconds > self.wait_seconds:
            raise busy()
        self.quick += 1
        try:
            await asyncio.sleep(0)  # the loop counts all that arrived together before it works
            begin = perf_counter()
            yield
            self.mean_seconds += RECENT * (perf_counter() - begin - self.mean_seconds)
        finally:
            self.quick -= 1


def busy() -> RefusedError:
    """The refusal of one request too many; clients come again at different times."""
    return RefusedError(
        503,
        "too many predictions at once",
        {"Retry-After": str(random.choice((1, 2, 3)))},  # noqa: S311
    )
