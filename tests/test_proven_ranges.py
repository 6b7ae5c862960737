"""Ranges of numbers within which ONNX Runtime is equal; numbers outside are refused with the range.

Neighbours are the example: for 1e200, the differences of distances lose all digits.
"""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from service.api.page.model_view import input_values
from service.model.equality import UnequalError
from service.model.signature import Input, Output, Signature
from tests.support.packed import packed
from training import summary
from training.engine import proven_ranges
from training.engine.proven_ranges import MULTIPLES, SampleError

AGE = Input(
    name="age", kind="integer", dtype="int64", minimum=0, maximum=24, lowest=-9e18, highest=9e18
)
SIZE = Input(
    name="size", kind="number", dtype="float64", minimum=-0.5, maximum=0.1, lowest=0.0, highest=1e99
)
SITE = Input(name="site", kind="category", dtype="object", categories=("a", "b"))
OUTPUT = Output(name="out", kind="number")
WIDE = Signature(container="frame", inputs=(AGE, SIZE, SITE), outputs=(OUTPUT,))


def test_neighbours_are_served_by_onnx_and_equal_within_the_ranges() -> None:
    case, predictor, _ = packed("nearest neighbours, regression")
    assert predictor.manifest.engine == "onnx"
    assert "for numbers in the proven ranges; beyond these, " in predictor.manifest.engines["why"]
    inputs = predictor.signature.inputs
    chance = np.random.default_rng(5)
    rows = np.array(case.rows)[chance.integers(len(case.rows), size=20_000)]
    for place, one in enumerate(inputs):
        assert one.lowest is not None
        assert one.highest is not None
        assert one.maximum is not None
        assert -one.lowest >= 100 * one.maximum
        assert 1e100 > one.highest >= 100 * one.maximum
        powers = np.linspace(-2, np.log10(one.highest), 10_000)
        rows[:10_000, place] = chance.choice([-1, 1], 10_000) * 10**powers
        chance.shuffle(rows[:10_000])
    columns = {one.name: rows[:, place] for place, one in enumerate(inputs)}
    served = predictor.predict(columns)["prediction"]
    assert np.allclose(served, case.estimator.predict(rows), rtol=1e-9)


def test_a_number_outside_is_refused_with_the_range_which_every_description_has() -> None:
    _, predictor, client = packed("nearest neighbours, regression")
    first = predictor.signature.inputs[0]
    assert first.highest is not None
    row: dict[str, Any] = dict.fromkeys(predictor.signature.names, 1.0)
    assert client.post("/predict", json={**row, first.name: first.highest}).status_code == 200
    refused = client.post("/predict", json={**row, first.name: 1.01 * first.highest})
    assert refused.status_code == 422
    [error] = json.loads(refused.data)["errors"]
    shown = f"{first.highest:g}"
    assert error["pointer"] == f"/{first.name}"
    assert error["detail"].endswith(f"to {shown}")
    described = json.loads(client.get("/openapi.json").data)["components"]["schemas"]["input-0"]
    assert (described["minimum"], described["maximum"]) == (first.lowest, first.highest)
    assert f"accepted from \N{MINUS SIGN}{first.highest:.4g} to " in input_values(first)
    printed = summary.inputs_and_outputs(predictor.manifest.signature)
    assert f"accepted from -{shown} to {shown}" in printed


def test_a_range_that_limits_nothing_is_not_shown() -> None:
    _, predictor, _ = packed("ridge regression")
    assert "accepted" not in "".join(map(input_values, predictor.signature.inputs))
    assert "accepted" not in summary.inputs_and_outputs(predictor.manifest.signature)


def differing(beyond: float) -> Any:
    """A comparison that fails for larger numbers."""

    def verify(signature: Signature) -> dict[str, Any]:
        largest = max(one.highest or 0.0 for one in signature.inputs)
        if largest > beyond:
            raise UnequalError(f"labels differ up to {largest:g}")
        return {"rows": 7}

    return verify


def test_what_is_equal_everywhere_keeps_its_ranges() -> None:
    assert proven_ranges.prove(WIDE, differing(1e100)) == (WIDE, {"rows": 7})


def test_the_widest_proven_ranges_are_taken() -> None:
    found, proof = proven_ranges.prove(WIDE, differing(1e6))
    assert proof == {"rows": 7, "multiple": 1e4, "beyond": "labels differ up to 1e+08"}
    assert found == proven_ranges.narrowed(WIDE, 1e4)


def test_ranges_are_round_and_at_least_a_hundred_times_the_sample() -> None:
    age, size, site = proven_ranges.narrowed(WIDE, MULTIPLES[0]).inputs
    assert age == replace(AGE, lowest=-1e4, highest=1e4)
    assert size == replace(SIZE, lowest=0.0, highest=100.0)  # no wider than the model works
    assert site == SITE
    never = replace(SIZE, minimum=0.0, maximum=0.0)
    [taken] = proven_ranges.narrowed(replace(WIDE, inputs=(never,)), 1e2).inputs
    assert taken.highest == 100.0
    huge = replace(SIZE, maximum=1e300, highest=1.7e308)
    [taken] = proven_ranges.narrowed(replace(WIDE, inputs=(huge,)), 1e12).inputs
    assert taken.highest == 1e308


def test_what_differs_near_the_sample_is_not_equal_in_any_range() -> None:
    with pytest.raises(UnequalError, match=r"differ up to 10000"):
        proven_ranges.prove(WIDE, differing(10.0))


def test_what_differs_on_the_sample_is_compared_once() -> None:
    count = 0

    def verify(signature: Signature) -> dict[str, Any]:
        nonlocal count
        count += 1
        raise SampleError("labels differ")

    with pytest.raises(SampleError):
        proven_ranges.prove(WIDE, verify)
    assert count == 1
