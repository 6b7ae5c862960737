"""Packing: the signature, the golden rows, and the comparison with what will be served."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from service.model import engines
from service.model.artifact import ArtifactError
from service.model.manifest import Manifest
from service.model.predictor import Predictor
from training.pack import pack
from training.samples import sample
from training.sensor_example import data, pipeline

READINGS = data.read(data.DEFAULT)
SAMPLE = sample.read(data.DEFAULT)
Packing = Callable[..., Manifest]


@pytest.fixture
def packing(tmp_path: Path) -> Packing:
    def packed(model: Any, **changes: Any) -> Manifest:
        arguments: dict[str, Any] = {
            "targets": ["class"],
            "name": "test",
            "data": {},
            "folder": tmp_path / "model",
            "report": False,
        }
        return pack(model, SAMPLE, **{**arguments, **changes})

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
    assert output.name == "class"
    assert output.labels == (0.0, 1.0)
    assert output.confidence == "probabilities"


def test_golden_rows_begin_with_the_examples(packing: Packing) -> None:
    examples = {"sensor_1": [1.0, 2.0, 3.0], "sensor_2": [1.0, -1.0, 0.0]}
    golden = packing(fitted(), examples=examples).golden
    assert golden.inputs["sensor_1"][:3] == [1.0, 2.0, 3.0]
    assert golden.outputs["class"][:3] == [0.0, 1.0, 1.0]
    assert len(golden.inputs["sensor_2"]) == len(golden.outputs["probabilities"]) == 11


def test_the_same_model_has_the_same_version_and_another_another(packing: Packing) -> None:
    other = LogisticRegression(C=0.1).fit(READINGS.inputs, READINGS.target)
    assert packing(fitted()).version == packing(fitted()).version != packing(other).version


def test_a_model_that_predicts_differently_once_packed_is_not_published(
    packing: Packing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = LogisticRegression(C=1e-6).fit(READINGS.inputs, 1 - READINGS.target)
    monkeypatch.setattr(
        engines, "load", lambda signature, *_: engines.ScikitLearn(other, signature)
    )
    with pytest.raises(ArtifactError):
        packing(fitted())
    assert not list(tmp_path.iterdir())


def test_the_time_of_a_prediction_is_measured(packing: Packing) -> None:
    seconds = packing(fitted()).seconds
    assert set(seconds) == {"1", "1000"}
    assert all(0 < value < 1 for value in seconds.values())


def test_how_it_does_on_the_sample_is_counted(packing: Packing) -> None:
    metrics = packing(fitted()).metrics["sample"]
    right = int((fitted().predict(READINGS.inputs) == READINGS.target).sum())
    most = max((READINGS.target == value).sum() for value in (0.0, 1.0))
    assert metrics == {
        "rows": 3000,
        "accuracy": right / 3000,
        "accuracy_of_the_majority_class": most / 3000,
    }


def test_pools_of_workers_are_switched_off(packing: Packing, tmp_path: Path) -> None:
    forest = RandomForestClassifier(3, random_state=0, n_jobs=2)
    packing(forest.fit(READINGS.inputs, READINGS.target))
    assert joblib.load(tmp_path / "model" / "model.joblib").n_jobs == 1


def test_the_estimator_of_the_caller_is_not_changed(packing: Packing) -> None:
    forest = RandomForestClassifier(3, random_state=0, n_jobs=2)
    model = Pipeline([("forest", forest.fit(READINGS.inputs, READINGS.target))])
    before = joblib.hash(model)
    packing(model)
    assert forest.n_jobs == 2
    assert joblib.hash(model) == before


def test_pandas_is_needed_only_by_models_of_frames(packing: Packing) -> None:
    import pandas as pd

    assert "pandas" not in packing(fitted()).versions
    frame = pd.DataFrame(READINGS.inputs, columns=list(data.INPUTS))
    manifest = packing(LogisticRegression().fit(frame, READINGS.target), engine="sklearn")
    assert manifest.signature.container == "frame"
    assert manifest.versions["pandas"] == pd.__version__


def test_what_was_packed_loads_and_predicts_the_same(packing: Packing, tmp_path: Path) -> None:
    packing(fitted(), engine="sklearn")
    served = Predictor.load(tmp_path / "model")
    columns = dict(zip(data.INPUTS, READINGS.inputs.T, strict=True))
    answer = served.predict(columns, confidence=True)
    assert answer["class"] == fitted().predict(READINGS.inputs).tolist()
    assert answer["probabilities"] == fitted().predict_proba(READINGS.inputs).tolist()
    assert np.array(answer["probabilities"]).sum(axis=1) == pytest.approx(np.ones(3000))
