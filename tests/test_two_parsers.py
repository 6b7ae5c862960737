"""A stream of bytes gets the same answers, whether llhttp or gunicorn parses its predictions."""

import asyncio

import pytest

from service.model.predictor import Predictor
from service.server import fast_parser
from tests.support.sharing import QUICK, bridged
from tests.support.two_parsers import compare

REQUESTS = 1500  # `make parsers` tries a million


def test_streams_of_good_odd_and_hostile_requests_get_the_same_answers(
    predictor: Predictor,
) -> None:
    statuses, different = asyncio.run(compare(bridged(predictor, QUICK), 0, REQUESTS))
    assert not different
    assert min(statuses[code] for code in ("200", "400", "422", "415")) > REQUESTS / 100


def test_a_parser_that_took_more_for_simple_would_be_found(
    predictor: Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fast_parser, "is_simple", lambda *_: True)
    _, different = asyncio.run(compare(bridged(predictor, QUICK), 0, REQUESTS))
    assert different
