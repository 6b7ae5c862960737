"""The forked process that tries a model first: it ends, whatever happens around it."""

import os
import signal
import time
from itertools import repeat

import pytest

from service.model.child import ChildError, run_forked


def endless_in_c() -> int:
    """Code in C that never ends, nor looks for signals."""
    return sum(repeat(0))


def test_a_child_ends_when_its_parent_has_ended() -> None:
    """The parent of this child is a child, which is killed."""
    reader, writer = os.pipe()
    middle = os.fork()
    if middle == 0:
        try:
            os.close(reader)
            run_forked(lambda: (os.write(writer, b"x"), endless_in_c()), time.monotonic() + 1)
        finally:
            os._exit(0)
    os.close(writer)
    assert os.read(reader, 1) == b"x"
    os.kill(middle, signal.SIGKILL)
    os.waitpid(middle, 0)
    with open(reader, "rb") as answer:  # until the last process that could write is gone
        assert answer.read() == b""


def test_the_process_may_be_waited_for_by_somebody_else() -> None:
    previous = signal.signal(signal.SIGCHLD, lambda *_: os.waitpid(-1, os.WNOHANG))
    try:
        with pytest.raises(ChildError, match="^answer$"):
            run_forked(lambda: (_ for _ in ()).throw(ValueError("answer")), time.monotonic() + 10)
    finally:
        signal.signal(signal.SIGCHLD, previous)
