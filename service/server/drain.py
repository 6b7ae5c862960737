"""From SIGTERM to exit 0 without a lost request.

A load balancer learns late that a task is going, so the task first says so (`/health` is 503) and
goes on serving for a while; only then gunicorn stops, and finishes what is in flight.
"""

import mmap
import signal
from types import FrameType
from typing import Any


class Drain:
    """One byte that all processes share; made before the workers are forked."""

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds
        self._shared = mmap.mmap(-1, 1)

    @property
    def is_on(self) -> bool:
        """Whether this service has been told to go."""
        return self._shared[0] != 0

    def arm(self, arbiter: Any) -> None:
        """Take over SIGTERM in gunicorn's first process, which knows it as its arbiter.

        A second SIGTERM changes nothing. SIGINT stays gunicorn's: it stops at once.
        """

        def begin(*_: int | FrameType | None) -> None:
            if not self.is_on:
                self._shared[0] = 1
                if self.seconds:
                    signal.setitimer(signal.ITIMER_REAL, self.seconds)
                else:
                    end()

        def end(*_: int | FrameType | None) -> None:
            arbiter.SIG_QUEUE.put_nowait(signal.SIGTERM)

        signal.signal(signal.SIGALRM, end)
        signal.signal(signal.SIGTERM, begin)
