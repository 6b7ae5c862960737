"""Run a function in a forked process, to find out whether it hangs or crashes."""

import json
import os
import selectors
import signal
import warnings
from collections.abc import Callable
from contextlib import suppress
from time import monotonic

MAX_RESULT_BYTES = 100_000
GRACE_SECONDS = 1.0  # after the deadline the parent ends the child, and later the child itself


class ChildError(Exception):
    """The function failed in the child; `kind` is the name of the exception's class."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


def run_forked(work: Callable[[], object], deadline: float) -> None:
    """Call `work` in a forked process, and wait until the deadline (`time.monotonic()`'s).

    ChildError if it raises, or ends the process; TimeoutError if it does not finish in time. The
    process does not outlive the call.
    """
    reader, writer = os.pipe()
    try:
        process = _fork()
    except BaseException:
        os.close(reader)
        os.close(writer)
        raise
    if process == 0:
        os.close(reader)
        _do(work, writer, deadline)
    os.close(writer)
    ended = False
    try:
        answer = _read(reader, deadline)
        ended = True
    finally:
        os.close(reader)
        if not ended:  # otherwise its process id may already belong to another process
            os.kill(process, signal.SIGKILL)
        with suppress(ChildProcessError):  # a handler of SIGCHLD may have waited for it
            os.waitpid(process, 0)
    try:
        kind, text = json.loads(answer)
    except ValueError:
        raise ChildError("", "it ends the process that tries it") from None
    if kind:
        raise ChildError(kind, text)


def _fork() -> int:
    with warnings.catch_warnings():
        # The warning is about threads of native libraries. They are idle, and the child needs none.
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def _do(work: Callable[[], object], writer: int, deadline: float) -> None:
    """Call `work`, write the exception to the pipe, and end this process in any case."""
    answer = ["", ""]
    try:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)  # ends the child if its parent was killed
        signal.setitimer(signal.ITIMER_REAL, max(deadline - monotonic(), 0) + GRACE_SECONDS)
        try:
            work()
        except BaseException as error:
            answer = [type(error).__name__, str(error)[:2000]]
        os.write(writer, json.dumps(answer).encode())  # one write: it fits into a pipe's buffer
    finally:
        os._exit(0)


def _read(reader: int, deadline: float) -> bytes:
    """Everything until the other end is closed; TimeoutError at the deadline."""
    content = b""
    with selectors.DefaultSelector() as selector:
        selector.register(reader, selectors.EVENT_READ)
        while len(content) < MAX_RESULT_BYTES:
            left = deadline - monotonic()
            if left <= 0 or not selector.select(left):
                raise TimeoutError
            piece = os.read(reader, 65536)
            if not piece:
                return content
            content += piece
    raise TimeoutError
