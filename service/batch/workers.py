"""A pool of processes, each of which works on one block at a time. Results are in order.

The workers are forked, so that they share the model. A worker ends when its pipe is closed, which
happens whenever the first process ends; otherwise it would keep files open and occupy memory.
`ProcessPoolExecutor.map` would read all blocks ahead, and would send the model to each process.
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


class WorkerLostError(SlipwayError):
    """Another program ended one of the workers."""

    exit_code = os.EX_TEMPFAIL


@contextmanager
def worker_pool(work: Work, processes: int) -> Iterator[Map]:
    """A `map` that calls `work` in `processes` processes; in this process if it is 1."""
    if processes == 1:
        yield lambda blocks: map(work, blocks)
        return
    gc.freeze()  # garbage collection would copy all shared memory into each worker
    context = get_context("fork")
    pipes: list[Connection] = []
    workers = []
    try:
        for _ in range(processes):
            here, there = context.Pipe()
            pipes.append(here)
            worker = context.Process(target=_run_worker, args=(work, there, pipes), daemon=True)
            worker.start()
            workers.append(worker)
            there.close()
        yield lambda blocks: _distribute(blocks, pipes)
    finally:
        for pipe in pipes:
            pipe.close()
        for worker in workers:
            worker.terminate()
            worker.join()


def _distribute(blocks: Iterable[Any], pipes: list[Connection]) -> Iterator[Any]:
    """Send one block after another to the workers in turn."""
    busy: list[Connection] = []
    idle = list(pipes)
    for block in blocks:
        done = []
        if not idle:
            pipe = busy.pop(0)
            done.append(_receive(pipe))
            idle.append(pipe)
        pipe = idle.pop(0)
        with _reporting_loss():
            pipe.send(block)
        busy.append(pipe)
        yield from done  # the workers compute while this result is written
    for pipe in busy:
        yield _receive(pipe)


@contextmanager
def _reporting_loss() -> Iterator[None]:
    try:
        yield
    except (EOFError, OSError) as error:
        raise WorkerLostError(
            "a worker process was killed, perhaps because memory is short; run the command again "
            "with --processes 1: it resumes"
        ) from error


def _receive(pipe: Connection) -> Any:
    with _reporting_loss():
        found = pipe.recv()
    if isinstance(found, Exception):
        raise found
    return found


def _run_worker(work: Work, pipe: Connection, others: list[Connection]) -> None:
    """Work on one block after another, until the pipe is closed."""
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C reaches all processes; the first one handles it
    for other in others:
        other.close()
    while True:
        try:
            block = pipe.recv()
        except (EOFError, OSError):  # the first process has ended
            return
        try:
            found = work(block)
        except Exception as error:
            found = error
        try:
            pipe.send(found)
        except OSError:
            return
