"""Do something that can be stopped in a thread of its own, and not longer than until a deadline.

A thread is made in a hundredth of the time that a process takes to fork. Native code that is still
computing when the process ends would crash it; so the process then ends at once.
"""

import atexit
import os
import sys
from collections.abc import Callable
from threading import Event, Thread, Timer
from time import monotonic

GRACE = 1.0  # seconds to wait for what was stopped


def run(work: Callable[[], object], stop: Callable[[], object], deadline: float) -> None:
    """Do the work in a thread, and raise what it raises.

    TimeoutError if it is not done at the deadline (`time.monotonic()`'s). It is stopped then. If it
    goes on nevertheless until the process ends, the exit code is 65.
    """
    raised: list[BaseException] = []
    # Not the thread is asked whether it has ended: where the handler of a signal raises while
    # `join` waits, Python before 3.13 takes a thread that runs for one that has ended.
    done = Event()
    atexit.register(_end, done)  # before the thread begins, for a signal may come at any time

    def task() -> None:
        try:
            work()
        except BaseException as error:
            raised.append(error)
        finally:
            done.set()

    late = Event()

    def end() -> None:
        late.set()
        stop()

    left = max(deadline - monotonic(), 0)
    timer = Timer(left, end)  # no signal raises in its thread
    timer.daemon = True  # a process can end without these two
    timer.start()
    Thread(target=task, daemon=True).start()
    try:
        if not done.wait(left) or late.is_set():
            raise TimeoutError
    finally:
        if done.is_set():
            timer.cancel()
        else:
            done.wait(GRACE)
    if raised:
        raise raised[0]


def _end(done: Event) -> None:
    """End the process if the thread still computes."""
    if not done.is_set():
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(os.EX_DATAERR)
