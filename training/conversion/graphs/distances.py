"""Clusters, centroids and neighbours: estimators that compare distances."""

from typing import Any

import numpy as np
from onnx import TensorProto
from sklearn import cluster, neighbors
from sklearn.covariance import EllipticEnvelope

from training.conversion.graphs.linear import by_likelihood, sums
from training.conversion.graphs.registry import (
    CLASSIFIERS,
    NUMBERS,
    TRANSFORMERS,
    Classified,
    argmax,
    columns,
    row_sum,
    writes,
)
from training.conversion.graphs.trees import outliers
from training.onnx.nodes import POINTS, Nodes

EUCLIDEAN = ("euclidean", "l2")
MANHATTAN = ("manhattan", "l1", "cityblock")
KMEANS = (cluster.KMeans, cluster.MiniBatchKMeans)
NEIGHBOURS = (neighbors.KNeighborsClassifier, neighbors.RadiusNeighborsClassifier)
WITHIN = (neighbors.RadiusNeighborsClassifier, neighbors.RadiusNeighborsRegressor)


def squared(add: Nodes, rows: str, points: Any) -> str:
    """Squared Euclidean distances of each row to each point, of shape (rows, points).

    The differences are squared: from the squares of both, near points would lose digits.
    """
    apart = _differences(add, rows, points)
    return add("ReduceSumSquare", apart, add.constant([2]), keepdims=0)


def _differences(add: Nodes, rows: str, points: Any) -> str:
    """Differences of shape (rows, points, inputs)."""
    shape = add.constant([-1, 1, np.shape(points)[1]])
    return add("Sub", add("Reshape", rows, shape), add.constant(np.asarray(points, float), POINTS))


def _power(model: Any) -> int:
    """2 if the model's metric is Euclidean, 1 if it is Manhattan's."""
    metric = getattr(model, "effective_metric_", model.metric)
    power = (getattr(model, "effective_metric_params_", None) or {}).get("p", 2)
    if metric in EUCLIDEAN or (metric == "minkowski" and power == 2):
        return 2
    if metric in MANHATTAN or (metric == "minkowski" and power == 1):
        return 1
    raise NotImplementedError(f"the metric {metric}")


def distances(add: Nodes, rows: str, points: Any, model: Any) -> str:
    """Distances of each row to each point, of shape (rows, points), by the model's metric."""
    if _power(model) == 2:
        return add("Sqrt", squared(add, rows, points))
    apart = add("Abs", _differences(add, rows, points))
    return add("ReduceSum", apart, add.constant([2]), keepdims=0)


def nearest(add: Nodes, rows: str, points: Any) -> str:
    """The position of the nearest point, as scikit-learn finds it: without the rows' squares."""
    centres = np.asarray(points, np.float64)
    found = sums(add, rows, 2.0 * centres, -(centres * centres).sum(axis=1))
    return argmax(add, found)


@writes(CLASSIFIERS, *KMEANS, cluster.MeanShift, cluster.AffinityPropagation)
def clusters(add: Nodes, model: Any, rows: str) -> Classified:
    """The nearest centre."""
    centres = model.cluster_centers_
    return Classified(add, np.arange(len(centres)), lambda: nearest(add, rows, centres))


@writes(CLASSIFIERS, cluster.Birch)
def birch(add: Nodes, model: Any, rows: str) -> Classified:
    """The label of the nearest subcluster."""
    found = model.subcluster_labels_

    def place() -> str:
        return add("Gather", add.constant(found), nearest(add, rows, model.subcluster_centers_))

    return Classified(add, np.arange(found.max() + 1), place)


@writes(CLASSIFIERS, cluster.BisectingKMeans)
def bisecting(add: Nodes, model: Any, rows: str) -> Classified:
    """The leaf of a tree in which each node selects the nearer of two centres."""

    def label(node: Any) -> str:
        if node.left is None:
            return add.constant(np.array(int(node.label)))
        centres = np.vstack((node.left.center, node.right.center))
        centres = centres + getattr(model, "_X_mean", 0.0)
        is_left = add("Equal", nearest(add, rows, centres), add.constant(np.array(0)))
        return add("Where", is_left, label(node.left), label(node.right))

    return Classified(add, np.arange(model.n_clusters), lambda: label(model._bisecting_tree))


