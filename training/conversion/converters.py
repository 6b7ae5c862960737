"""Converters for estimators that skl2onnx converts inexactly or not at all.

To add one, write a function and enter it in `CONVERTERS`; enter the shape of its result in
`SHAPES`, and a classifier also in `PARSERS` (`shapes.py`). A converter gets skl2onnx's scope
(names), operator (the fitted part) and container (nodes). If it uses an operator that no other
converter uses, add that to `service/model/onnx_check.py`.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from onnx import TensorProto
from sklearn import svm
from sklearn.impute import SimpleImputer

from training.conversion.shapes import BOOSTED, FORESTS, LINEAR, REGRESSORS, Recoded, Tables
from training.onnx.nodes import Nodes, flat, labels, second_of_two, sigmoids, upright
from training.onnx.trees import as_float32, trees_of


def summed(scope: Any, operator: Any, container: Any) -> str:
    """The sums of the trees' values, before the division or the link function."""
    make, _, rounded = trees_of(operator.raw_operator)
    rows = operator.inputs[0].full_name
    if rounded:
        rows = as_float32(rows, scope, container)
    return make().write(rows, scope, container)


def forest_classifier(scope: Any, operator: Any, container: Any) -> None:
    """Mean of the trees' probabilities, and the first of the most probable classes."""
    model, add = operator.raw_operator, Nodes(scope, container)
    if model.n_outputs_ > 1:
        raise NotImplementedError("several outputs of one forest")
    label, probabilities = (one.full_name for one in operator.outputs)
    count = np.array(float(trees_of(model)[1]))
    add("Div", summed(scope, operator, container), add.constant(count), out=probabilities)
    labels(add, add("ArgMax", probabilities, axis=1, keepdims=0), model.classes_, label)


def boosted_classifier(scope: Any, operator: Any, container: Any) -> None:
    """A sigmoid or softmax of the raw predictions."""
    model, add = operator.raw_operator, Nodes(scope, container)
    loss = type(model._loss).__name__
    if loss not in ("HalfBinomialLoss", "HalfMultinomialLoss"):
        raise NotImplementedError(f"the loss {loss}")
    label, probabilities = (one.full_name for one in operator.outputs)
    raw = summed(scope, operator, container)
    if loss == "HalfMultinomialLoss":
        add("Softmax", raw, out=probabilities, axis=1)
        labels(add, add("ArgMax", raw, axis=1, keepdims=0), model.classes_, label)
        return
    raw = flat(add, raw)
    sigmoids(add, raw, probabilities)
    compare = "Greater" if hasattr(model, "_predictors") else "GreaterOrEqual"
    second_of_two(add, raw, compare, model.classes_, label)


def linear_classifier(scope: Any, operator: Any, container: Any) -> None:
    """Scores, or the probabilities computed from them."""
    model, add = operator.raw_operator, Nodes(scope, container)
    label, confidence = (one.full_name for one in operator.outputs)
    rows, scored = operator.inputs[0].full_name, isinstance(model, svm.LinearSVC)
    start = np.broadcast_to(model.intercept_, len(model.coef_)).astype(float)
    sums = add("MatMul", rows, add.constant(model.coef_.T.astype(float)))
    if len(model.coef_) == 1:
        scores = add("Add", flat(add, sums), add.constant(start[0]))
        second_of_two(add, scores, "Greater", model.classes_, label)
        if scored:
            upright(add, scores, confidence)
        else:
            sigmoids(add, scores, confidence)
        return
    scores = add("Add", sums, add.constant(start), out=confidence if scored else "")
    labels(add, add("ArgMax", scores, axis=1, keepdims=0), model.classes_, label)
    if not scored:
        if model.solver == "liblinear":
            raise NotImplementedError("one model for each class")
        add("Softmax", scores, out=confidence, axis=1)


def tree_regressor(scope: Any, operator: Any, container: Any) -> None:
    """Mean of the trees, or the link function of their sum."""
    model, add = operator.raw_operator, Nodes(scope, container)
    raw = summed(scope, operator, container)
    out = operator.outputs[0].full_name
    link = type(model._loss.link).__name__ if hasattr(model, "_predictors") else "IdentityLink"
    if link == "LogLink":
        add("Exp", raw, out=out)
    elif link == "IdentityLink":
        add("Div", raw, add.constant(np.array(float(trees_of(model)[1]))), out=out)
    else:
        raise NotImplementedError(f"the link {link}")


def imputer(scope: Any, operator: Any, container: Any) -> None:
    """Replace NaN by the imputer's statistic."""
    model, add = operator.raw_operator, Nodes(scope, container)
    statistics = np.asarray(model.statistics_, dtype=np.float64)
    if model.missing_values == model.missing_values or model.add_indicator:
        raise NotImplementedError("an imputer of other values than NaN, or with an indicator")
    if np.isnan(statistics).any():
        raise NotImplementedError("an imputer that leaves out empty columns")
    rows = operator.inputs[0].full_name
    missing = add("IsNaN", rows)
    add("Where", missing, add.constant(statistics), rows, out=operator.outputs[0].full_name)


def tables(scope: Any, operator: Any, container: Any) -> None:
    """Look up the codes of each column in its table; numbers pass."""
    model, add = operator.raw_operator, Nodes(scope, container)
    rows = operator.inputs[0].full_name
    codes = add("Cast", rows, to=TensorProto.INT64)
    found = []
    for place, table in enumerate(model.tables):
        if isinstance(table, np.ndarray):
            code = add("Gather", codes, add.constant(np.array(place)), axis=1)
            found.append(add("Gather", add.constant(table), code, axis=0))
        elif table is not None:
            number = add("Gather", rows, add.constant(np.array([place])), axis=1)
            if not np.isnan(table):
                missing = add("IsNaN", number)
                number = add("Where", missing, add.constant(np.array(table)), number)
            found.append(number)
    out = operator.outputs[0].full_name
    together = add("Concat", *found, axis=1)
    add("Gather", together, add.constant(np.array(model.order)), out=out, axis=1)


def recoded(scope: Any, operator: Any, container: Any) -> None:
    """Replace the codes of some columns by the values in their tables."""
    model, add = operator.raw_operator, Nodes(scope, container)
    rows, width = operator.inputs[0].full_name, operator.inputs[0].type.shape[1]
    order, found = np.arange(width), []
    for count, (place, table) in enumerate(sorted(model.tables.items())):
        code = add("Gather", rows, add.constant(np.array([place])), axis=1)
        whole = add("Cast", code, to=TensorProto.INT64)
        found.append(add("Gather", add.constant(np.asarray(table, np.float64)), whole, axis=0))
        order[place] = width + count
    together = add("Concat", rows, *found, axis=1)
    add("Gather", together, add.constant(order), out=operator.outputs[0].full_name, axis=1)


Converter = Callable[[Any, Any, Any], None]
CONVERTERS: dict[type, Converter] = {
    **dict.fromkeys(FORESTS, forest_classifier),
    **dict.fromkeys(BOOSTED, boosted_classifier),
    **dict.fromkeys(LINEAR, linear_classifier),
    **dict.fromkeys(REGRESSORS, tree_regressor),
    SimpleImputer: imputer,
    Tables: tables,
    Recoded: recoded,
}
