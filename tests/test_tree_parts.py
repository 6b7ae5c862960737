"""A large forest is several ensembles in ONNX, with the same sums to the last bit."""

from typing import Any

import numpy as np
import onnx
import pytest
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier, RandomForestRegressor

from service.model.engines import OnnxRuntime
from tests.support.converted import AROUND, NUMBERS, ROWS, SEED, THREE, signature
from training.conversion.convert import convert
from training.estimators.fitted_model import FittedModel
from training.onnx import trees

NOISY = np.random.default_rng(0).permutation(THREE)  # the trees grow deep


def converted(estimator: Any) -> tuple[OnnxRuntime, int]:
    """The engine, and the number of ensembles in its graph."""
    own = signature(estimator, ROWS)
    content, _ = convert(FittedModel(estimator), own)
    nodes = onnx.load_model_from_string(content).graph.node
    return OnnxRuntime(content, own), sum(node.op_type == "TreeEnsemble" for node in nodes)


@pytest.mark.parametrize("kind", [RandomForestClassifier, ExtraTreesClassifier])
def test_a_forest_of_fully_grown_trees_is_written_in_parts(
    monkeypatch: pytest.MonkeyPatch, kind: type[Any]
) -> None:
    model = kind(40, **SEED).fit(ROWS, NOISY)
    columns = list(AROUND.T)
    whole, one = converted(model)
    monkeypatch.setattr(trees, "MOST_NODES", 300)
    parts, several = converted(model)
    assert one == 1
    assert 5 < several < 40
    assert np.array_equal(parts.predict(columns), whole.predict(columns))
    [confidence] = parts.confidence(columns)
    assert np.array_equal(confidence, whole.confidence(columns)[0])
    assert np.allclose(confidence, model.predict_proba(AROUND), rtol=0, atol=1e-15)


@pytest.mark.parametrize(
    "model",
    [
        RandomForestClassifier(40, max_depth=4, **SEED).fit(ROWS, NOISY),
        RandomForestRegressor(40, **SEED).fit(ROWS, NUMBERS),
    ],
    ids=["shares of labels in the leaves", "numbers"],
)
def test_a_forest_whose_sums_are_rounded_keeps_their_order(
    monkeypatch: pytest.MonkeyPatch, model: Any
) -> None:
    monkeypatch.setattr(trees, "MOST_NODES", 300)
    assert converted(model)[1] == 1
