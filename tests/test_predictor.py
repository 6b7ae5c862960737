"""The predictor: one row in, one row out, plain values, nothing that JSON cannot hold."""

import json
import math
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from service.model.artifact import GoldenError
from service.model.engines import Column
from service.model.predictor import NotFiniteError, Predictor
from tests.support.packed import packed


class Made:
    """An engine whose answers are given beforehand."""

    def __init__(self, values: NDArray[np.float64], probabilities: NDArray[np.float64]) -> None:
        self.values = values
        self.given = probabilities

    def predict(self, columns: Sequence[Column]) -> list[Column]:
        return [self.values]

    def confidence(self, columns: Sequence[Column]) -> list[Column]:
        return [self.given]


def rows(count: int) -> dict[str, Column]:
    return {"sensor_2": np.zeros(count), "sensor_1": np.arange(count, dtype=float)}


def test_columns_are_put_into_the_signature_s_order(predictor: Predictor) -> None:
    columns = {"sensor_2": np.array([-1.0]), "sensor_1": np.array([2.0])}
    assert predictor.predict(columns) == {"class": [1.0]}


@pytest.mark.parametrize("count", [1, 2, 500])
def test_there_are_as_many_answers_as_rows(predictor: Predictor, count: int) -> None:
    answer = predictor.predict(rows(count), confidence=True)
    assert len(answer["class"]) == len(answer["probabilities"]) == count


def test_answers_are_plain_values(predictor: Predictor) -> None:
    answer = predictor.predict(rows(3), confidence=True)
    assert json.loads(json.dumps(answer, allow_nan=False)) == answer
    assert {type(value) for value in answer["class"]} == {float}


def test_rows_are_answered_alone_as_they_are_together(predictor: Predictor) -> None:
    together = predictor.predict(rows(50))["class"]
    alone = [
        predictor.predict({name: column[row : row + 1] for name, column in rows(50).items()})
        for row in range(50)
    ]
    assert [answer["class"][0] for answer in alone] == together


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_an_answer_that_is_not_finite_is_an_error_naming_its_row(
    predictor: Predictor, bad: float
) -> None:
    engine = Made(np.array([0.0, bad, 1.0]), np.array([[0.5, 0.5], [0.5, 0.5], [0.5, bad]]))
    with pytest.raises(NotFiniteError) as caught:
        Predictor(predictor.manifest, engine).predict(rows(3))
    assert caught.value.rows == [1]
    engine.values = np.zeros(3)
    with pytest.raises(NotFiniteError) as caught:
        Predictor(predictor.manifest, engine).predict(rows(3), confidence=True)
    assert caught.value.rows == [2]


def test_confidence_of_a_model_without_any_is_an_error(predictor: Predictor) -> None:
    output = replace(predictor.signature.outputs[0], confidence=None)
    signature = replace(predictor.signature, outputs=(output,))
    manifest = replace(predictor.manifest, signature=signature)
    with pytest.raises(ValueError, match="neither probabilities nor scores"):
        Predictor(manifest, Made(np.zeros(1), np.zeros((1, 2)))).predict(rows(1), True)


def test_golden_rows_may_differ_in_the_last_bits(predictor: Predictor) -> None:
    golden = predictor.manifest.golden
    nudged = [[value * (1 + 1e-12) for value in row] for row in golden.outputs["probabilities"]]
    outputs = {**golden.outputs, "probabilities": nudged}
    manifest = replace(predictor.manifest, golden=replace(golden, outputs=outputs))
    engine = Made(np.array(golden.outputs["class"]), np.array(golden.outputs["probabilities"]))
    Predictor(manifest, engine).verify()


@pytest.mark.parametrize(
    ("engines", "gone", "fits"),
    [
        ({"tolerance": 1e-9}, 8e-7, True),
        ({"tolerance": 1e-9}, 3e-6, False),
        ({"tolerance": 1e-5}, 8e-6, True),
        ({"tolerance": 1e-5}, 3e-5, False),
        ({"tolerance": 1.0}, 3e-5, False),
        ({}, 3e-6, False),
    ],
)
def test_golden_rows_may_differ_as_much_as_packing_allowed(
    predictor: Predictor, engines: dict[str, float], gone: float, fits: bool
) -> None:
    golden = predictor.manifest.golden
    nudged = [[value + gone for value in row] for row in golden.outputs["probabilities"]]
    manifest = replace(predictor.manifest, engines=engines)
    engine = Made(np.array(golden.outputs["class"]), np.array(nudged))
    with nullcontext() if fits else pytest.raises(GoldenError, match="golden row 0: probabilities"):
        Predictor(manifest, engine).verify()


def test_golden_rows_that_are_not_all_answered_are_an_error(predictor: Predictor) -> None:
    golden = predictor.manifest.golden
    engine = Made(np.array(golden.outputs["class"][:-1]), np.array(golden.outputs["probabilities"]))
    with pytest.raises(GoldenError, match="10 golden rows have class, not 11"):
        Predictor(predictor.manifest, engine).verify()


def test_golden_rows_that_cannot_be_predicted_are_an_error(predictor: Predictor) -> None:
    golden = replace(predictor.manifest.golden, inputs={"sensor_1": [1.0]})
    manifest = replace(predictor.manifest, golden=golden)
    with pytest.raises(GoldenError, match="cannot be predicted"):
        Predictor(manifest, Made(np.zeros(1), np.zeros((1, 2)))).verify()


def test_golden_rows_that_leave_an_output_out_are_an_error() -> None:
    predictor = packed("several classes")[1]
    golden = predictor.manifest.golden
    answer = dict(golden.outputs["probabilities"])
    answer.popitem()
    outputs = {**golden.outputs, "probabilities": answer}
    manifest = replace(predictor.manifest, golden=replace(golden, outputs=outputs))
    with pytest.raises(GoldenError, match="golden rows have probabilities of"):
        Predictor(manifest, predictor.engine).verify()
