"""Support vector machines, Gaussian processes and other estimators with a kernel."""

from itertools import combinations
from typing import Any

import numpy as np
from sklearn import gaussian_process, kernel_approximation, kernel_ridge, linear_model, svm
from sklearn.gaussian_process import kernels
from sklearn.semi_supervised import LabelPropagation, LabelSpreading

from training.conversion.graphs.distances import squared
from training.conversion.graphs.linear import binary_by_score, sums
from training.conversion.graphs.registry import (
    CLASSIFIERS,
    NUMBERS,
    TRANSFORMERS,
    Classified,
    argmax,
    row_sum,
    writes,
)
from training.conversion.graphs.trees import outliers
from training.onnx.nodes import POINTS, Nodes


def kernel(
    add: Nodes, rows: str, points: Any, kind: Any, gamma: float, coef0: float, degree: float
) -> str:
    """A kernel of the rows and points, of shape (rows, points)."""
    given = np.asarray(points, np.float64)
    if kind == "rbf":
        squares = (given * given).sum(axis=1)
        twice = add("MatMul", rows, add.constant(-2.0 * given.T, POINTS))
        own = add("ReduceSumSquare", rows, add.constant([1]))
        apart = add("Add", add("Add", twice, add.constant(squares)), own)
        above = add("Relu", apart)  # rounding may make it negative
        return add("Exp", add("Mul", above, add.constant(np.array(-gamma))))
    if kind == "linear":
        return add("MatMul", rows, add.constant(given.T, POINTS))
    products = add("MatMul", rows, add.constant(gamma * given.T, POINTS))
    moved = add("Add", products, add.constant(np.array(float(coef0))))
    if kind in ("poly", "polynomial"):
        return add("Pow", moved, add.constant(np.array(float(degree))))
    if kind == "sigmoid":
        return add("Tanh", moved)
    raise NotImplementedError(f"the kernel {kind}")


def _of_support(add: Nodes, model: Any, rows: str) -> str:
    if not isinstance(model.support_vectors_, np.ndarray):
        raise NotImplementedError("sparse support vectors")
    given = model.kernel, float(model._gamma), model.coef0, model.degree
    return kernel(add, rows, model.support_vectors_, *given)


@writes(NUMBERS, svm.SVR, svm.NuSVR)
def support_regressor(add: Nodes, model: Any, rows: str) -> str:
    """The weighted sum of the kernel."""
    return sums(add, _of_support(add, model, rows), model.dual_coef_, model.intercept_)


@writes(CLASSIFIERS, svm.OneClassSVM)
def one_class_svm(add: Nodes, model: Any, rows: str) -> Classified:
    """1 where the weighted sum of the kernel is positive, else -1."""
    scores = sums(add, _of_support(add, model, rows), model.dual_coef_, model.intercept_)
    return outliers(add, scores, "Greater")


@writes(CLASSIFIERS, linear_model.SGDOneClassSVM)
def linear_one_class(add: Nodes, model: Any, rows: str) -> Classified:
    """1 where the score is not negative, else -1."""
    return outliers(add, sums(add, rows, model.coef_, -model.offset_))


@writes(CLASSIFIERS, svm.SVC, svm.NuSVC)
def support_classifier(add: Nodes, model: Any, rows: str) -> Classified:
    """Each pair of classes votes; scores are by class."""
    if model.probability is True:
        raise NotImplementedError("probabilities of support vectors")
    found = _of_support(add, model, rows)
    if len(model.classes_) == 2:
        scores = sums(add, found, model.dual_coef_, model.intercept_)
        return binary_by_score(add, model.classes_, scores, "GreaterOrEqual")
    if model.decision_function_shape != "ovr":
        raise NotImplementedError("scores of pairs")
    scores = sums(add, found, _pairs(model), model.intercept_)
    zero = add.constant(np.array(0.0))
    is_first = add("Greater", scores, zero)
    count = len(model.classes_)
    votes = pair_votes(add, is_first, count)
    confident = by_class(add, votes, add("Neg", scores), count)
    return Classified(
        add,
        model.classes_,
        lambda: argmax(add, confident if model.break_ties else votes),
        scores=lambda: confident,
    )


def _pairs(model: Any) -> Any:
    """The weights of the support vectors for each pair of classes."""
    ends = np.cumsum(model._n_support)
    own = [slice(end - size, end) for end, size in zip(ends, model._n_support, strict=True)]
    pairs = list(combinations(range(len(own)), 2))
    weights = np.zeros((len(pairs), model.dual_coef_.shape[1]))
    for place, (one, other) in enumerate(pairs):
        weights[place, own[one]] = model.dual_coef_[other - 1, own[one]]
        weights[place, own[other]] = model.dual_coef_[one, own[other]]
    return weights


def pair_votes(add: Nodes, is_first: str, count: int) -> str:
    """How many pairs vote for each class; `is_first` has shape (rows, pairs)."""
    first, second = _members(count)
    one = add("Where", is_first, add.constant(np.array(1.0)), add.constant(np.array(0.0)))
    return sums(add, one, (first - second).T, second.sum(axis=0))


