"""An HTTP client with keep-alive connections and one request at a time on each, as a load
balancer."""

import asyncio
import threading
from collections.abc import Iterable
from time import perf_counter
from typing import cast

from service.bench.load import Load

LAST_ANSWERS_SECONDS = 30.0  # time for the last answers to arrive
SPIN_SECONDS = 0.002  # before a request is due, the loop does not sleep
BURST_REQUESTS = 16  # requests that are sent before answers are read
UNLIMITED_REQUESTS = 10**12
Address = tuple[str, int]


class Connection(asyncio.Protocol):
    """One connection, with one request at a time."""

    def __init__(self, client: "Client") -> None:
        self.client = client
        self.transport: asyncio.Transport
        self.due: float | None = None
        self.received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = cast(asyncio.Transport, transport)

    def send(self, request: bytes, due: float) -> None:
        """Send one request that was due at `due`."""
        self.due = due
        self.received = b""
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Collect an answer, and record it when it is complete."""
        self.received += data
        head, end, body = self.received.partition(b"\r\n\r\n")
        if not end or self.due is None:
            return
        head = head.lower() + b"\r\n"
        if len(body) < int(header(head, b"content-length") or 0):
            return
        if header(head, b"transfer-encoding") == b"chunked" and not body.endswith(b"0\r\n\r\n"):
            return
        load, now = self.client.load, perf_counter()
        load.seconds.setdefault(int(head[9:12]), []).append(now - self.due)
        load.answered.append(now)
        if version := header(head, b"model-version"):
            load.versions[version.decode()] += 1
        self.due = None
        if header(head, b"connection") == b"close":
            self.transport.close()
        else:
            self.client.idle.append(self)
        self.client.finished()

    def connection_lost(self, error: Exception | None) -> None:
        """Record a request without a complete answer."""
        self.client.opened -= 1
        if self in self.client.idle:
            self.client.idle.remove(self)
        if self.due is not None:
            self.due = None
            self.client.failed()


def header(head: bytes, name: bytes) -> bytes:
    """The value of a header, empty if it is missing. The head is in lower case."""
    return head.partition(b"\r\n" + name + b": ")[2].partition(b"\r\n")[0]


class Client:
    """Keeps at most `max_connections` open, and opens one more when all are in use."""

    def __init__(self, address: Address, max_connections: int = 100_000) -> None:
        self.address = address
        self.max_connections = max_connections
        self.opened = 0
        self.idle: list[Connection] = []
        self.load = Load()
        self.pending = 0
        self._request = b""  # sent again `_left` times, when others are answered
        self._left = 0
        self._all_done = asyncio.Event()

    def finished(self) -> None:
        """Record that a request is finished."""
        self.pending -= 1
        if self._left:
            self._left -= 1
            self.send(self._request, perf_counter())
        elif not self.pending:
            self._all_done.set()

    def failed(self) -> None:
        """Record that a request got no answer."""
        self.load.errors += 1
        self.finished()

    def send(self, request: bytes, due: float) -> None:
        """Start one request. If all connections are in use, it is left out and counted."""
        if not self.idle and self.opened >= self.max_connections:
            self.load.unsent += 1
            return
        self.pending += 1
        self._all_done.clear()
        if self.idle:
            self.idle.pop().send(request, due)
        else:
            self._opening = asyncio.ensure_future(self._open(request, due))

    async def open(self, number: int) -> None:
        """Open `number` connections in advance."""
        for _ in range(number):
            self.idle.append(await self._opened())

    async def _opened(self) -> Connection:
        loop = asyncio.get_running_loop()
        self.opened += 1
        try:
            _, connection = await loop.create_connection(lambda: Connection(self), *self.address)
        except OSError:
            self.opened -= 1
            raise
        return connection

    async def _open(self, request: bytes, due: float) -> None:
        try:
            connection = await self._opened()
        except OSError:
            self.failed()
        else:
            connection.send(request, due)

    async def offer(self, request: bytes, rate: float, seconds: float) -> None:
        """Start `rate` requests per second, and wait for all answers."""
        begin = perf_counter()
        for number in range(int(rate * seconds)):
            due = begin + number / rate
            if (wait := due - perf_counter()) > 0 or number % BURST_REQUESTS == 0:
                await asyncio.sleep(max(0.0, wait))
            self.send(request, due)
        await self.end()

    async def offer_at(self, request: bytes, moments: Iterable[float]) -> None:
        """Start a request at each moment, in seconds from now, and wait for all answers.

        The event loop wakes up to a millisecond late, so it does not sleep for less; it uses a
        whole core.
        """
        begin = perf_counter()
        for moment in moments:
            due = begin + moment
            while (wait := due - perf_counter()) > 0:
                await asyncio.sleep(wait - SPIN_SECONDS if wait > SPIN_SECONDS else 0)
            self.send(request, due)
        await self.end()

    async def offer_until(self, request: bytes, rate: float, stop: threading.Event) -> None:
        """Start `rate` requests per second until another thread sets `stop`."""
        due = perf_counter()
        while not stop.is_set():
            due += 1 / rate
            await asyncio.sleep(max(0.0, due - perf_counter()))
            self.send(request, due)
        await self.end()

    async def drive(self, request: bytes, connections: int, requests: int) -> float:
        """Keep `connections` busy until all requests are answered; the requests per second."""
        begin = perf_counter()
        self._request, self._left = request, requests - connections
        for _ in range(connections):
            self.send(request, perf_counter())
        await self.end(LAST_ANSWERS_SECONDS + requests / 100)
        return requests / (perf_counter() - begin)

    async def drive_for(self, request: bytes, connections: int, seconds: float) -> float:
        """Keep `connections` busy for some seconds; the answers with 200 per second."""
        begin = perf_counter()
        self._request, self._left = request, UNLIMITED_REQUESTS
        for _ in range(connections):
            self.send(request, perf_counter())
        await asyncio.sleep(seconds)
        self._left = 0
        await self.end()
        return self.load.count(200) / (max(self.load.answered, default=perf_counter()) - begin)

    async def end(self, timeout_seconds: float = LAST_ANSWERS_SECONDS) -> None:
        """Wait for the last answers, then close."""
        if self.pending:
            async with asyncio.timeout(timeout_seconds):
                await self._all_done.wait()
        while self.idle:
            self.idle.pop().transport.close()
