"""The lingering close: after a refusal, the rest of a body is discarded for two seconds."""

import asyncio

import pytest

from service.server.request_body import Message, drain_unread_body


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
