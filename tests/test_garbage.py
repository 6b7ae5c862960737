"""A request leaves nothing behind that only the garbage collector finds: it stops all others.

Errors are what would, once some object of the request holds what was raised: their tracebacks hold
the frames, and these the request.
"""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any

import pytest

from service.model.predictor import Predictor
from service.server.asgi_app import ASGIApp
from tests.support.asgi import run
from tests.support.bad_bodies import EXAMPLE
from tests.support.flood import loop_connection
from tests.support.raw import LENGTH, post
from tests.support.sharing import JSON, QUICK, SLOW, Sent, all_at_once, bridged

AT_ONCE = 100


def left_by(bridge: ASGIApp, sent: list[Sent], path: str) -> tuple[set[int], list[Any]]:
    """The statuses of requests that come at once, and what of them only the collector finds."""

    async def scene() -> tuple[set[int], list[Any]]:
        await all_at_once(bridge, sent, path)  # what is made once, is made now
        with collected() as left:
            statuses = {exchange.status for exchange in await all_at_once(bridge, sent, path)}
        return statuses, left

    return run(scene())


@contextmanager
def collected() -> Iterator[list[Any]]:
    """What the collector finds of what the block left; complete afterwards."""
    left: list[Any] = []
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        yield left
        gc.collect()
        left += gc.garbage
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


def no_turn(predictor: Predictor) -> ASGIApp:
    return bridged(predictor, SLOW, queue_seconds=0.001)


def no_quick_turn(predictor: Predictor) -> ASGIApp:
    return bridged(predictor, QUICK, queue_seconds=0.001)


def no_time(predictor: Predictor) -> ASGIApp:
    return bridged(predictor, SLOW, deadline_seconds=0.001)


@pytest.mark.parametrize(
    ("make", "body", "path", "status"),
    [
        (bridged, EXAMPLE, "/predict", 200),
        (bridged, b'{"sensor_1": 1}', "/predict", 422),
        (bridged, b"{", "/predict", 400),
        (bridged, b"", "/nowhere", 404),
        (no_turn, EXAMPLE, "/predict", 503),
        (no_quick_turn, EXAMPLE, "/predict", 503),
        (no_time, EXAMPLE, "/predict", 504),
    ],
)
def test_nothing_of_a_request_waits_for_the_collector(
    predictor: Predictor, make: Callable[[Predictor], ASGIApp], body: bytes, path: str, status: int
) -> None:
    statuses, left = left_by(make(predictor), [(body, JSON, b"")] * AT_ONCE, path)
    assert status in statuses
    kept = [one for one in left if isinstance(one, FrameType | TracebackType | BaseException)]
    assert not kept
    assert len(left) <= 8 * AT_ONCE, "Werkzeug's matching of a route leaves eight small objects"


@pytest.mark.parametrize(("body", "status"), [(EXAMPLE, 200), (b"{", 400)])
def test_nor_does_anything_of_one_that_waited_unread(
    predictor: Predictor, body: bytes, status: int
) -> None:
    async def scene() -> list[Any]:
        async with loop_connection(bridged(predictor, QUICK)) as own:

            async def ask() -> None:
                own.writer.write(post(LENGTH % len(body), body))
                assert (await own.answer())[0] == status

            await ask()
            with collected() as left:
                for _ in range(AT_ONCE):
                    await ask()
        return left

    left = run(scene())
    kept = [one for one in left if isinstance(one, FrameType | TracebackType | BaseException)]
    assert not kept
    assert len(left) <= 8 * AT_ONCE if status == 400 else not left