@writes(TRANSFORMERS, *KMEANS, cluster.Birch, cluster.BisectingKMeans)
def distances_to_centres(add: Nodes, model: Any, rows: str) -> str:
    """The distances to all centres."""
    is_birch = isinstance(model, cluster.Birch)
    centres = model.subcluster_centers_ if is_birch else model.cluster_centers_
    return add("Sqrt", squared(add, rows, centres))


@writes(CLASSIFIERS, neighbors.NearestCentroid)
def nearest_centroid(add: Nodes, model: Any, rows: str) -> Classified:
    """The nearest centroid; scores are of inputs divided by their deviation."""
    by_prior = not np.isclose(model.class_prior_, 1 / len(model.classes_)).all()
    if model.metric not in EUCLIDEAN:
        if by_prior:
            raise NotImplementedError("priors of classes with another metric")
        apart = distances(add, rows, model.centroids_, model)
        return Classified(add, model.classes_, lambda: add("ArgMin", apart, axis=1, keepdims=0))
    deviations = np.where(model.within_class_std_dev_ != 0, model.within_class_std_dev_, 1.0)
    scaled = add("Div", rows, add.constant(deviations))
    apart = squared(add, scaled, model.centroids_ / deviations)
    start = add.constant(2.0 * np.log(model.class_prior_))
    found = by_likelihood(add, model.classes_, add("Sub", start, apart))
    return Classified(
        add,
        model.classes_,
        lambda: found.index if by_prior else nearest(add, rows, model.centroids_),
        probabilities=lambda: found.probabilities,
        scores=lambda: found.scores,
    )


def _weighted(add: Nodes, model: Any, apart: str) -> str:
    """The neighbours' weights, of the shape of their distances."""
    if model.weights != "distance":
        raise NotImplementedError("weights of a function")
    zero = add("Cast", add("Equal", apart, add.constant(np.array(0.0))), to=TensorProto.DOUBLE)
    has_zero = add("Cast", add("ReduceMax", zero, add.constant([1])), to=TensorProto.BOOL)
    return add("Where", has_zero, zero, add("Reciprocal", apart))


def _of_neighbours(add: Nodes, model: Any, rows: str, values: Any) -> str:
    """The mean of the neighbours' values, of shape (points, columns)."""
    if isinstance(model, WITHIN):
        apart = distances(add, rows, _points(model), model)
        is_near = add("LessOrEqual", apart, add.constant(np.array(float(model.radius))))
        near = add("Cast", is_near, to=TensorProto.DOUBLE)
        if model.weights not in (None, "uniform"):
            raise NotImplementedError("weights within a radius")
        return add("Div", add("MatMul", near, add.constant(values)), row_sum(add, near))
    count = model.n_neighbors
    which = neighbours(add, model, rows, count)
    own = add("Gather", add.constant(values), which)  # (rows, neighbours, columns)
    if model.weights in (None, "uniform"):
        summed = add("ReduceSum", own, add.constant([1]), keepdims=0)
        return add("Div", summed, add.constant(np.array(float(count))))
    weights = _weighted(add, model, to_neighbours(add, model, rows, which))
    tall = add("Reshape", weights, add.constant([-1, count, 1]))
    summed = add("ReduceSum", add("Mul", own, tall), add.constant([1]), keepdims=0)
    return add("Div", summed, row_sum(add, weights))


def neighbours(add: Nodes, model: Any, rows: str, count: int) -> str:
    """The positions of the nearest points, of shape (rows, count)."""
    points = np.asarray(_points(model), np.float64)
    if _power(model) != 2:
        return nearest_of_all(add, distances(add, rows, points, model), count)[1]
    middle = points.mean(axis=0)
    centred = points - middle
    # The row's own square is left out: it is the same for all points, and would cost digits.
    products = add("MatMul", add("Sub", rows, add.constant(middle)), _twice(add, centred))
    ranks = add("Add", products, add.constant((centred * centred).sum(axis=1)))
    return nearest_of_all(add, ranks, count)[1]


def _twice(add: Nodes, points: Any) -> str:
    return add.constant(-2.0 * points.T, POINTS)


def to_neighbours(add: Nodes, model: Any, rows: str, which: str) -> str:
    """The distances to the points at these positions, of shape (rows, count)."""
    points = _points(model)
    shape = add.constant([-1, 1, points.shape[1]])
    apart = add("Sub", add("Reshape", rows, shape), add("Gather", add.constant(points), which))
    if _power(model) == 1:
        return add("ReduceSum", add("Abs", apart), add.constant([2]), keepdims=0)
    return add("Sqrt", add("ReduceSumSquare", apart, add.constant([2]), keepdims=0))


