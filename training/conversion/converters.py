"""Converters for the tables that stand for encoders of categories, and all others together.

To add one for an estimator of scikit-learn, write a function in `graphs/`. A converter gets
skl2onnx's scope (names), operator (the fitted part) and container (nodes). If it uses an operator
that no other converter uses, add that to `service/model/onnx_check.py`.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from onnx import TensorProto
from sklearn.impute import SimpleImputer

from training.conversion import shapes
from training.conversion.graphs import bridge, linear, trees
from training.conversion.shapes import Recoded, Tables
from training.onnx.nodes import Nodes


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


Functions = dict[type, Callable[..., Any]]
# Some estimators combine others. Where one of these has no function here, skl2onnx combines them.
SIMPLE = (
    *(*trees.FORESTS, *trees.BOOSTED, *trees.REGRESSORS),
    *(*linear.WITH_PROBABILITIES[:1], *linear.WITH_SCORES[:1], SimpleImputer),
)
TABLES: Functions = {Tables: tables, Recoded: recoded}


def functions(every: bool) -> tuple[Functions, Functions, Functions]:
    """Converters, shapes and parsers for skl2onnx: every one, or those of simple estimators."""
    kinds = bridge.KINDS if every else SIMPLE
    return (
        {**dict.fromkeys(kinds, bridge.write), **TABLES},
        {**dict.fromkeys(kinds, bridge.shape), **shapes.SHAPES},
        dict.fromkeys(kinds, bridge.parse),
    )
