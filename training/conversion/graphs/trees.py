"""Trees, forests, boosting, and other estimators that are ensembles of trees."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from onnx import TensorProto
from sklearn import ensemble, tree
from sklearn.ensemble._iforest import _average_path_length

from training.conversion.graphs.registry import (
    CLASSIFIERS,
    NUMBERS,
    SEVERAL,
    TRANSFORMERS,
    Classified,
    argmax,
    columns,
    writes,
)
from training.onnx.nodes import Nodes, sigmoids, to_column, to_vector
from training.onnx.trees import Tree, Trees, as_float32, trees_of

FORESTS = (
    ensemble.RandomForestClassifier,
    ensemble.ExtraTreesClassifier,
    tree.DecisionTreeClassifier,
    tree.ExtraTreeClassifier,
)
BOOSTED = (ensemble.GradientBoostingClassifier, ensemble.HistGradientBoostingClassifier)
REGRESSORS = (
    ensemble.RandomForestRegressor,
    ensemble.ExtraTreesRegressor,
    tree.DecisionTreeRegressor,
    tree.ExtraTreeRegressor,
    ensemble.GradientBoostingRegressor,
    ensemble.HistGradientBoostingRegressor,
)


def summed(add: Nodes, model: Any, rows: str) -> str:
    """The sums of the trees' values, before the division or the link function."""
    make, _, rounded = trees_of(model)
    if getattr(model, "_preprocessor", None) is not None:
        rows = _with_codes(add, model._preprocessor, rows)
    if rounded:
        rows = as_float32(rows, add.scope, add.container)
    return make().write(rows, add.scope, add.container)


def _with_codes(add: Nodes, encoder: Any, rows: str) -> str:
    """The columns of categories as their codes, NaN for others, and then all other columns."""
    found = []
    (_, ordinal, first), (_, _, others) = encoder.transformers_
    for place, known in zip(_places(first), ordinal.categories_, strict=True):
        is_known = add("Equal", columns(add, rows, [place]), add.constant(known.astype(float)))
        each = add("Cast", is_known, to=TensorProto.DOUBLE)
        code = to_column(add, add("Cast", argmax(add, each), to=TensorProto.DOUBLE))
        is_any = add("Cast", add("ReduceMax", each, add.constant([1])), to=TensorProto.BOOL)
        found.append(add("Where", is_any, code, add.constant(np.array(np.nan))))
    return add("Concat", *found, columns(add, rows, _places(others)), axis=1)


def _places(chosen: Any) -> list[int]:
    """The positions that a mask selects, or positions themselves."""
    given = np.asarray(chosen)
    found = np.flatnonzero(given) if given.dtype == bool else given
    return [int(place) for place in found]


@writes(CLASSIFIERS, *FORESTS)
def forest_classifier(add: Nodes, model: Any, rows: str) -> Classified:
    """Mean of the trees' probabilities, and the first of the most probable classes."""
    if model.n_outputs_ > 1:
        raise NotImplementedError("several outputs of one forest")
    count = np.array(float(trees_of(model)[1]))
    probabilities = add("Div", summed(add, model, rows), add.constant(count))
    return Classified(
        add, model.classes_, lambda: argmax(add, probabilities), probabilities=lambda: probabilities
    )


@writes(SEVERAL, *FORESTS)
def forests_of_outputs(add: Nodes, model: Any, rows: str) -> list[Classified]:
    """One forest for each output: a leaf has the probabilities of all outputs."""
    rows = as_float32(rows, add.scope, add.container)
    trees = [one.tree_ for one in getattr(model, "estimators_", [model])]
    found = []
    for place, classes in enumerate(model.classes_):
        own = [_of_output(one, place, len(classes)) for one in trees]
        written = Trees.summed(own).write(rows, add.scope, add.container)
        found.append(_mean(add, written, len(trees), classes))
    return found


def _mean(add: Nodes, written: str, count: int, classes: Any) -> Classified:
    probabilities = add("Div", written, add.constant(np.array(float(count))))
    return Classified(
        add, classes, lambda: argmax(add, probabilities), probabilities=lambda: probabilities
    )


def _of_output(one: Any, place: int, count: int) -> Tree:
    return Tree.of(one, one.value[:, place, :count])


@writes(CLASSIFIERS, *BOOSTED)
def boosted_classifier(add: Nodes, model: Any, rows: str) -> Classified:
    """A sigmoid or softmax of the raw predictions."""
    loss = type(model._loss).__name__
    if loss not in ("HalfBinomialLoss", "HalfMultinomialLoss"):
        raise NotImplementedError(f"the loss {loss}")
    raw = summed(add, model, rows)
    if loss == "HalfMultinomialLoss":
        return Classified(
            add,
            model.classes_,
            lambda: argmax(add, raw),
            probabilities=lambda: add("Softmax", raw, axis=1),
            scores=lambda: raw,
        )
    scores = to_vector(add, raw)
    compare = "Greater" if hasattr(model, "_predictors") else "GreaterOrEqual"
    return Classified(
        add,
        model.classes_,
        lambda: add(compare, scores, add.constant(np.array(0.0))),
        is_binary=True,
        probabilities=lambda: sigmoids(add, scores),
        scores=lambda: to_column(add, scores),
    )


