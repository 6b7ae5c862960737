"""Curves of one input: interpolation, isotonic regression, quantiles and splines."""

import math
from typing import Any

import numpy as np
from numpy.polynomial.chebyshev import Chebyshev
from onnx import TensorProto
from scipy import special
from sklearn import isotonic, preprocessing

from training.conversion.graphs.registry import NUMBERS, TRANSFORMERS, columns, row_sum, writes
from training.onnx.nodes import POINTS, Nodes, to_vector

LEAST_SHARE = 1e-7  # of a normal distribution, in scikit-learn
CHEBYSHEV_TERMS = 40


def _piece(add: Nodes, column: str, inner: Any, compare: str = "Greater") -> str:
    """How many of the inner knots each value, of shape (rows, 1), has passed: shape (rows,)."""
    if not len(inner):
        inner = np.array([np.inf])
    passed = add(compare, column, add.constant(np.asarray(inner, float)[None, :], POINTS))
    return to_vector(add, row_sum(add, add("Cast", passed, to=TensorProto.INT64)))


def interpolated(add: Nodes, column: str, knots: Any, values: Any) -> str:
    """The straight lines through points, and the outermost values beyond; shape (rows, 1)."""
    knots, values = np.asarray(knots, np.float64), np.asarray(values, np.float64)
    if len(knots) == 1:
        return add("Where", add("IsNaN", column), column, add.constant(values[None, :]))
    steps = np.diff(knots)
    slopes = np.divide(np.diff(values), steps, out=np.zeros(len(steps)), where=steps > 0)
    ends = (add.constant(np.array(knots[0])), add.constant(np.array(knots[-1])))
    inside = add("Clip", column, *ends)
    piece = _piece(add, inside, knots[1:-1])
    table = add.constant(np.column_stack((knots[:-1], values[:-1], slopes)))
    start, value, slope = (
        columns(add, add("Gather", table, piece, axis=0), [place]) for place in range(3)
    )
    return add("Add", add("Mul", add("Sub", inside, start), slope), value)


@writes(NUMBERS, isotonic.IsotonicRegression)
def isotonic_regression(add: Nodes, model: Any, rows: str) -> str:
    """The straight lines between the thresholds; NaN beyond, unless the model clips."""
    found = interpolated(add, rows, model.X_thresholds_, model.y_thresholds_)
    if model.out_of_bounds == "clip":
        return found
    low, high = (add.constant(np.array(float(one))) for one in (model.X_min_, model.X_max_))
    is_out = add("Or", add("Less", rows, low), add("Greater", rows, high))
    return add("Where", is_out, add.constant(np.array(np.nan)), found)


@writes(TRANSFORMERS, preprocessing.QuantileTransformer)
def quantiles(add: Nodes, model: Any, rows: str) -> str:
    """The share of the training's values below: the mean of both directions."""
    references = model.references_
    found = []
    for place, own in enumerate(model.quantiles_.T):
        column = columns(add, rows, [place])
        up = interpolated(add, column, own, references)
        down = interpolated(add, add("Neg", column), -own[::-1], -references[::-1])
        mean = add("Mul", add("Sub", up, down), add.constant(np.array(0.5)))
        first, last = (add.constant(np.array(float(one))) for one in (own[0], own[-1]))
        zero, one = add.constant(np.array(0.0)), add.constant(np.array(1.0))
        mean = add("Where", add("GreaterOrEqual", column, last), one, mean)
        found.append(add("Where", add("LessOrEqual", column, first), zero, mean))
    shares = add("Concat", *found, axis=1)
    return shares if model.output_distribution == "uniform" else _normal_quantiles(add, shares)


def _normal_quantiles(add: Nodes, shares: str) -> str:
    """The quantiles of the standard normal distribution, cut where scikit-learn cuts them.

    Up to a share p of one half, the quantile is a smooth function of the square root of -2 log(p).
    A Chebyshev series of SciPy's own function is as exact as that is; above, it is symmetric.
    """
    low = LEAST_SHARE - np.spacing(1.0)
    high = 1.0 - low
    ends = [float(np.sqrt(-2.0 * np.log(share))) for share in (0.5, low)]
    series = Chebyshev.interpolate(
        lambda root: special.ndtri(np.exp(-0.5 * root * root)), CHEBYSHEV_TERMS, ends
    )
    half, one = add.constant(np.array(0.5)), add.constant(np.array(1.0))
    inside = add("Clip", shares, *(add.constant(np.array(end)) for end in (low, high)))
    is_above = add("Greater", inside, half)
    share = add("Where", is_above, add("Sub", one, inside), inside)
    logarithm = add("Mul", add("Log", share), add.constant(np.array(-2.0)))
    root = add("Sqrt", logarithm)
    middle, width = (ends[1] + ends[0]) / 2.0, (ends[1] - ends[0]) / 2.0
    place = add(
        "Div", add("Sub", root, add.constant(np.array(middle))), add.constant(np.array(width))
    )
    twice = add("Mul", place, add.constant(np.array(2.0)))
    last, before = add.constant(np.array(series.coef[-1])), add.constant(np.array(0.0))
    for coefficient in series.coef[-2:0:-1]:  # Clenshaw's recurrence
        found = add("Sub", add("Mul", twice, last), before)
        last, before = add("Add", found, add.constant(np.array(coefficient))), last
    found = add("Sub", add("Mul", place, last), before)
    found = add("Add", found, add.constant(np.array(series.coef[0])))
    return add("Where", is_above, add("Neg", found), found)


@writes(TRANSFORMERS, preprocessing.SplineTransformer)
def splines(add: Nodes, model: Any, rows: str) -> str:
    """Piecewise polynomials: a table with the coefficients of each piece, for each column."""
    if model.extrapolation not in ("constant", "continue") or model.handle_missing != "error":
        raise NotImplementedError(f"splines with extrapolation {model.extrapolation}")
    found = []
    for place, spline in enumerate(model.bsplines_):
        starts = spline.t[spline.k : len(spline.t) - spline.k - 1]
        ends = spline.t[spline.k], spline.t[-spline.k - 1]
        powers = [  # by Taylor: the derivatives at the start of each piece
            spline(starts, nu=power) / math.factorial(power) for power in range(spline.k, -1, -1)
        ]
        column = columns(add, rows, [place])
        if model.extrapolation == "constant":
            column = add("Clip", column, *(add.constant(np.array(float(one))) for one in ends))
        piece = _piece(add, column, starts[1:], "GreaterOrEqual")
        own = add("Gather", add.constant(starts[:, None]), piece, axis=0)
        step = add("Sub", column, own)
        value = add("Gather", add.constant(powers[0]), piece, axis=0)
        for power in powers[1:]:
            term = add("Gather", add.constant(power), piece, axis=0)
            value = add("Add", add("Mul", value, step), term)
        width = spline.c.shape[1] - (not model.include_bias)
        found.append(columns(add, value, range(width)))
    return add("Concat", *found, axis=1)
