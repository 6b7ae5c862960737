"""Many clients at once, and a connection of a worker whose two ends are in the test's process."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from types import SimpleNamespace
from typing import Any

from gunicorn.config import Config
from gunicorn.glogging import Logger

from service.bench.client import header
from service.server.asgi_app import ASGIApp
from service.server.gunicorn.deferring_protocol import DeferringProtocol
from tests.support.raw import exchange, get
from tests.support.serving import Server, children_of

MANY = 200


def burst(
    server: Server, request: bytes, stack: ExitStack, then: Callable[[], object] = bool
) -> list[socket.socket]:
    """Open connections, and send a request on each while the worker is stopped."""
    connections = [stack.enter_context(server.connect()) for _ in range(MANY)]
    assert exchange(server, get(b"/health"))  # all have been accepted before
    [worker] = children_of(server.process.pid)
    os.kill(worker, signal.SIGSTOP)
    try:
        for connection in connections:
            connection.sendall(request)
        then()
    finally:
        os.kill(worker, signal.SIGCONT)
    return connections


class LoopConnection:
    """Both ends of one connection."""

    def __init__(
        self, end: DeferringProtocol, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.end = end
        self.reader = reader
        self.writer = writer

    async def answer(self) -> tuple[int, bytes]:
        """Status and body of the next response."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = int(header(head.lower(), b"content-length"))
        return int(head[9:12]), await self.reader.readexactly(length)


def loop_worker(app: ASGIApp) -> Any:
    """The attributes of gunicorn's worker that a connection uses, on the running loop."""
    config, loop = Config(), asyncio.get_running_loop()
    worker = SimpleNamespace(cfg=config, log=Logger(config), asgi=app, loop=loop, alive=True)
    worker.nr, worker.nr_conns, worker.max_requests = 0, 0, sys.maxsize
    return worker


@asynccontextmanager
async def loop_connection(bridge: ASGIApp) -> AsyncIterator[LoopConnection]:
    """A connection to the ASGI app, as in a worker of gunicorn, on the running loop."""
    loop = asyncio.get_running_loop()
    worker = loop_worker(bridge)
    ends: list[DeferringProtocol] = []

    def make() -> DeferringProtocol:
        ends.append(DeferringProtocol(worker))
        return ends[-1]

    listening = await loop.create_server(make, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*listening.sockets[0].getsockname())
    while not ends:
        await asyncio.sleep(0)
    try:
        yield LoopConnection(ends[0], reader, writer)
    finally:
        writer.close()
        await writer.wait_closed()
        listening.close()
