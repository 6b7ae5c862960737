"""Shapes and types of the results of converters, which skl2onnx requires in advance."""

from collections.abc import Callable
from typing import Any

import numpy as np
from skl2onnx.common.data_types import DoubleTensorType, Int64TensorType, StringTensorType
from sklearn.base import BaseEstimator, TransformerMixin


class Tables(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # no type hints
    """Replaces an encoder of categories: looks up the code of each input column in a table.

    `tables` has an array of shape (codes, width) for each input column. A column may also be a
    number that passes: then it has the number in the place of a missing one, NaN if there is none,
    or None if the column is left out. `order` sorts the resulting columns into the encoder's order.
    """

    def __init__(self, tables: list[Any], order: list[int]) -> None:
        self.tables = tables
        self.order = order

    def fit(self, rows: Any, target: Any = None) -> "Tables":
        """Do nothing: the tables come from a fitted estimator."""
        return self


class Recoded(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # no type hints
    """Converts codes for a model that encodes categories itself: to the model's own codes.

    `tables` has, by the position of a column, an array with the new code for each code. All other
    columns are unchanged.
    """

    def __init__(self, tables: dict[int, Any]) -> None:
        self.tables = tables

    def fit(self, rows: Any, target: Any = None) -> "Recoded":
        """Do nothing: the tables come from a fitted estimator."""
        return self


def classifier_shape(operator: Any) -> None:
    """Labels, of shape (rows,), and confidence."""
    rows, model = operator.inputs[0].get_first_dimension(), operator.raw_operator
    kinds = {"O": StringTensorType, "U": StringTensorType, "f": DoubleTensorType}
    kind = kinds.get(np.asarray(model.classes_).dtype.kind, Int64TensorType)
    operator.outputs[0].type = kind([rows])
    operator.outputs[1].type = DoubleTensorType([rows, len(model.classes_)])


def parse_classifier(scope: Any, model: Any, inputs: Any, custom_parsers: Any = None) -> Any:
    """Labels and confidence as two arrays; skl2onnx would return a list of mappings."""
    operator = scope.declare_local_operator(f"Slipway{type(model).__name__}", model)
    operator.inputs = inputs
    for name, kind in (("label", Int64TensorType()), ("confidence", DoubleTensorType())):
        operator.outputs.append(scope.declare_local_variable(name, kind))
    return operator.outputs


def tables_shape(operator: Any) -> None:
    """The columns of all tables together."""
    rows, width = operator.inputs[0].get_first_dimension(), len(operator.raw_operator.order)
    operator.outputs[0].type = DoubleTensorType([rows, width])


def recoded_shape(operator: Any) -> None:
    """The shape of the input."""
    operator.outputs[0].type = DoubleTensorType(operator.inputs[0].type.shape)


SHAPES: dict[type, Callable[[Any], None]] = {Tables: tables_shape, Recoded: recoded_shape}
