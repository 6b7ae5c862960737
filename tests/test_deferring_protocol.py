"""What comes on one connection before its request has its turn in the crowd."""

import asyncio

import pytest
from gunicorn.asgi.protocol import ASGIProtocol

from service.model.predictor import Predictor
from service.scheduling import inline_batcher
from tests.support.asgi import run
from tests.support.bad_bodies import ANSWER, EXAMPLE
from tests.support.flood import inside
from tests.support.raw import LENGTH, post
from tests.support.sharing import QUICK, bridged

GOOD = post(LENGTH % len(EXAMPLE), EXAMPLE)
HEAD = len(GOOD) - len(EXAMPLE)
LARGE = 2_000_000  # bytes


@pytest.fixture(autouse=True)
def crowd(monkeypatch: pytest.MonkeyPatch) -> None:
    """It begins with the first."""
    monkeypatch.setattr(inline_batcher, "DEFER_PARSING_AT", 0)


def answers(predictor: Predictor, pieces: list[bytes], number: int = 1) -> list[tuple[int, bytes]]:
    """What a client gets whose pieces come one right after the other."""

    async def scene() -> list[tuple[int, bytes]]:
        async with inside(bridged(predictor, QUICK)) as own:
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


def test_one_that_is_not_whole_when_its_turn_comes_is_for_gunicorn(predictor: Predictor) -> None:
    async def scene() -> tuple[int, bytes]:
        async with inside(bridged(predictor, QUICK)) as own:
            own.end.data_received(GOOD[:-1])
            assert own.end.deferred
            while own.end.deferred:
                await asyncio.sleep(0)
            own.end.data_received(GOOD[-1:])
            return await own.answer()

    assert run(scene()) == (200, ANSWER)