def by_class(add: Nodes, votes: str, confident: str, count: int) -> str:
    """scikit-learn's score of each class: votes, and confidence where votes are equal.

    `confident` is how confident each pair is in its second class, of shape (rows, pairs).
    """
    first, second = _members(count)
    summed = sums(add, confident, (second - first).T, 0.0)
    three = add.constant(np.array(3.0))
    size = add("Mul", add("Add", add("Abs", summed), add.constant(np.array(1.0))), three)
    return add("Add", votes, add("Div", summed, size))


def _members(count: int) -> tuple[Any, Any]:
    """Which class is the first and which the second of each pair, of shape (pairs, classes)."""
    pairs = np.array(list(combinations(range(count), 2)))
    return np.eye(count)[pairs[:, 0]], np.eye(count)[pairs[:, 1]]


@writes(NUMBERS, kernel_ridge.KernelRidge)
def kernel_ridge_regressor(add: Nodes, model: Any, rows: str) -> str:
    """The weighted sum of the kernel."""
    found = _pairwise(add, rows, model.X_fit_, model)
    return sums(add, found, np.asarray(model.dual_coef_).T, 0.0)


@writes(TRANSFORMERS, kernel_approximation.Nystroem)
def nystroem(add: Nodes, model: Any, rows: str) -> str:
    """The kernel of a few rows of the training."""
    found = _pairwise(add, rows, model.components_, model)
    return sums(add, found, model.normalization_, 0.0)


def _pairwise(add: Nodes, rows: str, points: Any, model: Any) -> str:
    """The kernel by the names and defaults of `pairwise_kernels`."""
    if model.kernel_params:
        raise NotImplementedError("parameters of a kernel")
    gamma = 1.0 / np.shape(points)[1] if model.gamma is None else float(model.gamma)
    coef0 = 1.0 if model.coef0 is None else model.coef0
    return kernel(add, rows, points, model.kernel, gamma, coef0, model.degree or 3.0)


@writes(CLASSIFIERS, LabelPropagation, LabelSpreading)
def label_propagation(add: Nodes, model: Any, rows: str) -> Classified:
    """The distributions of the labels, weighted by the kernel."""
    if model.kernel != "rbf":
        raise NotImplementedError(f"the kernel {model.kernel}")
    weights = kernel(add, rows, model.X_, "rbf", float(model.gamma), 0.0, 0.0)
    summed = sums(add, weights, model.label_distributions_.T, 0.0)
    probabilities = add("Div", summed, row_sum(add, summed))
    return Classified(
        add, model.classes_, lambda: argmax(add, probabilities), probabilities=lambda: probabilities
    )


@writes(NUMBERS, gaussian_process.GaussianProcessRegressor)
def gaussian_process_regressor(add: Nodes, model: Any, rows: str) -> str:
    """The mean of the process."""
    found = _covariance(add, rows, model.X_train_, model.kernel_)
    alpha = np.asarray(model.alpha_).reshape(len(model.X_train_), -1)
    scale = np.ravel(model._y_train_std)
    return sums(add, found, alpha.T * scale[:, None], np.ravel(model._y_train_mean))


def _covariance(add: Nodes, rows: str, points: Any, kind: Any) -> str:
    """The kernel of a Gaussian process, of shape (rows, points)."""
    if isinstance(kind, kernels.Sum | kernels.Product):
        both = [_covariance(add, rows, points, one) for one in (kind.k1, kind.k2)]
        return add("Add" if isinstance(kind, kernels.Sum) else "Mul", *both)
    if isinstance(kind, kernels.ConstantKernel | kernels.WhiteKernel):
        is_noise = isinstance(kind, kernels.WhiteKernel)
        value = 0.0 if is_noise else float(kind.constant_value)
        return add.constant(np.full((1, len(points)), value))
    if isinstance(kind, kernels.DotProduct):
        products = add("MatMul", rows, add.constant(points.T, POINTS))
        return add("Add", products, add.constant(np.array(float(kind.sigma_0**2))))
    if type(kind) not in (kernels.RBF, kernels.Matern, kernels.RationalQuadratic):
        raise NotImplementedError(f"the kernel {type(kind).__name__}")
    scale = np.asarray(kind.length_scale, np.float64)
    apart = squared(add, add("Div", rows, add.constant(scale)), points / scale)
    if type(kind) is kernels.RBF or getattr(kind, "nu", 0) == np.inf:
        return add("Exp", add("Mul", apart, add.constant(np.array(-0.5))))
    if type(kind) is kernels.RationalQuadratic:
        base = add("Div", apart, add.constant(np.array(2.0 * kind.alpha)))
        base = add("Add", base, add.constant(np.array(1.0)))
        return add("Pow", base, add.constant(np.array(-float(kind.alpha))))
    return _matern(add, add("Sqrt", apart), float(kind.nu))


def _matern(add: Nodes, apart: str, nu: float) -> str:
    if nu not in (0.5, 1.5, 2.5):
        raise NotImplementedError(f"a Matern kernel with nu {nu}")
    root = add("Mul", apart, add.constant(np.array({0.5: 1.0, 1.5: 3.0, 2.5: 5.0}[nu] ** 0.5)))
    decay = add("Exp", add("Neg", root))
    if nu == 0.5:
        return decay
    factor = add("Add", root, add.constant(np.array(1.0)))
    if nu == 2.5:
        third = add("Div", add("Mul", root, root), add.constant(np.array(3.0)))
        factor = add("Add", factor, third)
    return add("Mul", factor, decay)
