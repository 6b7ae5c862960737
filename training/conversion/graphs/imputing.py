"""Imputers that predict missing values from the other columns or from similar rows."""

from typing import Any

import numpy as np
from onnx import TensorProto
from sklearn.experimental import enable_iterative_imputer  # noqa: F401  # defines it

# isort: split
from sklearn import impute

from training.conversion.graphs.distances import nearest_of_all
from training.conversion.graphs.registry import (
    TRANSFORMERS,
    columns,
    numbers,
    row_sum,
    transformed,
    writes,
)
from training.conversion.graphs.scaling import is_missing, missing_indicator
from training.onnx.nodes import POINTS, Nodes

MAX_STEPS = 400  # predictions of one column by the others; each needs nodes
FAR = 1e300  # the distance of rows that have no common values


@writes(TRANSFORMERS, impute.IterativeImputer)
def iterative_imputer(add: Nodes, model: Any, rows: str) -> str:
    """Predict each column with missing values by the others, as often as when it was fitted."""
    if model.sample_posterior:
        raise NotImplementedError("an imputer that draws values")
    if model._is_empty_feature.any():
        raise NotImplementedError("an imputer that leaves out empty columns")
    steps = model.imputation_sequence_ if model.n_iter_ else []
    if len(steps) > MAX_STEPS:
        raise NotImplementedError(f"an imputer with {len(steps)} steps")
    missing = is_missing(add, model, rows)
    first = transformed(add, model.initial_imputer_, rows)
    width = model.n_features_in_
    found = [columns(add, first, [place]) for place in range(width)]
    for step in steps:
        place = int(step.feat_idx)
        others = [found[int(other)] for other in step.neighbor_feat_idx]
        predicted = numbers(add, step.estimator, add("Concat", *others, axis=1))
        ends = (float(model._min_value[place]), float(model._max_value[place]))
        clipped = add("Clip", predicted, *(add.constant(np.array(end)) for end in ends))
        own = columns(add, missing, [place])
        found[place] = add("Where", own, clipped, found[place])
    together = add("Concat", *found, axis=1)
    return _with_indicator(add, model, together, rows)


@writes(TRANSFORMERS, impute.KNNImputer)
def neighbours_imputer(add: Nodes, model: Any, rows: str) -> str:
    """The mean of the nearest rows that have a value, by the columns that both rows have."""
    if model.metric != "nan_euclidean" or model.weights not in (None, "uniform"):
        raise NotImplementedError("neighbours of an imputer by a function, or with weights")
    if not model._valid_mask.all():
        raise NotImplementedError("an imputer that leaves out empty columns")
    missing = is_missing(add, model, rows)
    apart = _distances(add, model, rows, missing)
    found = []
    for place in range(model.n_features_in_):
        donors = np.flatnonzero(~model._mask_fit_X[:, place])
        values = model._fit_X[donors, place]
        count = min(model.n_neighbors, len(donors))
        near, which = nearest_of_all(add, columns(add, apart, donors), count)
        is_near = add("Less", near, add.constant(np.array(FAR)))
        weights = add("Cast", is_near, to=TensorProto.DOUBLE)
        summed = row_sum(add, add("Mul", add("Gather", add.constant(values), which), weights))
        total = row_sum(add, weights)
        mean = add("Div", summed, total)
        is_alone = add("Equal", total, add.constant(np.array(0.0)))
        mean = add("Where", is_alone, add.constant(np.array(float(values.mean()))), mean)
        own = columns(add, missing, [place])
        found.append(add("Where", own, mean, columns(add, rows, [place])))
    return _with_indicator(add, model, add("Concat", *found, axis=1), rows)


def _distances(add: Nodes, model: Any, rows: str, missing: str) -> str:
    """Squared distances to all fitted rows; FAR where two rows have no common values."""
    is_there = ~model._mask_fit_X
    width = model.n_features_in_
    shape = add.constant([-1, 1, width])
    there = add("Cast", add("Not", missing), to=TensorProto.DOUBLE)
    filled = add("Where", missing, add.constant(np.array(0.0)), rows)
    points = np.where(is_there, model._fit_X, 0.0)
    apart = add("Sub", add("Reshape", filled, shape), add.constant(points, POINTS))
    apart = add(
        "Mul", add("Mul", apart, add("Reshape", there, shape)), add.constant(is_there * 1.0)
    )
    summed = add("ReduceSumSquare", apart, add.constant([2]), keepdims=0)
    common = add("MatMul", there, add.constant(is_there.T * 1.0))
    mean = add("Div", summed, common)
    no_common = add("Equal", common, add.constant(np.array(0.0)))
    return add("Where", no_common, add.constant(np.array(FAR)), mean)


def _with_indicator(add: Nodes, model: Any, found: str, rows: str) -> str:
    if not model.add_indicator:
        return found
    return add("Concat", found, missing_indicator(add, model.indicator_, rows), axis=1)
