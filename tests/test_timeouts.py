"""A limit in time: only for what has to wait, and then as asyncio's own."""

import asyncio

import pytest

from service.server.timeouts import within

SHORT, LONG = 0.01, 10.0


def test_what_is_there_already_is_given_at_once() -> None:
    async def ready() -> str:
        return "there"

    async def scene() -> str:
        return await within(0.0, ready())

    assert asyncio.run(scene()) == "there"


def test_what_comes_in_time_is_given_after_waiting_more_than_once() -> None:
    async def slow() -> list[int]:
        return [await asyncio.sleep(0.001, number) for number in range(3)]

    async def scene() -> list[int]:
        return await within(LONG, slow())

    assert asyncio.run(scene()) == [0, 1, 2]


@pytest.mark.parametrize("waits", [1, 2])
def test_what_takes_longer_is_ended_and_cleans_up(waits: int) -> None:
    told = []

    async def endless() -> None:
        try:
            for _ in range(waits - 1):
                await asyncio.sleep(0)
            await asyncio.Event().wait()
        finally:
            told.append("ended")

    async def scene() -> None:
        with pytest.raises(TimeoutError):
            await within(SHORT, endless())
        assert told == ["ended"]
        await asyncio.sleep(0)  # nothing is left that would cancel this

    asyncio.run(scene())


@pytest.mark.parametrize("waits", [0, 1])
def test_its_errors_are_passed_on(waits: int) -> None:
    async def failing() -> None:
        for _ in range(waits):
            await asyncio.sleep(0)
        raise ValueError("mine")

    async def scene() -> None:
        await within(LONG, failing())

    with pytest.raises(ValueError, match="mine"):
        asyncio.run(scene())


def test_whoever_waits_can_be_cancelled() -> None:
    async def endless() -> None:
        await asyncio.Event().wait()

    async def scene() -> None:
        task = asyncio.ensure_future(within(LONG, endless()))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(scene())
