"""Transformers that scale or change each column separately, or each row by its norm."""

from collections.abc import Callable
from typing import Any

import numpy as np
from onnx import TensorProto
from scipy import special
from sklearn import impute, preprocessing

from training.conversion.graphs.registry import (
    TRANSFORMERS,
    columns,
    one_hot,
    row_sum,
    writes,
)
from training.onnx.nodes import Nodes, to_vector


def _number(add: Nodes, value: float) -> str:
    return add.constant(np.array(float(value)))


@writes(TRANSFORMERS, preprocessing.StandardScaler, preprocessing.RobustScaler)
def scaler(add: Nodes, model: Any, rows: str) -> str:
    """Subtract the centre, divide by the scale."""
    centre = getattr(model, "mean_" if hasattr(model, "with_std") else "center_")
    is_centred = model.with_mean if hasattr(model, "with_std") else model.with_centering
    if is_centred and centre is not None:
        rows = add("Sub", rows, add.constant(centre))
    if model.scale_ is not None:
        rows = add("Div", rows, add.constant(model.scale_))
    return add("Identity", rows)


@writes(TRANSFORMERS, preprocessing.MinMaxScaler)
def min_max_scaler(add: Nodes, model: Any, rows: str) -> str:
    """Multiply by the scale, add the minimum."""
    scaled = add("Mul", rows, add.constant(model.scale_))
    found = add("Add", scaled, add.constant(model.min_))
    if not model.clip:
        return found
    return add("Clip", found, *(_number(add, one) for one in model.feature_range))


@writes(TRANSFORMERS, preprocessing.MaxAbsScaler)
def max_abs_scaler(add: Nodes, model: Any, rows: str) -> str:
    """Divide by the largest absolute value, and clip if the scaler does."""
    found = add("Div", rows, add.constant(model.scale_))
    if not getattr(model, "clip", False):
        return found
    return add("Clip", found, _number(add, -1.0), _number(add, 1.0))


@writes(TRANSFORMERS, preprocessing.Binarizer)
def binarizer(add: Nodes, model: Any, rows: str) -> str:
    """1 above the threshold, else 0."""
    above = add("Greater", rows, _number(add, model.threshold))
    return add("Cast", above, to=TensorProto.DOUBLE)


@writes(TRANSFORMERS, preprocessing.Normalizer)
def normalizer(add: Nodes, model: Any, rows: str) -> str:
    """Divide each row by its norm."""
    sizes = add("Abs", rows)
    norm = row_sum(add, sizes)
    if model.norm == "l2":
        norm = add("Sqrt", add("ReduceSumSquare", rows, add.constant([1])))
    elif model.norm == "max":
        norm = add("ReduceMax", sizes, add.constant([1]))
    is_zero = add("Equal", norm, _number(add, 0.0))
    return add("Div", rows, add("Where", is_zero, _number(add, 1.0), norm))


@writes(TRANSFORMERS, preprocessing.PowerTransformer)
def power_transformer(add: Nodes, model: Any, rows: str) -> str:
    """A power of each column, then scaled."""
    write = _yeo_johnson if model.method == "yeo-johnson" else _box_cox
    found = [
        write(add, columns(add, rows, [place]), float(exponent))
        for place, exponent in enumerate(model.lambdas_)
    ]
    together = add("Concat", *found, axis=1)
    return scaler(add, model._scaler, together) if model.standardize else together


def _box_cox(add: Nodes, values: str, exponent: float) -> str:
    logarithm = add("Log", values)
    if exponent == 0.0:
        return logarithm
    grown = add("Exp", add("Mul", logarithm, _number(add, exponent)))
    return add("Div", add("Sub", grown, _number(add, 1.0)), _number(add, exponent))


def _yeo_johnson(add: Nodes, values: str, exponent: float) -> str:
    size = add("Abs", values)
    raised = add("Add", size, _number(add, 1.0))
    above = _power_less_one(add, raised, exponent)
    below = add("Neg", _power_less_one(add, raised, 2.0 - exponent))
    is_above = add("GreaterOrEqual", values, _number(add, 0.0))
    return add("Where", is_above, above, below)


