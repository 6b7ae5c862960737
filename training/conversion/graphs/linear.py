"""Linear models, discriminant analyses and neural networks."""

from typing import Any

import numpy as np
from sklearn import linear_model, svm
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
from sklearn.neural_network import MLPClassifier, MLPRegressor

from training.conversion.graphs.registry import (
    CLASSIFIERS,
    NUMBERS,
    Classified,
    argmax,
    columns,
    row_sum,
    writes,
)
from training.onnx.nodes import Nodes, sigmoids, to_column, to_vector

WITH_SCORES = (
    *(svm.LinearSVC, linear_model.Perceptron, linear_model.PassiveAggressiveClassifier),
    *(linear_model.RidgeClassifier, linear_model.RidgeClassifierCV, linear_model.SGDClassifier),
)
WITH_PROBABILITIES = (
    *(linear_model.LogisticRegression, linear_model.LogisticRegressionCV),
    LinearDiscriminantAnalysis,
)
REGRESSORS = (
    *(linear_model.ARDRegression, linear_model.BayesianRidge, linear_model.ElasticNet),
    *(linear_model.ElasticNetCV, linear_model.HuberRegressor, linear_model.Lars),
    *(linear_model.LarsCV, linear_model.Lasso, linear_model.LassoCV, linear_model.LassoLars),
    *(linear_model.LassoLarsCV, linear_model.LassoLarsIC, linear_model.LinearRegression),
    *(linear_model.MultiTaskElasticNet, linear_model.MultiTaskElasticNetCV),
    *(linear_model.MultiTaskLasso, linear_model.MultiTaskLassoCV),
    *(linear_model.OrthogonalMatchingPursuit, linear_model.OrthogonalMatchingPursuitCV),
    *(linear_model.PassiveAggressiveRegressor, linear_model.QuantileRegressor),
    *(linear_model.Ridge, linear_model.RidgeCV, linear_model.SGDRegressor),
    *(linear_model.TheilSenRegressor, svm.LinearSVR),
)
WITH_LINK = (
    linear_model.PoissonRegressor,
    linear_model.GammaRegressor,
    linear_model.TweedieRegressor,
)
ACTIVATIONS = {"relu": "Relu", "tanh": "Tanh", "logistic": "Sigmoid"}


def sums(add: Nodes, rows: str, weights: Any, start: Any) -> str:
    """The rows times the transposed weights, of shape (outputs, columns), plus the start."""
    across = np.atleast_2d(np.asarray(weights, np.float64)).T
    begin = np.broadcast_to(np.asarray(start, np.float64).ravel(), across.shape[1:])
    if across.shape[1] > 1:
        return add("Add", add("MatMul", rows, add.constant(across)), add.constant(begin))
    together = to_vector(add, add("MatMul", rows, add.constant(across)))
    return to_column(add, add("Add", together, add.constant(begin)))


def binary_by_score(add: Nodes, classes: Any, scores: str, compare: str = "Greater") -> Classified:
    """A classifier of two classes by scores of shape (rows, 1), without probabilities."""
    zero = add.constant(np.array(0.0))
    return Classified(
        add,
        classes,
        lambda: add(compare, to_vector(add, scores), zero),
        is_binary=True,
        scores=lambda: scores,
    )


@writes(CLASSIFIERS, *WITH_SCORES, *WITH_PROBABILITIES)
def linear_classifier(add: Nodes, model: Any, rows: str) -> Classified:
    """Scores, and probabilities if the model has them."""
    scores = sums(add, rows, model.coef_, model.intercept_)
    has = hasattr(model, "predict_proba")
    if len(model.classes_) > 2:
        return Classified(
            add,
            model.classes_,
            lambda: argmax(add, scores),
            scores=lambda: scores,
            probabilities=(lambda: _multiclass(add, model, scores)) if has else None,
        )
    zero = add.constant(np.array(0.0))
    return Classified(
        add,
        model.classes_,
        lambda: add("Greater", to_vector(add, scores), zero),
        is_binary=True,
        scores=lambda: scores,
        probabilities=(lambda: _binary(add, model, scores)) if has else None,
    )


def _is_huber(model: Any) -> bool:
    return getattr(model, "loss", "") == "modified_huber"


