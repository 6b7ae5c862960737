"""How many requests per second a server answers in time: the largest rate within a target.

At each rate requests come by chance, as from many clients, and their time counts from the moment
when they were due (an open loop): a server that falls behind cannot hide it.
"""

import asyncio
import random
from collections.abc import Iterator
from dataclasses import dataclass
from time import perf_counter

from service.bench.client import Address, Client
from service.bench.load import Load
from service.bench.process import BenchError

CONNECTIONS = 16
STEPS = 6  # halvings: the rate is found to within 2 % of what the server can do at most
TRIES = 2  # at each rate: something else on the machine may have been in the way


@dataclass(frozen=True, slots=True)
class Capacity:
    """The largest rate within the target, and the times of the answers at it."""

    requests_per_second: float
    p50_ms: float
    p99_ms: float


def flat_out(address: Address, request: bytes, seconds: float) -> tuple[float, Load]:
    """Requests per second that 16 connections get answered, each one after the other."""

    async def scene() -> tuple[float, Load]:
        client = Client(address)
        return await client.drive_for(request, CONNECTIONS, seconds), client.load

    return asyncio.run(scene())


def search(address: Address, request: bytes, target_ms: float, seconds: float) -> Capacity:
    """Halve the rates between none and too many; BenchError if the target is out of reach."""
    low, high = 0.0, 1.2 * flat_out(address, request, seconds)[0]
    best = None
    for _ in range(STEPS):
        rate = (low + high) / 2
        found = _within(address, request, rate, target_ms, seconds)
        if found is None:
            high = rate
        else:
            low, best = rate, found
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
    """What comes of so many requests per second, and seconds until the last answer."""

    async def scene() -> tuple[Load, float]:
        client, begin = Client(address), perf_counter()
        await client.offer_at(request, arrivals(rate, seconds))
        return client.load, max(perf_counter() - begin, seconds)

    return asyncio.run(scene())


def arrivals(rate: float, seconds: float) -> Iterator[float]:
    """Moments of independent requests, the same ones each time."""
    dice = random.Random(0)  # noqa: S311
    moment = dice.expovariate(rate)
    while moment < seconds:
        yield moment
        moment += dice.expovariate(rate)