def _power_less_one(add: Nodes, raised: str, exponent: float) -> str:
    """The integral of a power: (x to the exponent - 1) / exponent, or the logarithm."""
    if abs(exponent) < np.spacing(1.0):
        return add("Log", raised)
    grown = add("Pow", raised, _number(add, exponent))
    return add("Div", add("Sub", grown, _number(add, 1.0)), _number(add, exponent))


@writes(TRANSFORMERS, preprocessing.KBinsDiscretizer)
def discretizer(add: Nodes, model: Any, rows: str) -> str:
    """The number of the bin of each column, or a column for each bin."""
    found = []
    for place, edges in enumerate(model.bin_edges_):
        column = columns(add, rows, [place])
        passed = add("GreaterOrEqual", column, add.constant(np.asarray(edges[1:-1], float)))
        if len(edges) > 2:
            number = row_sum(add, add("Cast", passed, to=TensorProto.DOUBLE))
        else:
            number = add("Cast", add("Less", column, column), to=TensorProto.DOUBLE)
        if model.encode != "ordinal":
            code = to_vector(add, add("Cast", number, to=TensorProto.INT64))
            is_bin = one_hot(add, code, int(model.n_bins_[place]))
            number = add("Cast", is_bin, to=TensorProto.DOUBLE)
        found.append(number)
    return add("Concat", *found, axis=1)


@writes(TRANSFORMERS, impute.SimpleImputer)
def imputer(add: Nodes, model: Any, rows: str) -> str:
    """Replace missing values by the imputer's statistic."""
    statistics = np.asarray(model.statistics_, dtype=np.float64)
    if np.isnan(statistics).any():
        raise NotImplementedError("an imputer that leaves out empty columns")
    found = add("Where", is_missing(add, model, rows), add.constant(statistics), rows)
    if not model.add_indicator:
        return found
    return add("Concat", found, missing_indicator(add, model.indicator_, rows), axis=1)


def is_missing(add: Nodes, model: Any, rows: str) -> str:
    """Whether each value is the one that an imputer or indicator calls missing."""
    missing = model.missing_values
    if missing is None or isinstance(missing, str):
        raise NotImplementedError("an imputer of other values than numbers")
    if missing != missing:
        return add("IsNaN", rows)
    return add("Equal", rows, _number(add, missing))


@writes(TRANSFORMERS, impute.MissingIndicator)
def missing_indicator(add: Nodes, model: Any, rows: str) -> str:
    """1 where a value is missing."""
    missing = is_missing(add, model, rows)
    return columns(add, add("Cast", missing, to=TensorProto.DOUBLE), model.features_)


# Functions of FunctionTransformer and of transformed targets, each by ONNX operators.
FUNCTIONS: dict[Any, Callable[[Nodes, str], str]] = {
    None: lambda add, rows: add("Identity", rows),
    np.abs: lambda add, rows: add("Abs", rows),
    np.exp: lambda add, rows: add("Exp", rows),
    np.expm1: lambda add, rows: add("Sub", add("Exp", rows), _number(add, 1.0)),
    np.log: lambda add, rows: add("Log", rows),
    np.log1p: lambda add, rows: add("Log", add("Add", rows, _number(add, 1.0))),
    np.log2: lambda add, rows: add("Div", add("Log", rows), _number(add, np.log(2.0))),
    np.log10: lambda add, rows: add("Div", add("Log", rows), _number(add, np.log(10.0))),
    np.sqrt: lambda add, rows: add("Sqrt", rows),
    np.square: lambda add, rows: add("Mul", rows, rows),
    np.reciprocal: lambda add, rows: add("Reciprocal", rows),
    np.negative: lambda add, rows: add("Neg", rows),
    np.tanh: lambda add, rows: add("Tanh", rows),
    np.sign: lambda add, rows: add("Sign", rows),
    special.expit: lambda add, rows: add("Sigmoid", rows),
}


def apply_function(add: Nodes, function: Any, given: Any, rows: str) -> str:
    """A function of NumPy or SciPy, by ONNX operators."""
    if given:
        raise NotImplementedError("a function with arguments")
    try:
        return FUNCTIONS[function](add, rows)
    except (KeyError, TypeError):
        raise NotImplementedError("a function that is not one of NumPy's") from None


@writes(TRANSFORMERS, preprocessing.FunctionTransformer)
def function(add: Nodes, model: Any, rows: str) -> str:
    """A function of NumPy."""
    return apply_function(add, model.func, model.kw_args, rows)
