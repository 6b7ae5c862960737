"""The operators that an ONNX model may use are those that the converters write, collected anew."""

import warnings
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import numpy as np
import onnx
import pytest
from sklearn.base import is_classifier
from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import KBinsDiscretizer, MinMaxScaler, Normalizer, PolynomialFeatures

from service.model.onnx_check import OPERATORS, OnnxError, check
from service.model.signature import Input, Output, Signature
from tests.support.estimators import GIVEN, ROWS, fitted
from training.conversion.convert import convert
from training.errors import ConversionError
from training.estimators.fitted_model import FittedModel

THREE = (3 * ROWS[:, 0]).astype(int)  # classes
# What skl2onnx writes, and is refused: a loop, and an operator of another vendor.
REFUSED = {("", "Scan"), ("com.microsoft", "Solve")}

# Artifacts of earlier releases have these.
EARLIER = {"Flatten", "Gemm", "LpNormalization", "ReduceLogSumExp", "ReduceProd", "Transpose"}
EARLIER_OF_ML = {"OneHotEncoder", "SVMClassifier", "SVMRegressor"}
TRIED_ELSEWHERE = {"Or", "Reciprocal", "ReduceMean"}  # by tests/test_graphs.py


def signature(rows: Any, estimator: Any) -> Signature:
    given = tuple(
        Input(name=f"f{i}", kind="number", dtype="float64") for i in range(np.shape(rows)[1])
    )
    confidence: Any = next(
        (
            kind
            for ask, kind in (
                ("predict_proba", "probabilities"),
                ("decision_function", "scores"),
            )
            if hasattr(estimator, ask) and is_classifier(estimator)
        ),
        None,
    )
    labels = tuple(np.asarray(estimator.classes_).tolist()) if confidence else None
    output = Output(name="out", kind="number", labels=labels, confidence=confidence)
    return Signature(container="array", inputs=given, outputs=(output,))


def models() -> Iterator[tuple[Any, Any]]:
    """All estimators that predict, and a linear model behind all that transform."""
    more = [
        KBinsDiscretizer(3, encode="onehot-dense"),
        MinMaxScaler(clip=True),
        MLPClassifier((4,), activation="tanh", max_iter=20),
        Normalizer("l1"),
        PolynomialFeatures(3),
        SGDClassifier(loss="log_loss"),
        SGDClassifier(loss="modified_huber"),
    ]
    for _, estimator, rows in (
        *fitted("scikit-learn"),
        *(("", one.fit(ROWS, THREE), ROWS) for one in more),
    ):
        if np.ndim(rows) != 2 or rows is not ROWS:
            continue
        if hasattr(estimator, "predict"):
            yield estimator, rows
            continue
        for last in (LogisticRegression(), Ridge()):
            with suppress(Exception):
                yield make_pipeline(estimator, last).fit(rows, GIVEN[0][1]), rows


def operators(graph: onnx.GraphProto) -> Iterator[tuple[str, str]]:
    for node in graph.node:
        yield node.domain, node.op_type
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                yield from operators(attribute.g)


@pytest.mark.slow
def test_what_the_converters_write_is_allowed_and_no_more_is_listed() -> None:
    found: set[tuple[str, str]] = set()
    converted = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for estimator, rows in models():
            try:
                content, _ = convert(FittedModel(estimator), signature(rows, estimator))
            except ConversionError:
                continue
            own = set(operators(onnx.load_from_string(content).graph))
            if own & REFUSED:
                with pytest.raises(OnnxError):
                    check(content)
                continue
            check(content)
            found |= own
            converted += 1
    assert converted > 80
    listed = {(domain, name) for domain, names in OPERATORS.items() for name in names}
    assert found <= listed
    assert listed - found == {("", name) for name in EARLIER | TRIED_ELSEWHERE} | {
        ("ai.onnx.ml", name) for name in EARLIER_OF_ML
    }
