"""Run a function in a thread until a deadline, if there is a way to stop it.

Starting a thread takes a hundredth of the time of a fork. If native code still computes in the
thread when the process ends, it would crash in the interpreter's shutdown, so the process then ends
at once.
"""

import atexit
import os
import sys
from collections.abc import Callable
from threading import Event, Thread, Timer
from time import monotonic

GRACE_SECONDS = 1.0  # how long to wait after `stop`


def run(work: Callable[[], object], stop: Callable[[], object], deadline: float) -> None:
    """Call `work` in a thread, and raise what it raises.

    At the deadline (`time.monotonic()`'s) it calls `stop` and raises TimeoutError. If `work` is
    still running when the process ends, the exit code is 65.
    """
    raised: list[BaseException] = []
    # An event instead of `Thread.is_alive`: if a signal handler raises while `join` waits, Python
    # before 3.13 marks a running thread as ended.
    done = Event()
    atexit.register(_end, done)  # before the thread starts: a signal may arrive at any time

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
    timer = Timer(left, end)  # signal handlers do not run in its thread
    timer.daemon = True  # neither thread must keep the process alive
    timer.start()
    Thread(target=task, daemon=True).start()
    try:
        if not done.wait(left) or late.is_set():
            raise TimeoutError
    finally:
        if done.is_set():
            timer.cancel()
        else:
            done.wait(GRACE_SECONDS)
    if raised:
        raise raised[0]


def _end(done: Event) -> None:
    """End the process if the thread is still running."""
    if not done.is_set():
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(os.EX_DATAERR)
