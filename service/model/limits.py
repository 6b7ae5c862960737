"""Limits the time and the memory of loading a model."""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from types import FrameType

REPEAT_SECONDS = 1.0  # the timer repeats its signal, because finalizers ignore exceptions

# The handler does not interrupt code that enters or leaves one of these blocks: the timer, the
# memory limit or the guard would remain. The next signal interrupts the block.
MANAGERS = frozenset(
    {__file__, os.path.join(os.path.dirname(__file__), "audit.py"), contextlib.__file__}
)


class LimitError(Exception):
    """Loading took too much time or memory. The text names the setting."""


class _OutOfTime(BaseException):
    """The deadline has passed. Not an Exception, so that the model's code does not catch it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """`seconds` for loading and replaying together; `bytes` besides those the process has."""

    seconds: float = 60
    bytes: int = 4 * 2**30

    def late(self) -> LimitError:
        """The error for a model that takes too long."""
        return LimitError(
            f"takes longer than {self.seconds:g} s to load and to replay its golden rows; if it is "
            "only slow, raise SERVICE_LOAD_SECONDS (packing: --load-seconds)"
        )

    def large(self) -> LimitError:
        """The error for a model that takes too much memory."""
        return LimitError(
            f"takes more than {self.bytes:,} bytes of memory to load and to replay its golden "
            "rows; if it is only large, raise SERVICE_LOAD_BYTES (packing: --load-bytes)"
        )


@contextmanager
def limited(limits: Limits) -> Iterator[float]:
    """Raise LimitError if the block reaches a limit. Yield the deadline (`time.monotonic()`'s).

    The timer's signal interrupts Python code, not native code. Only the main thread gets signals,
    so other threads have no timer. The memory of the whole process is limited, on Linux only
    (RLIMIT_AS).
    """
    deadline = monotonic() + limits.seconds
    try:
        with _memory(limits.bytes), _timer(limits.seconds):
            yield deadline
    except _OutOfTime:
        raise limits.late() from None
    except MemoryError as error:
        raise limits.large() from error


@contextmanager
def _timer(seconds: float) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(number: int, frame: FrameType | None) -> None:
        if frame is None or frame.f_code.co_filename not in MANAGERS:
            raise _OutOfTime

    handler = signal.signal(signal.SIGALRM, ring)
    began = monotonic()
    left, interval = signal.setitimer(signal.ITIMER_REAL, seconds, REPEAT_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        if left:
            signal.setitimer(signal.ITIMER_REAL, max(left - monotonic() + began, 1e-6), interval)


@contextmanager
def _memory(size: int) -> Iterator[None]:
    if sys.platform != "linux":
        yield
        return
    import resource  # not on every system

    with open("/proc/self/statm") as file:
        now = int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    bounds = [limit for limit in (soft, hard, now + size) if limit != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_AS, (min(bounds), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
