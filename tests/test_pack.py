"""Packing: the signature, the golden rows, and the comparison with what will be served."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from service.model import engines
from service.model.artifact import ArtifactError
from service.model.manifest import Manifest
from service.model.predictor import Predictor
from training import data, pipeline
from training.pack import largest_magnitude, pack

READINGS = data.read(data.DEFAULT)
Packing = Callable[..., Manifest]


@pytest.fixture
def packing(tmp_path: Path) -> Packing:
    def packed(model: Any, **changes: Any) -> Manifest:
        arguments = {
            "names": data.INPUTS,
            "target": "class",
            "name": "test",
            "metrics": {},
            "data": {},
            "folder": tmp_path / "model",
        }
        return pack(model, READINGS.inputs, **{**arguments, **changes})

    return packed


def fitted() -> Pipeline:
    return pipeline.build().fit(READINGS.inputs, READINGS.target)


def test_ranges_are_those_of_the_whole_sample(packing: Packing) -> None:
    first, second = packing(fitted()).signature.inputs
    assert (first.name, first.minimum, first.maximum) == (
        "sensor_1",
        READINGS.inputs[:, 0].min(),
        READINGS.inputs[:, 0].max(),
    )
    assert (second.name, second.dtype) == ("sensor_2", "float64")


def test_labels_and_probabilities_are_those_of_the_model(packing: Packing) -> None:
    [output] = packing(fitted()).signature.outputs
    assert (output.name, output.labels, output.probabilities) == ("class", (0.0, 1.0), True)


def test_golden_rows_begin_with_the_examples(packing: Packing) -> None:
    golden = packing(fitted(), examples=np.array(pipeline.EXAMPLE_INPUTS)).golden
    assert golden.inputs["sensor_1"][:3] == [1.0, 2.0, 3.0]
    assert golden.outputs["class"][:3] == [0.0, 1.0, 1.0]
    assert len(golden.inputs["sensor_2"]) == len(golden.outputs["probabilities"]) == 11


def test_the_same_model_has_the_same_version_and_another_another(packing: Packing) -> None:
    other = LogisticRegression(C=0.1).fit(READINGS.inputs, READINGS.target)
    assert packing(fitted()).version == packing(fitted()).version != packing(other).version


def test_a_renamed_input_is_another_version(packing: Packing) -> None:
    assert packing(fitted()).version != packing(fitted(), names=("left", "right")).version


def test_a_model_that_predicts_differently_once_packed_is_not_published(
    packing: Packing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = LogisticRegression(C=1e-6).fit(READINGS.inputs, 1 - READINGS.target)
    monkeypatch.setattr(engines, "load", lambda engine, content: engines.ScikitLearn(other))
    with pytest.raises(ArtifactError):
        packing(fitted())
    assert not list(tmp_path.iterdir())


def test_the_time_of_a_prediction_is_measured(packing: Packing) -> None:
    seconds = packing(fitted()).seconds
    assert set(seconds) == {"1", "1000"}
    assert all(0 < value < 1 for value in seconds.values())


def test_the_largest_magnitude_works_and_ten_times_it_does_not() -> None:
    model = fitted()
    limit = largest_magnitude(model, READINGS.inputs)
    corners = np.array([[a, b] for a in (-limit, limit) for b in (-limit, limit)])
    assert np.isfinite(model.predict_proba(corners)).all()
    with np.errstate(all="raise"), pytest.raises((ArithmeticError, ValueError)):
        model.predict_proba(corners * 10)


def test_a_model_that_computes_in_float32_has_a_limit_of_its_own() -> None:
    forest = RandomForestClassifier(3, random_state=0).fit(READINGS.inputs, READINGS.target)
    assert largest_magnitude(forest, READINGS.inputs) == 1e38


def test_wide_models_have_a_limit_too() -> None:
    wide = np.random.default_rng(0).normal(size=(60, 12))
    model = LogisticRegression().fit(wide, wide[:, 0] > 0)
    assert largest_magnitude(model, wide) > 1e30


def test_what_was_packed_loads_and_predicts_the_same(packing: Packing, tmp_path: Path) -> None:
    packing(fitted())
    served = Predictor.load(tmp_path / "model")
    columns = dict(zip(data.INPUTS, READINGS.inputs.T, strict=True))
    answer = served.predict(columns, probabilities=True)
    assert answer["class"] == fitted().predict(READINGS.inputs).tolist()
    assert answer["probabilities"] == fitted().predict_proba(READINGS.inputs).tolist()
