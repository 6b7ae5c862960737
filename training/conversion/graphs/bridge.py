"""Registers the functions of this package with skl2onnx, as converters, shapes and parsers."""

from contextlib import suppress
from typing import Any

import numpy as np
from skl2onnx.common.data_types import DoubleTensorType, Int64TensorType, StringTensorType
from sklearn.base import BaseEstimator, TransformerMixin

# Importing these modules registers their functions.
from training.conversion.graphs import (  # noqa: F401
    bayes,
    composed,
    curves,
    distances,
    embeddings,
    features,
    imputing,
    kernels,
    linear,
    multiclass,
    scaling,
    trees,
)
from training.conversion.graphs.registry import (
    CLASSIFIERS,
    NUMBERS,
    SEVERAL,
    TRANSFORMERS,
    Classified,
    transformed,
)
from training.onnx.nodes import Nodes, labels, to_column, where_second

LABELS = {"O": StringTensorType, "U": StringTensorType, "f": DoubleTensorType}
BY_SKL2ONNX = {"Pipeline", "GridSearchCV", "RandomizedSearchCV"}  # at the top; it handles steps


class Transforming(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # no type hints
    """A step of a pipeline that could also predict: its `transform` is meant."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.n_features_in_ = inner.n_features_in_

    def fit(self, rows: Any, target: Any = None) -> "Transforming":
        """Do nothing: the step is fitted."""
        return self

    def transform(self, rows: Any) -> Any:
        """The rows transformed by the step."""
        return self.inner.transform(rows)


def predicts(model: Any) -> bool:
    """Whether a step would be written as a predictor, if it is not the last one."""
    return any(type(model) in registry for registry in (CLASSIFIERS, NUMBERS, SEVERAL))


def _wraps(add: Nodes, model: Any, rows: str) -> str:
    return transformed(add, model.inner, rows)


TRANSFORMERS[Transforming] = _wraps


def _classes(model: Any) -> Any:
    """The labels of a classifier; whole numbers for clusters and outliers."""
    found = getattr(model, "classes_", None)
    if isinstance(found, list):
        found = found[0]
    return np.zeros(1, np.int64) if found is None else np.asarray(found)


def _has_confidence(model: Any) -> bool:
    return hasattr(model, "predict_proba") or hasattr(model, "decision_function")


def _is_several(model: Any) -> bool:
    several = isinstance(getattr(model, "classes_", None), list)
    several |= getattr(model, "multilabel_", False)
    return type(model) in SEVERAL and (several or type(model) not in CLASSIFIERS)


def write(scope: Any, operator: Any, container: Any) -> None:
    """Write the nodes of an estimator: skl2onnx's converter."""
    model, add = operator.raw_operator, Nodes(scope, container)
    rows, outputs = operator.inputs[0].full_name, [one.full_name for one in operator.outputs]
    if _is_several(model):
        _write_several(add, SEVERAL[type(model)](add, model, rows), outputs)
    elif type(model) in CLASSIFIERS and hasattr(operator, "slipway_labels"):
        found = CLASSIFIERS[type(model)](add, model, rows)
        _write_labels(add, found, outputs[0])
        if len(outputs) > 1:
            add("Identity", found.confidence, out=outputs[1])
    else:
        registry = NUMBERS if type(model) in NUMBERS else TRANSFORMERS
        add("Identity", registry[type(model)](add, model, rows), out=outputs[0])


def _write_labels(add: Nodes, found: Classified, out: str = "") -> str:
    if found.is_binary:
        return where_second(add, found.second, found.classes, out)
    known = np.asarray(found.classes)
    if known.dtype.kind == "i" and np.array_equal(known, np.arange(len(known))):
        return add("Identity", found.index, out=out)
    return labels(add, found.index, known, out)


def _write_several(add: Nodes, found: list[Classified], outputs: list[str]) -> None:
    if len({np.asarray(one.classes).dtype.kind for one in found}) > 1:
        raise NotImplementedError("outputs with labels of several types")
    own = [to_column(add, _write_labels(add, one)) for one in found]
    add("Concat", *own, out=outputs[0], axis=1)
    if len(outputs) > 1:
        add("Concat", *(one.confidence for one in found), out=outputs[1], axis=1)


def parse(scope: Any, model: Any, inputs: Any, custom_parsers: Any = None) -> Any:
    """Declare the results of an estimator: skl2onnx's parser."""
    operator = scope.declare_local_operator(f"Slipway{type(model).__name__}", model)
    operator.inputs = inputs
    is_classifier = type(model) in CLASSIFIERS or _is_several(model)
    if is_classifier:
        operator.slipway_labels = True
    names = ["label"] if is_classifier else ["numbers"]
    names += ["confidence"] if is_classifier and _has_confidence(model) else []
    for name in names:
        kind = Int64TensorType() if name == "label" else DoubleTensorType()
        operator.outputs.append(scope.declare_local_variable(name, kind))
    return operator.outputs


def shape(operator: Any) -> None:
    """The types and shapes of the results: skl2onnx's shape calculator."""
    rows, model = operator.inputs[0].get_first_dimension(), operator.raw_operator
    if hasattr(operator, "slipway_labels"):
        width = [len(model.classes_)] if _is_several(model) else []
        kind = LABELS.get(_classes(model).dtype.kind, Int64TensorType)
        operator.outputs[0].type = kind([rows, *width])
        for one in operator.outputs[1:]:
            one.type = DoubleTensorType([rows, None])
        return
    columns: int | None = None
    if type(model) not in NUMBERS:
        with suppress(Exception):  # the width is then unknown
            columns = np.shape(model.transform(np.zeros((2, model.n_features_in_))))[1]
    operator.outputs[0].type = DoubleTensorType([rows, columns])


KINDS = [
    kind
    for kind in dict.fromkeys((*CLASSIFIERS, *SEVERAL, *NUMBERS, *TRANSFORMERS))
    if kind.__name__ not in BY_SKL2ONNX
]
