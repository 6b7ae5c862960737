"""Compares ONNX Runtime with an estimator that was converted, on a sample and around it."""

import warnings
from typing import Any

import numpy as np
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeRegressor

from service.model import onnx_check
from service.model.engines import OnnxRuntime
from service.model.signature import Input, Output, Signature
from training.conversion.convert import convert
from training.estimators.fitted_model import FittedModel

TOLERANCE = 1e-9
IRIS = load_iris()
CHANCE = np.random.default_rng(3)
ROWS = IRIS.data + CHANCE.normal(0, 0.01, IRIS.data.shape)  # no two distances are equal
THREE = IRIS.target
TWO = np.where(THREE == 2, "late", "early").astype(object)
NUMBERS = ROWS @ [1.0, -2.0, 0.5, 3.0] + np.sin(7.0 * ROWS[:, 0])
BOTH = np.column_stack((THREE, THREE == 1))
SEED: dict[str, Any] = {"random_state": 0}
AROUND = np.vstack((ROWS, ROWS[CHANCE.integers(150, size=300)] + CHANCE.normal(0, 1, (300, 4))))
POSITIVE = np.abs(AROUND)


def logistic() -> Any:
    return LogisticRegression(max_iter=2000)


def voters() -> Any:
    return [("a", make_pipeline(StandardScaler(), logistic())), ("b", GaussianNB())]


def regressors() -> Any:
    return [("a", Ridge()), ("b", DecisionTreeRegressor(max_depth=3, **SEED))]


def signature(estimator: Any, rows: Any, outputs: int = 1) -> Signature:
    inputs = tuple(Input(name=f"f{i}", kind="number", dtype="float64") for i in range(4))
    inputs = inputs[: estimator.n_features_in_] if hasattr(estimator, "n_features_in_") else inputs
    found = FittedModel(estimator).confidence
    confidence = found[1] if found else None
    classes: Any = getattr(estimator, "classes_", None)
    each = classes if isinstance(classes, list) else [classes] * outputs
    labels = [None if one is None else tuple(np.asarray(one).tolist()) for one in each]
    given = np.ravel(estimator.predict(rows[:2, : len(inputs)]))
    kinds: Any = {"f": "number", "i": "integer", "b": "boolean"}
    return Signature(
        container="array",
        inputs=inputs,
        outputs=tuple(
            Output(
                name=f"y{place}",
                kind=kinds.get(given.dtype.kind, "category"),
                labels=own,
                confidence=confidence,
            )
            for place, own in enumerate(labels)
        ),
    )


def assert_equal(
    estimator: Any, rows: Any = AROUND, outputs: int = 1, given: Signature | None = None
) -> None:
    """ONNX Runtime predicts these rows like the estimator."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        described = given or signature(estimator, rows, outputs)
        model = FittedModel(estimator)
        content, precision = convert(model, described)
        assert precision == "float64"
        onnx_check.check(content)
        engines = OnnxRuntime(content, described), model.engine(described)
        columns = list(rows[:, : len(described.inputs)].T)
        methods = ["predict", "confidence"] if described.confidence else ["predict"]
        for method in methods:
            found, right = (getattr(one, method)(columns) for one in engines)
            assert len(found) == len(right) == outputs
            for one, other in zip(found, right, strict=True):
                assert one.shape == other.shape
                if other.dtype.kind == "f":
                    assert np.allclose(one, other, rtol=TOLERANCE, atol=TOLERANCE)
                else:
                    assert one.tolist() == other.tolist()
