"""Only a model whose rows are apart may be asked for several requests at once."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.tree import DecisionTreeClassifier

from service.app import create_app
from service.model.engines import ScikitLearn
from service.model.predictor import Predictor
from service.settings import Settings
from tests.described import described
from training.engine.row_independence import are_apart
from training.pack import pack
from training.samples.sample import read
from training.sensor_example import data

READINGS = data.read(data.DEFAULT)


def centred(rows: Any) -> Any:
    """What somebody writes who thinks of the training rows only."""
    return rows - np.mean(rows, axis=0)


def is_apart(model: Any) -> bool:
    _, signature, columns = described("sensors")
    fitted = model.fit(READINGS.inputs, READINGS.target)
    return are_apart(ScikitLearn(fitted, signature), columns, signature.confidence is not None)


@pytest.mark.parametrize("model", [DecisionTreeClassifier(), LogisticRegression()])
def test_rows_are_apart_for_usual_models(model: Any) -> None:
    assert is_apart(model)


@pytest.mark.parametrize("model", [DecisionTreeClassifier(), LogisticRegression()])
def test_a_step_that_looks_at_all_rows_is_found(model: Any) -> None:
    assert not is_apart(make_pipeline(FunctionTransformer(centred), model))


def test_only_what_shows_in_probabilities_is_found() -> None:
    class Unsure(LogisticRegression):  # type: ignore[misc]  # scikit-learn has no type hints
        def predict_proba(self, rows: Any) -> Any:
            return super().predict_proba(rows) * (1 - len(rows) / 1e6)

    assert not is_apart(Unsure())


def test_a_model_that_has_no_answer_is_not_known_to_be() -> None:
    class Shy(LogisticRegression):  # type: ignore[misc]  # scikit-learn has no type hints
        def predict(self, rows: Any) -> Any:
            if len(rows) == 1:
                raise IndexError("squeezed")
            return super().predict(rows)

    assert not is_apart(Shy())


@pytest.mark.parametrize("apart", [True, False])
def test_the_service_shares_calls_only_where_packing_says_so(apart: bool, tmp_path: Path) -> None:
    steps = [] if apart else [FunctionTransformer(centred)]
    model = make_pipeline(*steps, DecisionTreeClassifier(max_depth=5))
    manifest = pack(
        model.fit(READINGS.inputs, READINGS.target),
        read(data.DEFAULT),
        targets=["class"],
        name="test",
        data={},
        folder=tmp_path / "model",
        trusted=[centred.__module__],
        engine="sklearn",
    )
    assert manifest.rows_apart is apart
    predictor = Predictor.load(tmp_path / "model", [centred.__module__])
    fast_path = create_app(Settings(), predictor).fast_path
    assert fast_path
    assert fast_path.can_batch is apart


def test_an_artifact_that_does_not_say_so_shares_nothing(predictor: Predictor) -> None:
    silent = replace(predictor.manifest, engines={})
    app = create_app(Settings(), Predictor(silent, predictor._engine))
    assert app.fast_path
    assert not app.fast_path.can_batch
