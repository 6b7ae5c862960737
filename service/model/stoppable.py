"""Do something that can be stopped in a thread of its own, and not longer than until a deadline.

A thread is made in a hundredth of the time that a process takes to fork. Native code that is still
computing when the process ends would crash it; so the process then ends at once.
"""

import atexit
import os
import sys
from collections.abc import Callable
from threading import Thread
from time import monotonic

GRACE = 1.0  # seconds to wait for what was stopped


def run(work: Callable[[], object], stop: Callable[[], object], deadline: float) -> None:
    """Do the work in a thread, and raise what it raises.

    TimeoutError if it is not done at the deadline (`time.monotonic()`'s). It is stopped then, and
    whenever something is raised while this waits for it. If it goes on nevertheless until the
    process ends, the exit code is 65.
    """
    raised: list[BaseException] = []

    def task() -> None:
        try:
            work()
        except BaseException as error:
            raised.append(error)

    thread = Thread(target=task, daemon=True)  # a process can end without it
    thread.start()
    try:
        thread.join(max(deadline - monotonic(), 0))
        if thread.is_alive():
            raise TimeoutError
    finally:
        if thread.is_alive():
            stop()
            atexit.register(_end, thread)
            thread.join(GRACE)
    if raised:
        raise raised[0]


def _end(thread: Thread) -> None:
    """End the process if the thread still computes."""
    if thread.is_alive():
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(os.EX_DATAERR)
