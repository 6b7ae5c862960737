"""A burst of new connections waits for a busy worker; none has to try again."""

import asyncio
import os
import signal
import socket
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import Any
from weakref import WeakSet

from service.server.gunicorn.compat import Support
from service.server.gunicorn.worker import Worker
from tests.support.asgi import Recorder, make_bridge, run
from tests.support.flood import loop_worker
from tests.support.raw import get, read_answer
from tests.support.serving import children_of, serve

BURST = 500
SOON = 0.9  # seconds; a client's system tries again after one


def test_a_burst_of_new_connections_finds_room_while_the_worker_is_busy(artifact: Path) -> None:
    with serve(artifact) as running, ExitStack() as stack:
        [worker] = children_of(running.process.pid)
        os.kill(worker, signal.SIGSTOP)
        try:
            connections = [
                stack.enter_context(socket.create_connection(("127.0.0.1", running.port), SOON))
                for _ in range(BURST)
            ]
        finally:
            os.kill(worker, signal.SIGCONT)
        connections[-1].settimeout(None)
        connections[-1].sendall(get(b"/health"))
        answer = read_answer(connections[-1])
        assert answer
        assert answer.status == 200


class Counting(socket.socket):
    """A listening socket that counts the connections that are accepted on it."""

    accepted = 0

    def accept(self) -> tuple[socket.socket, Any]:
        connection = super().accept()
        self.accepted += 1
        return connection


def test_eight_new_connections_are_accepted_in_one_round_of_the_loop() -> None:
    """While more are accepted, requests on other connections wait."""

    async def scene() -> list[int]:
        worker = loop_worker(make_bridge(Recorder()))
        worker.support, worker._connections = Support.ALL, WeakSet()
        worker._create_server = worker.loop.create_server
        worker.cfg.set("backlog", 64)
        with ExitStack() as stack:
            listening = stack.enter_context(Counting())
            listening.bind(("127.0.0.1", 0))
            listening.listen(64)
            for _ in range(20):
                stack.enter_context(socket.create_connection(listening.getsockname(), SOON))
            server = await Worker._listen(worker, asyncio.Protocol, sock=listening)
            counts = [0]
            while counts[-1] < 20:
                await asyncio.sleep(0)
                counts.append(listening.accepted)
            while worker.nr_conns < 20:  # they are opened one by one
                await asyncio.sleep(0)
            for connection in worker._connections:
                connection.transport.abort()
            while worker.nr_conns:
                await asyncio.sleep(0)
            server.close()
        return [after - before for before, after in pairwise(counts) if after > before]

    assert run(scene()) == [8, 8, 4]
