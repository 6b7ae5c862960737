"""Several processes, each of which does a block at a time; what comes of them is in order.

They are forked, so that they share the model. When the first process ends, however it does, they
find their pipe closed and end as well: they would hold files and memory.
"""

import gc
import os
import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

from service.model.errors import SlipwayError

Work = Callable[[Any], Any]
Map = Callable[[Iterable[Any]], Iterator[Any]]


class LostError(SlipwayError):
    """One of the processes was ended from outside; the text is one line."""

    exit_code = os.EX_TEMPFAIL


@contextmanager
def crew(work: Work, processes: int) -> Iterator[Map]:
    """A `map` for this work, by so many processes, or by this one if that is 1."""
    if processes == 1:
        yield lambda blocks: map(work, blocks)
        return
    gc.freeze()  # or to look for garbage would give each a copy of all that they share
    context = get_context("fork")
    pipes: list[Connection] = []
    members = []
    try:
        for _ in range(processes):
            here, there = context.Pipe()
            pipes.append(here)
            member = context.Process(target=_serve, args=(work, there, pipes), daemon=True)
            member.start()
            members.append(member)
            there.close()
        yield lambda blocks: _mapped(blocks, pipes)
    finally:
        for pipe in pipes:
            pipe.close()
        for member in members:
            member.terminate()
            member.join()


def _mapped(blocks: Iterable[Any], pipes: list[Connection]) -> Iterator[Any]:
    """One block after another to one process after another."""
    busy: list[Connection] = []
    idle = list(pipes)
    for block in blocks:
        done = []
        if not idle:
            pipe = busy.pop(0)
            done.append(_received(pipe))
            idle.append(pipe)
        pipe = idle.pop(0)
        with _told():
            pipe.send(block)
        busy.append(pipe)
        yield from done  # it has something to do while this is written
    for pipe in busy:
        yield _received(pipe)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except (EOFError, OSError) as error:
        raise LostError(
            "a process was ended from outside, as happens where memory is short; run it again with "
            "--processes 1: it goes on"
        ) from error


def _received(pipe: Connection) -> Any:
    with _told():
        found = pipe.recv()
    if isinstance(found, Exception):
        raise found
    return found


def _serve(work: Work, pipe: Connection, others: list[Connection]) -> None:
    """Do one block after another until there is nobody who wants more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all; the first process decides
    for other in others:
        other.close()
    while True:
        try:
            block = pipe.recv()
        except (EOFError, OSError):  # the first process has ended, perhaps while it sent
            return
        try:
            found = work(block)
        except Exception as error:
            found = error
        try:
            pipe.send(found)
        except OSError:
            return