def _points(model: Any) -> Any:
    if not isinstance(model._fit_X, np.ndarray):
        raise NotImplementedError("neighbours of sparse rows")
    return model._fit_X


def nearest_of_all(add: Nodes, apart: str, count: int) -> tuple[str, str]:
    """The smallest distances and their positions, each of shape (rows, count)."""
    found = add.scope.get_unique_variable_name("nearest")
    which = add.scope.get_unique_variable_name("which")
    add.container.add_node(
        "TopK",
        [apart, add.constant([count])],
        [found, which],
        name=add.scope.get_unique_operator_name("TopK"),
        axis=1,
        largest=0,
        sorted=1,
    )
    return found, which


@writes(CLASSIFIERS, *NEIGHBOURS)
def neighbours_classifier(add: Nodes, model: Any, rows: str) -> Classified:
    """The most frequent class among the neighbours."""
    if model.outputs_2d_:
        raise NotImplementedError("several outputs of neighbours")
    known = np.eye(len(model.classes_))[np.ravel(model._y)]
    probabilities = _of_neighbours(add, model, rows, known)
    outlier = getattr(model, "outlier_label_", None)
    if outlier is not None:
        usual = np.asarray(model.classes_) == np.ravel(outlier)[0]
        is_alone = add("IsNaN", probabilities)
        probabilities = add("Where", is_alone, add.constant(usual.astype(float)), probabilities)
    return Classified(
        add, model.classes_, lambda: argmax(add, probabilities), probabilities=lambda: probabilities
    )


@writes(NUMBERS, neighbors.KNeighborsRegressor, neighbors.RadiusNeighborsRegressor)
def neighbours_regressor(add: Nodes, model: Any, rows: str) -> str:
    """The mean of the neighbours."""
    values = np.asarray(model._y, np.float64)
    return _of_neighbours(add, model, rows, values.reshape(len(values), -1))


@writes(CLASSIFIERS, neighbors.LocalOutlierFactor)
def local_outlier_factor(add: Nodes, model: Any, rows: str) -> Classified:
    """The density of a row, compared with that of its neighbours."""
    count = model.n_neighbors_
    which = neighbours(add, model, rows, count)
    apart = to_neighbours(add, model, rows, which)
    reach = add("Gather", add.constant(model._distances_fit_X_[:, count - 1]), which)
    # The larger one of both. ONNX's Max is not among the operators that a model may use.
    reached = add("Where", add("Greater", apart, reach), apart, reach)
    mean = add("ReduceMean", reached, add.constant([1]), keepdims=1)
    density = add("Reciprocal", add("Add", mean, add.constant(np.array(1e-10))))
    ratios = add("Div", add("Gather", add.constant(model._lrd), which), density)
    scores = add("Neg", add("ReduceMean", ratios, add.constant([1]), keepdims=1))
    return outliers(add, add("Sub", scores, add.constant(np.array(float(model.offset_)))))


@writes(CLASSIFIERS, EllipticEnvelope)
def elliptic_envelope(add: Nodes, model: Any, rows: str) -> Classified:
    """The distance from the centre, by the covariance."""
    centred = add("Sub", rows, add.constant(model.location_))
    turned = add("MatMul", centred, add.constant(model.get_precision()))
    apart = row_sum(add, add("Mul", turned, centred))
    return outliers(add, add("Sub", add.constant(np.array(-float(model.offset_))), apart))


@writes(TRANSFORMERS, neighbors.KNeighborsTransformer, neighbors.RadiusNeighborsTransformer)
def neighbours_transformer(add: Nodes, model: Any, rows: str) -> str:
    """The distances to the neighbours, 0 to all other points."""
    apart = distances(add, rows, _points(model), model)
    if isinstance(model, neighbors.RadiusNeighborsTransformer):
        limit = add.constant(np.array(float(model.radius)))
    else:
        count = model.n_neighbors + (model.mode == "distance")
        limit = columns(add, nearest_of_all(add, apart, count)[0], [count - 1])
    is_near = add("LessOrEqual", apart, limit)
    one = apart if model.mode == "distance" else add.constant(np.array(1.0))
    return add("Where", is_near, one, add.constant(np.array(0.0)))
