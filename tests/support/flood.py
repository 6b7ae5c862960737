"""Many clients at once, and a single connection of a worker, driven from within."""

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
    """As many connections, on each of which a request comes while the worker is stopped."""
    connections = [stack.enter_context(server.connect()) for _ in range(MANY)]
    assert exchange(server, get(b"/health"))  # and all have been accepted
    [worker] = children_of(server.process.pid)
    os.kill(worker, signal.SIGSTOP)
    try:
        for connection in connections:
            connection.sendall(request)
        then()
    finally:
        os.kill(worker, signal.SIGCONT)
    return connections


class Inside:
    """Both ends of one connection."""

    def __init__(
        self, end: DeferringProtocol, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.end = end
        self.reader = reader
        self.writer = writer

    async def answer(self) -> tuple[int, bytes]:
        """Status and body of the next answer."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = int(header(head.lower(), b"content-length"))
        return int(head[9:12]), await self.reader.readexactly(length)


def loop_worker(app: ASGIApp) -> Any:
    """What a connection needs of gunicorn's worker, on the loop that runs."""
    config, loop = Config(), asyncio.get_running_loop()
    worker = SimpleNamespace(cfg=config, log=Logger(config), asgi=app, loop=loop, alive=True)
    worker.nr, worker.nr_conns, worker.max_requests = 0, 0, sys.maxsize
    return worker


@asynccontextmanager
async def inside(bridge: ASGIApp) -> AsyncIterator[Inside]:
    """A connection to a bridge, as a worker of gunicorn has them, but on this loop."""
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
        yield Inside(ends[0], reader, writer)
    finally:
        writer.close()
        await writer.wait_closed()
        listening.close()
