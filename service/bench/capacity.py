"""Finds the largest rate of requests that a server answers within a target latency.

At each rate requests arrive at random, as from many clients, and latency counts from the time when
a request was due (an open loop): a server that falls behind cannot hide it.
"""

import asyncio
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import perf_counter

from service.bench.client import Address, Client
from service.bench.load import Load
from service.bench.process import BenchError

CONNECTIONS = 16
BISECTIONS = 6  # they find the rate to within 2 % of the server's maximum
TRIES = 2  # at each rate: other programs on the machine may disturb one


@dataclass(frozen=True, slots=True)
class Capacity:
    """The largest rate within the target, and the latencies at that rate."""

    requests_per_second: float
    p50_ms: float
    p99_ms: float


def maximum_rate(address: Address, request: bytes, seconds: float) -> tuple[float, Load]:
    """Requests per second over 16 connections, each with one request after another."""

    async def drive() -> tuple[float, Load]:
        client = Client(address)
        return await client.drive_for(request, CONNECTIONS, seconds), client.load

    return asyncio.run(drive())


def milliseconds_alone(address: Address, request: bytes, seconds: float) -> float:
    """The median latency of requests that have the server to themselves."""

    async def drive() -> float:
        client = Client(address)
        await client.drive_for(request, 1, seconds)
        return client.load.milliseconds(200, 0.5)

    return asyncio.run(drive())


def search(
    address: Address,
    request: bytes,
    target_ms: float,
    seconds: float,
    advance: Callable[[int], object] = lambda rates: None,
) -> Capacity:
    """Find the rate by bisection; BenchError if no rate is within the target.

    `advance` is called with 1 for each rate that was tried.
    """
    low, high = 0.0, 1.2 * maximum_rate(address, request, seconds)[0]
    best = None
    for _ in range(BISECTIONS):
        rate = (low + high) / 2
        found = _within(address, request, rate, target_ms, seconds)
        if found is None:
            high = rate
        else:
            low, best = rate, found
        advance(1)
    if best is None:
        raise BenchError(
            f"not even {high:.1f} requests per second are answered within {target_ms:g} ms"
        )
    return best


def _within(
    address: Address, request: bytes, rate: float, target_ms: float, seconds: float
) -> Capacity | None:
    for _ in range(TRIES):
        load, taken = offered(address, request, rate, seconds)
        p50, p99 = load.milliseconds(200, 0.5), load.milliseconds(200, 0.99)
        if load.statuses == {200} and not load.errors and p99 <= target_ms:
            return Capacity(load.count(200) / taken, p50, p99)
    return None


def offered(address: Address, request: bytes, rate: float, seconds: float) -> tuple[Load, float]:
    """Send `rate` requests per second; the results, and the seconds until the last answer."""

    async def drive() -> tuple[Load, float]:
        client, begin = Client(address), perf_counter()
        await client.offer_at(request, arrivals(rate, seconds))
        return client.load, max(perf_counter() - begin, seconds)

    return asyncio.run(drive())


def arrivals(rate: float, seconds: float) -> Iterator[float]:
    """Times of independent requests in seconds, the same ones each time."""
    generator = random.Random(0)  # noqa: S311
    moment = generator.expovariate(rate)
    while moment < seconds:
        yield moment
        moment += generator.expovariate(rate)
