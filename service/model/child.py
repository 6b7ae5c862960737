"""Do something in a forked process first: there it may hang or crash without harm."""

import json
import os
import selectors
import signal
import warnings
from collections.abc import Callable
from contextlib import suppress
from time import monotonic

LONGEST = 100_000  # bytes of an answer
GRACE = 1.0  # seconds after which a child ends itself, if its parent did not end it


class ChildError(Exception):
    """The work failed in the child; `kind` is the class of its exception, the text is its text."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


def rehearse(work: Callable[[], object], deadline: float) -> None:
    """Do the work in a forked process and wait for it until the deadline (`time.monotonic()`'s).

    ChildError if it raises, or ends the process; TimeoutError if it is not done in time. The
    process is gone afterwards.
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
        if not ended:  # only then it surely still has this number
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
        # Threads of native libraries wait for work, and the child has no use for them.
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def _do(work: Callable[[], object], writer: int, deadline: float) -> None:
    """Do the work, tell what came of it, and end this process whatever happens."""
    answer = ["", ""]
    try:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)  # ends it even if its parent was killed
        signal.setitimer(signal.ITIMER_REAL, max(deadline - monotonic(), 0) + GRACE)
        try:
            work()
        except BaseException as error:
            answer = [type(error).__name__, str(error)[:2000]]
        os.write(writer, json.dumps(answer).encode())  # at once: a pipe holds that much
    finally:
        os._exit(0)


def _read(reader: int, deadline: float) -> bytes:
    """All that comes before the other end is closed; TimeoutError."""
    content = b""
    with selectors.DefaultSelector() as selector:
        selector.register(reader, selectors.EVENT_READ)
        while len(content) < LONGEST:
            left = deadline - monotonic()
            if left <= 0 or not selector.select(left):
                raise TimeoutError
            piece = os.read(reader, 65536)
            if not piece:
                return content
            content += piece
    raise TimeoutError
