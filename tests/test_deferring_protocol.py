"""What comes on one connection before its request is whole, or has its turn."""

import asyncio

import pytest
from gunicorn.asgi.protocol import ASGIProtocol

from service.model.predictor import Predictor
from service.server.gunicorn.deferring_protocol import HOLD_SECONDS
from tests.support.asgi import run
from tests.support.bad_bodies import ANSWER, EXAMPLE
from tests.support.flood import loop_connection
from tests.support.raw import LENGTH, post
from tests.support.sharing import QUICK, bridged

GOOD = post(LENGTH % len(EXAMPLE), EXAMPLE)
HEAD = len(GOOD) - len(EXAMPLE)
LARGE = 2_000_000  # bytes


def answers(predictor: Predictor, pieces: list[bytes], number: int = 1) -> list[tuple[int, bytes]]:
    """What a client gets whose pieces come one right after the other."""

    async def scene() -> list[tuple[int, bytes]]:
        async with loop_connection(bridged(predictor, QUICK)) as own:
            for piece in pieces:
                own.end.data_received(piece)
            return [await own.answer() for _ in range(number)]

    return run(scene())


@pytest.mark.parametrize("pieces", [[GOOD], [GOOD[:HEAD], GOOD[HEAD:]], [GOOD[:40], GOOD[40:]]])
def test_a_plain_request_needs_nothing_of_gunicorn(
    predictor: Predictor, monkeypatch: pytest.MonkeyPatch, pieces: list[bytes]
) -> None:
    monkeypatch.delattr(ASGIProtocol, "data_received")
    assert answers(predictor, pieces) == [(200, ANSWER)]


def test_another_behind_it_is_answered_next(predictor: Predictor) -> None:
    assert answers(predictor, [GOOD, GOOD], 2) == [(200, ANSWER), (200, ANSWER)]


def test_one_that_becomes_too_large_is_not_kept(predictor: Predictor) -> None:
    head = post(LENGTH % LARGE)
    [(status, _)] = answers(predictor, [head, b" " * LARGE])
    assert status == 413


def test_the_first_part_of_a_request_is_held_for_a_short_time_then_it_is_gunicorns(
    predictor: Predictor,
) -> None:
    async def scene() -> tuple[int, bytes]:
        async with loop_connection(bridged(predictor, QUICK)) as own:
            own.end.data_received(GOOD[:-1])
            assert own.end._current_request is None
            assert not own.end.is_waiting
            while own.end._current_request is None:
                await asyncio.sleep(0)
            own.end.data_received(GOOD[-1:])
            return await own.answer()

    assert run(scene()) == (200, ANSWER)


def test_a_client_that_sends_byte_by_byte_is_gunicorns_as_soon(predictor: Predictor) -> None:
    """Else it would evade gunicorn's limits of time."""

    async def scene() -> int:
        async with loop_connection(bridged(predictor, QUICK)) as own:
            own.end.data_received(GOOD[:30])
            assert own.end._held
            ends = asyncio.get_running_loop().time() + 2 * HOLD_SECONDS
            sent = 30
            while asyncio.get_running_loop().time() < ends:
                if sent < HEAD - 1 and own.end._held:
                    own.end.data_received(GOOD[sent : sent + 1])
                    sent += 1
                await asyncio.sleep(HOLD_SECONDS / 20)
            return len(own.end._held)

    assert run(scene()) == 0


@pytest.mark.parametrize(
    "part",
    [
        post(LENGTH % len(EXAMPLE) + b"Expect: 100-continue\r\n"),
        post(b"Transfer-Encoding: chunked\r\n"),
        post(LENGTH % LARGE),
        b"POST /predict HTTP/1.1\r\nX: " + b"x" * 4096,
    ],
    ids=["the client expects an answer", "no length", "a large body", "a long head"],
)
def test_a_part_that_cannot_become_a_simple_request_is_gunicorns_at_once(
    predictor: Predictor, part: bytes
) -> None:
    async def scene() -> bool:
        async with loop_connection(bridged(predictor, QUICK)) as own:
            own.end.data_received(part)
            return bool(own.end._has_part_of_a_head() or own.end._current_request)

    assert run(scene()) or b"x" * 4096 in part


def test_a_client_that_disconnects_after_the_first_part_leaves_nothing_behind(
    predictor: Predictor,
) -> None:
    async def scene() -> None:
        async with loop_connection(bridged(predictor, QUICK)) as own:
            own.end.data_received(GOOD[:-1])
            own.end.connection_lost(None)
            assert own.end._hold_timer is None
            assert own.end._held == b""

    run(scene())
