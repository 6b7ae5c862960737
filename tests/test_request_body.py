"""The lingering close: after a refusal, the rest of a body is discarded for two seconds."""

import asyncio
from contextlib import suppress

import pytest

from service.api.problems import Problem
from service.server import request_body
from service.server.request_body import Message, drain_unread_body
from service.settings import Settings


class Clock(asyncio.SelectorEventLoop):
    """An event loop whose time is set by the test."""

    now = 0.0

    def time(self) -> float:
        return self.now


@pytest.mark.parametrize(("arrives_after", "read"), [(0.4, 4), (1.9, 1), (2.1, 0)])
def test_the_rest_of_a_body_is_discarded_for_two_seconds(arrives_after: float, read: int) -> None:
    loop, pieces = Clock(), 0

    async def receive() -> Message:
        nonlocal pieces
        loop.now += arrives_after
        await asyncio.sleep(0)  # two rounds: the timer fires, then the wait is cancelled
        await asyncio.sleep(0)
        pieces += 1
        return {"type": "http.request", "body": b"x", "more_body": True}

    try:
        loop.run_until_complete(drain_unread_body(receive))
    finally:
        loop.close()
    assert pieces == read


@pytest.mark.parametrize(
    "message",
    [
        {"type": "http.disconnect"},
        {"type": "http.request", "body": b"x", "more_body": False},
        {"type": "http.request"},
    ],
)
def test_it_ends_with_the_body_or_the_connection(message: Message) -> None:
    async def receive() -> Message:
        return message

    loop = Clock()
    try:
        loop.run_until_complete(drain_unread_body(receive))
    finally:
        loop.close()


class Stubborn:
    """Sends pieces, whether cancelled or not: asyncio.wait_for of Python 3.11 can be like this."""

    pieces = 0

    async def receive(self) -> Message:
        self.pieces += 1
        assert self.pieces < 500, "it is read for ever"
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(0.02)
        return {"type": "http.request", "body": b"x", "more_body": True}


def test_it_ends_in_time_if_the_cancellation_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_body, "LINGER_SECONDS", 0.1)
    asyncio.run(drain_unread_body(Stubborn().receive))


def test_a_body_is_late_even_if_the_cancellation_is_ignored() -> None:
    async def read() -> None:
        settings = Settings(body_seconds=1)
        with pytest.raises(Problem) as late:
            await request_body.read_body({"CONTENT_LENGTH": "1000"}, Stubborn().receive, settings)
        assert late.value.code == 408

    asyncio.run(read())
