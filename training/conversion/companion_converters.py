"""Converters for models of XGBoost, LightGBM and CatBoost, for `convert.py`."""

from collections.abc import Callable, Collection
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from onnx import TensorProto
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType

from training.companions.ensemble import Ensemble
from training.companions.readers import reader
from training.conversion.shapes import classifier_shape, parse_classifier
from training.estimators import introspection
from training.estimators.fitted_model import FittedModel
from training.onnx.nodes import Nodes, labels
from training.onnx.trees import as_float32

Registered = dict[type, Callable[..., Any]]
Ensembles = dict[int, Ensemble]  # by the identity of the model


def with_sparse_input(model: FittedModel) -> set[int]:
    """The XGBoost models, by id, that get sparse matrices from the step before them.

    XGBoost treats values that a sparse matrix does not store as missing, not as 0.
    """
    found = set()
    for part in model.parts:
        *before, (_, last) = getattr(part, "steps", None) or [("", None)]
        transformers = [step for _, step in before if step not in (None, "passthrough")]
        if transformers and type(last).__module__ == "xgboost.sklearn":
            flags = ("sparse_output_", "sparse_output")  # of ColumnTransformer, of OneHotEncoder
            if any(getattr(transformers[-1], name, False) for name in flags):
                found.add(id(last))
    return found


def registered(
    estimator: Any, sparse: Collection[int] = ()
) -> tuple[Registered, Registered, Registered]:
    """Converters, shapes and parsers of the models in it; `sparse` is from `with_sparse_input`."""
    converters: Registered = {}
    shapes: Registered = {}
    parsers: Registered = {}
    ensembles: Ensembles = {}
    for part in introspection.parts(estimator):
        read = reader(part)
        if read is None:
            continue
        ensembles[id(part)] = read(part)
        if id(part) in sparse:
            every = frozenset(range(part.n_features_in_))
            ensembles[id(part)] = replace(ensembles[id(part)], zeros=every)
        if ensembles[id(part)].classes is None:
            converters[type(part)] = partial(regressor, ensembles)
            shapes[type(part)] = partial(_regressor_shape, ensembles)
        else:
            converters[type(part)] = partial(classifier, ensembles)
            shapes[type(part)] = partial(_classifier_shape, ensembles)
            parsers[type(part)] = parse_classifier
    return converters, shapes, parsers


def _classifier_shape(ensembles: Ensembles, operator: Any) -> None:
    classifier_shape(operator)
    read = ensembles[id(operator.raw_operator)]
    width = max(len(read.base), 2)
    operator.outputs[1].type = _numbers(read, operator, width)


def _regressor_shape(ensembles: Ensembles, operator: Any) -> None:
    read = ensembles[id(operator.raw_operator)]
    operator.outputs[0].type = _numbers(read, operator, len(read.base))


def _numbers(read: Ensemble, operator: Any, width: int) -> Any:
    """The type of the result: that in which the library computes."""
    kind = FloatTensorType if read.dtype is np.float32 else DoubleTensorType
    return kind([operator.inputs[0].get_first_dimension(), width])


def _sums(add: Nodes, read: Ensemble, operator: Any) -> str:
    """The sums of the trees, of shape (rows, sums)."""
    rows = operator.inputs[0].full_name
    if read.dtype is np.float32:
        rows = add("Cast", rows, to=TensorProto.FLOAT)
    elif read.rounded:
        rows = as_float32(rows, add.scope, add.container)
    if read.missing == read.missing:
        is_missing = add("Equal", rows, add.constant(read.dtype(read.missing)))
        rows = add("Where", is_missing, add.constant(read.dtype(np.nan)), rows)
    if read.zeros:
        width = operator.inputs[0].type.shape[1]
        nearest = np.full(width, -1.0)
        nearest[sorted(read.zeros)] = read.zero
        is_zero = add("LessOrEqual", add("Abs", rows), add.constant(nearest.astype(read.dtype)))
        rows = add("Where", is_zero, add.constant(read.dtype(np.nan)), rows)
    sums = read.written().write(rows, add.scope, add.container)
    return sums if read.divisor == 1.0 else add("Div", sums, add.constant(read.divisor))


def classifier(ensembles: Ensembles, scope: Any, operator: Any, container: Any) -> None:
    """Labels and probabilities."""
    add, read = Nodes(scope, container), ensembles[id(operator.raw_operator)]
    label, probabilities = (one.full_name for one in operator.outputs)
    sums = _sums(add, read, operator)
    if read.link == "softmax":
        found, compared = add("Softmax", sums, out=probabilities, axis=1), sums
    elif read.link == "sigmoid" and len(read.base) > 1:  # one-vs-rest
        found, compared = add("Sigmoid", _scaled(add, read, sums), out=probabilities), sums
    elif read.link == "sigmoid":
        second = add("Sigmoid", _scaled(add, read, sums))
        first = add("Sub", add.constant(read.dtype(1.0)), second)
        found = add("Concat", first, second, out=probabilities, axis=1)
        compared = add("Concat", add("Neg", sums), sums, axis=1)
    else:
        raise NotImplementedError("a classifier without probabilities")
    if read.dtype is np.float32:  # XGBoost compares probabilities, which are float32
        compared = found
    labels(add, add("ArgMax", compared, axis=1, keepdims=0), read.classes, label)


def regressor(ensembles: Ensembles, scope: Any, operator: Any, container: Any) -> None:
    """Numbers, of shape (rows, sums)."""
    add, read = Nodes(scope, container), ensembles[id(operator.raw_operator)]
    sums, out = _sums(add, read, operator), operator.outputs[0].full_name
    if read.link == "identity":
        add("Identity", sums, out=out)
    elif read.link == "exp":
        add("Exp", sums, out=out)
    elif read.link == "sigmoid":
        add("Sigmoid", _scaled(add, read, sums), out=out)
    elif read.link == "signed_square":
        add("Mul", sums, add("Abs", sums), out=out)
    else:
        raise NotImplementedError(f"a regressor with {read.link}")


def _scaled(add: Nodes, read: Ensemble, sums: str) -> str:
    return sums if read.slope == 1.0 else add("Mul", sums, add.constant(read.dtype(read.slope)))
