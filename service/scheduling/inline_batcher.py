"""The line of quick predictions, which the event loop computes itself, several at a time.

Whoever comes while nobody waits is answered where it arrived. Under load the loop looks at its
connections, so often that one that is new can be opened, read and answered meanwhile; then it
computes for those first in line, and looks again. Several of a kind, one after the other, cost
less than the same work in turns with all else that a request takes; and they may share a call.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from time import perf_counter
from wsgiref.types import WSGIEnvironment

from service.scheduling.admission import busy
from service.scheduling.jobs import LONGER, Place, Waiting
from service.server.wsgi import Answer

LOOKS = 5  # at the connections: to accept one, to open it, to watch it, to read it, to answer it
LEAST_SECONDS, MOST_SECONDS = 0.0015, 0.01  # of predictions in between
SHARE = 0.25  # of what the looks took
EACH_SECONDS = 0.0001  # of a request, whatever its size: reading it, its line of the log
CROWD = 32  # in line; with fewer, gunicorn reads what comes
REFUSALS = 0.25  # for each prediction


class Line:
    """One per worker. In a crowd further ones wait unread, and are read as they have their turn.

    Who has waited for `wait_seconds` in it is late.

    Late ones are refused, but few for each prediction: a refusal costs nearly as much as one. The
    others keep their place and are answered. Who has waited for twice as long lets all others pass.

    `answer` computes for one request, `share` works ahead for several at once. `expected_seconds`
    tells from the size of a body how long that takes; `most_bytes` is what together they may have.
    """

    def __init__(
        self,
        wait_seconds: float,
        expected_seconds: Callable[[int], float],
        most_bytes: int,
        answer: Callable[[WSGIEnvironment], Answer],
        share: Callable[[Sequence[WSGIEnvironment]], object],
    ) -> None:
        self.wait_seconds = wait_seconds
        self.expected_seconds = expected_seconds
        self.most_bytes = most_bytes
        self.answer = answer
        self.share = share
        self._line: deque[tuple[float, Place]] = deque()  # and when each is late
        self._late: deque[Place] = deque()  # who will only be refused
        self._ends = 0.0  # when the loop is to look up again
        self._is_looking = False

    async def turn(self, one: Waiting) -> Answer:
        """The answer to a request, at once or in line.

        RefusedError for who has no turn in time. Not sooner, though it may be foreseen: a client
        that is refused asks again, and nothing would be left for predictions.
        """
        now = perf_counter()
        if not self._is_looking:
            self._ends = now + LEAST_SECONDS
            self._look()
        if not self._line and now < self._ends:
            one.check()
            return self.answer(one.environ)
        self._line.append((now + self.wait_seconds, one))
        answer: Answer = await one.turn
        return answer

    @property
    def is_crowded(self) -> bool:
        """Whether so many are in line that further ones had better wait unread."""
        return len(self._line) >= CROWD

    def join(self, one: Place) -> None:
        """Wait in the crowd."""
        self._line.append((perf_counter() + self.wait_seconds, one))
        if not self._is_looking:
            self._look()

    def _look(self, looks: int = LOOKS) -> None:
        """Let the loop look at its connections, again and again, then go on."""
        self._is_looking = looks > 0
        if looks:
            asyncio.get_running_loop().call_soon(self._look, looks - 1)
        else:
            self._go_on()

    def _go_on(self) -> None:
        now = perf_counter()
        self._ends = now + min(max(LEAST_SECONDS, SHARE * (now - self._ends)), MOST_SECONDS)
        while self._line and self._line[0][0] < now - self.wait_seconds:
            self._late.append(self._line.popleft()[1])
        refusals = 1.0
        while self._line and perf_counter() < self._ends:
            group = self._group()
            self._compute(group)
            refusals += len(group) * REFUSALS
        for _ in range(int(refusals)):
            if self._late:
                self._late.popleft().refuse(busy())
            elif self._line and self._line[0][0] < now:
                self._line.popleft()[1].refuse(busy())
        if self._line or self._late:
            self._look()

    def _group(self) -> list[Waiting]:
        """The first in line, and all behind it who may share its call; they leave the line."""
        group: list[Waiting] = []
        size = 0
        while self._line:
            if one := self._line[0][1].here():
                if group and not self._may_join(group, size, one):
                    break
                if one.is_in_time():
                    group.append(one)
                    size += one.size
            self._line.popleft()
        return group

    def _may_join(self, group: Sequence[Waiting], size: int, one: Waiting) -> bool:
        """Whether one more leaves the call short, for what it is."""
        first, whole = group[0], size + one.size
        if not (first.shares and one.shares and whole <= self.most_bytes):
            return False
        seconds = self.expected_seconds(whole) + (len(group) + 1) * EACH_SECONDS
        return seconds <= max(LEAST_SECONDS, LONGER * self.expected_seconds(first.size))

    def _compute(self, group: Sequence[Waiting]) -> None:
        if len(group) > 1:
            self.share([one.environ for one in group])
        for one in group:
            try:
                one.turn.set_result(self.answer(one.environ))
            except Exception as error:
                one.turn.set_exception(error)
