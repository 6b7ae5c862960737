"""Sends load over keep-alive connections, as a load balancer does: at a rate, or at full speed.

At a rate (open loop) each request is due at a fixed time, whether or not earlier ones were
answered, and its latency counts from that time.
"""

import asyncio
import multiprocessing
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, wait
from contextlib import contextmanager

from service.bench.client import Address, Client
from service.bench.load import Load

HEADERS = "Host: x\r\nContent-Type: application/json\r\n"


def post(body: str, query: str = "") -> bytes:
    """A request for predictions."""
    head = f"POST /predict{query} HTTP/1.1\r\n{HEADERS}Content-Length: {len(body)}\r\n\r\n"
    return (head + body).encode()


def get(path: str, further: str = "") -> bytes:
    """A GET request, with further header lines."""
    return f"GET {path} HTTP/1.1\r\n{HEADERS}{further}\r\n".encode()


def offer(
    address: Address, request: bytes, rate: float, seconds: float, kept: int | None = None
) -> tuple[Load, Load]:
    """Send a request at a rate, and health checks ten times a second, each from its own process.

    The requests use `connections` connections, which are opened before, or as many as necessary.
    Each health check uses a new connection, as those of load balancers do. The work of this process
    does not affect the latencies.
    """
    check = get("/health", "Connection: close\r\n")
    with processes(2) as pool:
        health = pool.submit(at_rate, address, check, 10, seconds)
        load = pool.submit(at_rate, address, request, rate, seconds, kept)
        return load.result(), health.result()


@contextmanager
def processes(number: int) -> Iterator[ProcessPoolExecutor]:
    """Processes that send load, started, with this module imported."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(number, spawn, initializer=spawn.Barrier(number).wait) as pool:
        wait([pool.submit(post, "") for _ in range(number)])
        yield pool


def at_rate(
    address: Address, request: bytes, rate: float, seconds: float, kept: int | None = None
) -> Load:
    """Send a request repeatedly, whether or not earlier ones were answered."""

    async def scene() -> Load:
        client = Client(address, kept) if kept else Client(address)
        await client.open(kept or 0)
        await client.offer(request, rate, seconds)
        return client.load

    return asyncio.run(scene())


def drive(address: Address, request: bytes, requests: int, connections: int = 16) -> float:
    """The throughput, in requests per second, of connections that each send one after another."""

    async def scene() -> float:
        client = Client(address)
        rate = await client.drive(request, connections, requests)
        assert (client.load.errors, client.load.statuses) == (0, {200})
        return rate

    return asyncio.run(scene())


@contextmanager
def steady(address: Address, request: bytes, rate: float) -> Iterator[Load]:
    """Send requests at a rate while the block runs; after it, all are answered."""
    client, stop = Client(address), threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(client.offer_until(request, rate, stop)))
    thread.start()
    try:
        yield client.load
    finally:
        stop.set()
        thread.join()
