"""What the converted parts give out, as skl2onnx wants to know it beforehand."""

from collections.abc import Callable
from typing import Any

import numpy as np
from skl2onnx.common.data_types import DoubleTensorType, Int64TensorType, StringTensorType
from sklearn import ensemble, linear_model, svm, tree
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.impute import SimpleImputer

FORESTS = (
    ensemble.RandomForestClassifier,
    ensemble.ExtraTreesClassifier,
    tree.DecisionTreeClassifier,
    tree.ExtraTreeClassifier,
)
BOOSTED = (ensemble.GradientBoostingClassifier, ensemble.HistGradientBoostingClassifier)
LINEAR = (linear_model.LogisticRegression, svm.LinearSVC)
REGRESSORS = (
    ensemble.RandomForestRegressor,
    ensemble.ExtraTreesRegressor,
    tree.DecisionTreeRegressor,
    tree.ExtraTreeRegressor,
    ensemble.GradientBoostingRegressor,
    ensemble.HistGradientBoostingRegressor,
)


class Tables(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # no type hints
    """Stands for encoders of categories: each of its columns is looked up in a table by one code.

    `tables` has for each input column, a code, the array of shape (codes, width) of what that code
    becomes; `order` puts the looked-up columns into the encoder's order.
    """

    def __init__(self, tables: list[Any], order: list[int]) -> None:
        self.tables = tables
        self.order = order

    def fit(self, rows: Any, target: Any = None) -> "Tables":
        """Do nothing: it was made from what is fitted."""
        return self


class Recoded(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # no type hints
    """Stands for what a model does with categories itself: codes become other codes.

    `tables` has for some columns, by their place, the array of what each code becomes; all other
    columns stay as they are.
    """

    def __init__(self, tables: dict[int, Any]) -> None:
        self.tables = tables

    def fit(self, rows: Any, target: Any = None) -> "Recoded":
        """Do nothing: it was made from what is fitted."""
        return self


def classifier_shape(operator: Any) -> None:
    """Labels, of shape (rows,), and confidence."""
    rows, model = operator.inputs[0].get_first_dimension(), operator.raw_operator
    kinds = {"O": StringTensorType, "U": StringTensorType, "f": DoubleTensorType}
    kind = kinds.get(np.asarray(model.classes_).dtype.kind, Int64TensorType)
    operator.outputs[0].type = kind([rows])
    scores = len(model.coef_) if isinstance(model, svm.LinearSVC) else len(model.classes_)
    operator.outputs[1].type = DoubleTensorType([rows, scores])


def parse_classifier(scope: Any, model: Any, inputs: Any, custom_parsers: Any = None) -> Any:
    """Labels and confidence as they are; skl2onnx would make a list of mappings of the second."""
    operator = scope.declare_local_operator(f"Slipway{type(model).__name__}", model)
    operator.inputs = inputs
    for name, kind in (("label", Int64TensorType()), ("confidence", DoubleTensorType())):
        operator.outputs.append(scope.declare_local_variable(name, kind))
    return operator.outputs


def regressor_shape(operator: Any) -> None:
    """Numbers, of shape (rows, outputs)."""
    width = getattr(operator.raw_operator, "n_outputs_", 1)
    operator.outputs[0].type = DoubleTensorType([operator.inputs[0].get_first_dimension(), width])


def imputer_shape(operator: Any) -> None:
    """The shape of the input."""
    rows, width = operator.inputs[0].get_first_dimension(), operator.raw_operator.n_features_in_
    operator.outputs[0].type = DoubleTensorType([rows, width])


def tables_shape(operator: Any) -> None:
    """What the tables give together."""
    rows, width = operator.inputs[0].get_first_dimension(), len(operator.raw_operator.order)
    operator.outputs[0].type = DoubleTensorType([rows, width])


def recoded_shape(operator: Any) -> None:
    """The shape of the input."""
    operator.outputs[0].type = DoubleTensorType(operator.inputs[0].type.shape)


SHAPES: dict[type, Callable[[Any], None]] = {
    **dict.fromkeys((*FORESTS, *BOOSTED, *LINEAR), classifier_shape),
    **dict.fromkeys(REGRESSORS, regressor_shape),
    SimpleImputer: imputer_shape,
    Tables: tables_shape,
    Recoded: recoded_shape,
}
PARSERS: dict[type, Callable[..., Any]] = dict.fromkeys(
    (*FORESTS, *BOOSTED, *LINEAR), parse_classifier
)
