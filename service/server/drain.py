"""Stops the service after SIGTERM without losing a request.

A load balancer needs some time to notice that a task is stopping. So the service first reports it
(`/health` answers 503), and continues to serve for a while. Then gunicorn finishes the requests in
flight and stops.
"""

import mmap
import signal
from types import FrameType


class Drain:
    """One byte that all processes share; it is made before the workers are forked."""

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds
        self._shared = mmap.mmap(-1, 1)

    @property
    def is_on(self) -> bool:
        """Whether the service is shutting down."""
        return self._shared[0] != 0

    def arm(self) -> None:
        """Delay SIGTERM in gunicorn's first process. gunicorn must have set its own handler.

        A second SIGTERM has no effect. SIGINT is not delayed: gunicorn stops at once.
        """
        stop = signal.getsignal(signal.SIGTERM)
        if not callable(stop):
            return

        def begin(*_: int | FrameType | None) -> None:
            if not self.is_on:
                self._shared[0] = 1
                if self.seconds:
                    signal.setitimer(signal.ITIMER_REAL, self.seconds)
                else:
                    end()

        def end(*_: int | FrameType | None) -> None:
            stop(signal.SIGTERM, None)

        signal.signal(signal.SIGALRM, end)
        signal.signal(signal.SIGTERM, begin)