def _binary(add: Nodes, model: Any, scores: str) -> str:
    if not _is_huber(model):
        return sigmoids(add, to_vector(add, scores))
    one, two = add.constant(np.array(1.0)), add.constant(np.array(2.0))
    inside = add("Clip", scores, add.constant(np.array(-1.0)), one)
    second = add("Div", add("Add", inside, one), two)
    return add("Concat", add("Sub", one, second), second, axis=1)


def _multiclass(add: Nodes, model: Any, scores: str) -> str:
    if _is_huber(model):
        raise NotImplementedError("the loss modified_huber with several classes")
    if isinstance(model, linear_model.SGDClassifier):
        each = add("Sigmoid", scores)
        return add("Div", each, row_sum(add, each))
    if getattr(model, "solver", "") == "liblinear":
        raise NotImplementedError("one model for each class")
    return add("Softmax", scores, axis=1)


@writes(CLASSIFIERS, QuadraticDiscriminantAnalysis)
def quadratic(add: Nodes, model: Any, rows: str) -> Classified:
    """The distance to each class by its own covariance."""
    found = []
    for place, prior in enumerate(model.priors_):
        scales = model.scalings_[place]
        turn = model.rotations_[place] * scales**-0.5
        centred = add("Sub", rows, add.constant(model.means_[place]))
        squares = add(
            "ReduceSumSquare", add("MatMul", centred, add.constant(turn)), add.constant([1])
        )
        start = np.log(prior) - 0.5 * np.sum(np.log(scales))
        half = add("Mul", squares, add.constant(np.array(-0.5)))
        found.append(add("Add", half, add.constant(np.array(start))))
    scores = add("Concat", *found, axis=1)
    return by_likelihood(add, model.classes_, scores)


def by_likelihood(add: Nodes, classes: Any, scores: str) -> Classified:
    """A classifier by logarithms of likelihoods, of shape (rows, classes)."""

    def differences() -> str:
        if len(classes) > 2:
            return scores
        return add("Sub", columns(add, scores, [1]), columns(add, scores, [0]))

    return Classified(
        add,
        classes,
        lambda: argmax(add, scores),
        probabilities=lambda: add("Softmax", scores, axis=1),
        scores=differences,
    )


@writes(NUMBERS, *REGRESSORS)
def linear_regressor(add: Nodes, model: Any, rows: str) -> str:
    """One sum for each output."""
    return sums(add, rows, model.coef_, model.intercept_)


@writes(NUMBERS, *WITH_LINK)
def linked_regressor(add: Nodes, model: Any, rows: str) -> str:
    """The link function of the sum."""
    found = linear_regressor(add, model, rows)
    link = getattr(model, "link", "log")
    if link == "identity" or (link == "auto" and model.power <= 0):
        return found
    return add("Exp", found)


def _layers(add: Nodes, model: Any, rows: str) -> str:
    for place, (weights, start) in enumerate(zip(model.coefs_, model.intercepts_, strict=True)):
        rows = sums(add, rows, weights.T, start)
        if place + 1 < len(model.coefs_) and model.activation != "identity":
            rows = add(ACTIVATIONS[model.activation], rows)
    return rows


@writes(NUMBERS, MLPRegressor)
def network(add: Nodes, model: Any, rows: str) -> str:
    """The sums of the last layer."""
    if model.out_activation_ != "identity":
        raise NotImplementedError(f"the activation {model.out_activation_} of the output")
    return _layers(add, model, rows)


@writes(CLASSIFIERS, MLPClassifier)
def network_classifier(add: Nodes, model: Any, rows: str) -> Classified:
    """A softmax or a sigmoid of the last layer."""
    last = _layers(add, model, rows)
    if model.out_activation_ == "softmax":
        probabilities = add("Softmax", last, axis=1)
        return Classified(
            add,
            model.classes_,
            lambda: argmax(add, probabilities),
            probabilities=lambda: probabilities,
        )
    if model.n_outputs_ > 1:
        raise NotImplementedError("a network with several labels")
    second = add("Sigmoid", to_vector(add, last))
    half = add.constant(np.array(0.5))
    return Classified(
        add,
        model.classes_,
        lambda: add("Greater", second, half),
        is_binary=True,
        probabilities=lambda: sigmoids(add, to_vector(add, last)),
    )
