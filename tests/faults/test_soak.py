"""Two hundred thousand requests: memory does not grow."""

import asyncio

from service.bench.client import Address, Client
from tests.faults.conftest import Production, Report
from tests.faults.test_clients import megabytes
from tests.support.bad_bodies import EXAMPLE
from tests.support.load import get, post

REQUESTS = 200_000
SAMPLES = 20
# Whoever else uses the machine must not make it refuse: this is about memory.
PATIENT = {"environment": {"SERVICE_QUEUE_SECONDS": "10", "SERVICE_DEADLINE_SECONDS": "10"}}
BAD = [post('{"sensor_1": [1, null]}'), post("{"), get("/nowhere"), get("/model")]


def some(address: Address, requests: int) -> dict[int, int]:
    """Mostly good requests, and some that are refused; answers by status."""

    async def scene() -> dict[int, int]:
        client = Client(address)
        for bad in BAD:
            await client.drive(bad, 4, requests // 100)
        await client.drive(post(EXAMPLE.decode()), 16, requests - len(BAD) * (requests // 100))
        assert client.load.errors == 0
        return {status: client.load.count(status) for status in client.load.statuses}

    return asyncio.run(scene())


def test_memory_stays_flat(production: Production, report: Report) -> None:
    with production(**PATIENT) as own:
        address = own.address
        memory = []
        for _ in range(SAMPLES):
            answers = some(address, REQUESTS // SAMPLES)
            assert sum(answers.values()) == REQUESTS // SAMPLES
            assert set(answers) == {200, 400, 404, 422}
            memory.append(megabytes(own))
    second = memory[SAMPLES // 2 :]
    report(
        "200,000 requests",
        "memory of the second half flat within 2 MB",
        f"{max(second) - min(second):.1f} MB between {min(second):.1f} and {max(second):.1f}",
    )
    assert max(second) - min(second) <= 2