@writes(NUMBERS, *REGRESSORS)
def tree_regressor(add: Nodes, model: Any, rows: str) -> str:
    """Mean of the trees, or the link function of their sum."""
    raw = summed(add, model, rows)
    link = type(model._loss.link).__name__ if hasattr(model, "_predictors") else "IdentityLink"
    if link == "LogLink":
        return add("Exp", raw)
    if link != "IdentityLink":
        raise NotImplementedError(f"the link {link}")
    return add("Div", raw, add.constant(np.array(float(trees_of(model)[1]))))


@writes(CLASSIFIERS, ensemble.AdaBoostClassifier)
def ada_boost(add: Nodes, model: Any, rows: str) -> Classified:
    """Each tree votes with its weight for its class, and against all others."""
    classes, count = model.classes_, len(model.classes_)
    votes = []
    for one, weight in zip(model.estimators_, model.estimator_weights_, strict=False):
        if type(one) not in FORESTS[2:] or not np.array_equal(one.classes_, classes):
            raise NotImplementedError("AdaBoost of other estimators than trees of all classes")
        read = Tree.of(one.tree_)
        against = -1 / (count - 1) * weight
        is_voted = read.value.argmax(axis=1)[:, None] == np.arange(count)
        votes.append(replace(read, value=np.where(is_voted, weight, against)))
    rounded = as_float32(rows, add.scope, add.container)
    written = Trees.summed(votes).write(rounded, add.scope, add.container)
    scores = add("Div", written, add.constant(np.array(model.estimator_weights_.sum())))
    if count == 2:
        return _binary(add, classes, scores)
    shrunk = add.constant(np.array(float(count - 1)))
    return Classified(
        add,
        classes,
        lambda: argmax(add, scores),
        probabilities=lambda: add("Softmax", add("Div", scores, shrunk), axis=1),
        scores=lambda: scores,
    )


def _binary(add: Nodes, classes: Any, scores: str) -> Classified:
    difference = add("Sub", columns(add, scores, [1]), columns(add, scores, [0]))
    return Classified(
        add,
        classes,
        lambda: add("Greater", to_vector(add, difference), add.constant(np.array(0.0))),
        is_binary=True,
        probabilities=lambda: sigmoids(add, to_vector(add, difference)),
        scores=lambda: difference,
    )


@writes(CLASSIFIERS, ensemble.IsolationForest)
def isolation_forest(add: Nodes, model: Any, rows: str) -> Classified:
    """Outliers are isolated by few splits: the trees' leaves have the lengths of the paths."""
    lengths = []
    each = zip(
        model.estimators_,
        model.estimators_features_,
        model._decision_path_lengths,
        model._average_path_length_per_tree,
        strict=True,
    )
    for one, features, path, average in each:
        read = Tree.of(one.tree_)
        length = (path + average - 1.0)[:, None]
        lengths.append(replace(read, value=length, feature=features[read.feature]))
    rounded = as_float32(rows, add.scope, add.container)
    depths = Trees.summed(lengths).write(rounded, add.scope, add.container)
    most_depth = len(lengths) * _average_path_length([model._max_samples])[0]
    exponent = add("Div", depths, add.constant(np.array(-float(most_depth))))
    scores = add("Neg", add("Pow", add.constant(np.array(2.0)), exponent))
    scores = add("Sub", scores, add.constant(np.array(float(model.offset_))))
    return outliers(add, scores)


def outliers(add: Nodes, scores: str, compare: str = "GreaterOrEqual") -> Classified:
    """1 where the score, of shape (rows, 1), is at least 0, else -1."""
    zero = add.constant(np.array(0.0))
    return Classified(
        add,
        np.array([-1, 1]),
        lambda: add(compare, to_vector(add, scores), zero),
        is_binary=True,
        scores=lambda: scores,
    )


@writes(TRANSFORMERS, ensemble.RandomTreesEmbedding)
def embedding(add: Nodes, model: Any, rows: str) -> str:
    """A column for each leaf of each tree: 1 for the row's leaf."""
    trees: Sequence[Any] = [one.tree_ for one in model.estimators_]
    width = sum(int((one.children_left < 0).sum()) for one in trees)
    written, start = Trees(width), 0
    for one, known in zip(trees, model.one_hot_encoder_.categories_, strict=True):
        read = Tree.of(one)
        if not np.array_equal(np.flatnonzero(read.leaf), known):
            raise NotImplementedError("trees with leaves that no row of the sample reached")
        targets = np.zeros(len(read.leaf), int)
        targets[read.leaf] = start + np.arange(len(known))
        written.add(read, np.ones(len(read.leaf)), targets)
        start += len(known)
    return written.write(as_float32(rows, add.scope, add.container), add.scope, add.container)
