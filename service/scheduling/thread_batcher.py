"""The gate of slow predictions: one call of the model at a time, which those who wait may share.

Whoever comes to the open gate goes in at once, alone. While the model computes others come; when
it is done, the first of them goes in and takes with it all who cost little more.
"""

import asyncio
from asyncio import Future
from collections.abc import Callable, Sequence
from wsgiref.types import WSGIEnvironment

from service.scheduling.admission import busy
from service.scheduling.jobs import LONGER, Waiting
from service.server.wsgi import Answer

EACH_SECONDS = 0.0002  # of a request, whatever its size, in a thread beside the loop
GAIN = 2.0  # times less than alone is what everybody else must cost


class Gate:
    """One per worker; `wait_seconds` is the longest that anybody waits at it.

    `compute` starts to answer some requests, in this order. `expected_seconds` tells from the size
    of a body how long that takes; `most_bytes` is what together they may have.
    """

    def __init__(
        self,
        wait_seconds: float,
        expected_seconds: Callable[[int], float],
        most_bytes: int,
        compute: Callable[[Sequence[WSGIEnvironment]], Sequence[Future[Answer]]],
    ) -> None:
        self.wait_seconds = wait_seconds
        self.expected_seconds = expected_seconds
        self.most_bytes = most_bytes
        self.compute = compute
        self._line: list[Waiting] = []
        self._is_open = True

    async def turn(self, one: Waiting) -> Answer:
        """The answer to a request; RefusedError if the gate stays shut for too long.

        It opens when the thread is done, not when a client leaves: it cannot be interrupted.
        """
        self._line.append(one)
        loop = asyncio.get_running_loop()
        timer = loop.call_later(self.wait_seconds, one.refuse, busy())
        try:
            if self._is_open:
                self._let_in()
            answer = await one.turn
        finally:
            timer.cancel()
            self._line.remove(one)
        return await asyncio.shield(answer)

    def _let_in(self) -> None:
        self._is_open = True
        if group := self._group():
            answers = self.compute([one.environ for one in group])
            self._is_open = False
            answers[-1].add_done_callback(lambda _: self._let_in())
            for one, answer in zip(group, answers, strict=True):
                one.turn.set_result(answer)

    def _group(self) -> list[Waiting]:
        """The first who waits, and all who may share its call."""
        group: list[Waiting] = []
        size = 0
        for one in self._line:
            if one.turn.done() or (group and not self._may_join(group, size, one)):
                continue
            if one.is_in_time():
                group.append(one)
                size += one.size
        return group

    def _may_join(self, group: Sequence[Waiting], size: int, one: Waiting) -> bool:
        """Whether a call for `size` bytes takes one more without being much longer."""
        first, whole = group[0], size + one.size
        if not (first.shares and one.shares and whole <= self.most_bytes):
            return False
        before, after = self.expected_seconds(size), self.expected_seconds(whole)
        longest = LONGER * self.expected_seconds(first.size)
        return after + len(group) * EACH_SECONDS <= longest and (
            after - before + EACH_SECONDS
        ) * GAIN <= self.expected_seconds(one.size)
