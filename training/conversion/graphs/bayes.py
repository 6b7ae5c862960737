"""Naive Bayes and mixtures of Gaussians."""

from typing import Any

import numpy as np
from onnx import TensorProto
from sklearn import mixture, naive_bayes

from training.conversion.graphs.linear import by_likelihood, sums
from training.conversion.graphs.registry import CLASSIFIERS, Classified, argmax, columns, writes
from training.onnx.nodes import Nodes, to_vector


def _by_likelihood(add: Nodes, model: Any, scores: str) -> Classified:
    found = by_likelihood(add, model.classes_, scores)
    return Classified(
        add, model.classes_, lambda: found.index, probabilities=lambda: found.probabilities
    )


@writes(CLASSIFIERS, naive_bayes.MultinomialNB, naive_bayes.ComplementNB)
def multinomial(add: Nodes, model: Any, rows: str) -> Classified:
    """Logarithms of probabilities, times the counts."""
    is_complement = isinstance(model, naive_bayes.ComplementNB)
    start = np.zeros(len(model.classes_))
    if not is_complement or len(model.classes_) == 1:
        start = model.class_log_prior_
    return _by_likelihood(add, model, sums(add, rows, model.feature_log_prob_, start))


@writes(CLASSIFIERS, naive_bayes.BernoulliNB)
def bernoulli(add: Nodes, model: Any, rows: str) -> Classified:
    """Whether each input exceeds a threshold."""
    if model.binarize is not None:
        above = add("Greater", rows, add.constant(np.array(float(model.binarize))))
        rows = add("Cast", above, to=TensorProto.DOUBLE)
    without = np.log(1 - np.exp(model.feature_log_prob_))
    start = model.class_log_prior_ + without.sum(axis=1)
    return _by_likelihood(add, model, sums(add, rows, model.feature_log_prob_ - without, start))


@writes(CLASSIFIERS, naive_bayes.GaussianNB)
def gaussian(add: Nodes, model: Any, rows: str) -> Classified:
    """The squared distances to each class's means, divided by its variances."""
    found = []
    for prior, mean, variance in zip(model.class_prior_, model.theta_, model.var_, strict=True):
        centred = add("Sub", rows, add.constant(mean))
        start = np.log(prior) - 0.5 * np.sum(np.log(2.0 * np.pi * variance))
        squares = add("Mul", centred, centred)
        found.append(sums(add, squares, -0.5 / variance, start))
    return _by_likelihood(add, model, add("Concat", *found, axis=1))


@writes(CLASSIFIERS, naive_bayes.CategoricalNB)
def categorical(add: Nodes, model: Any, rows: str) -> Classified:
    """A table of logarithms for each input."""
    codes = add("Cast", rows, to=TensorProto.INT64)
    found = add.constant(model.class_log_prior_)
    for place, table in enumerate(model.feature_log_prob_):
        code = to_vector(add, columns(add, codes, [place]))
        found = add("Add", add("Gather", add.constant(table.T), code, axis=0), found)
    return _by_likelihood(add, model, found)


@writes(CLASSIFIERS, mixture.GaussianMixture, mixture.BayesianGaussianMixture)
def gaussian_mixture(add: Nodes, model: Any, rows: str) -> Classified:
    """The component that a row is from. The constants are the likelihoods of the means."""
    starts = np.diag(model._estimate_log_prob(model.means_)) + model._estimate_log_weights()
    found = []
    for place, start in enumerate(starts):
        turn = _precision_factor(model, place)
        centred = add("Sub", rows, add.constant(model.means_[place]))
        turned = add("MatMul", centred, add.constant(turn)) if turn.ndim == 2 else None
        turned = turned or add("Mul", centred, add.constant(turn))
        squares = add("ReduceSumSquare", turned, add.constant([1]))
        half = add("Mul", squares, add.constant(np.array(-0.5)))
        found.append(add("Add", half, add.constant(np.array(start))))
    scores = add("Concat", *found, axis=1)
    return Classified(
        add,
        np.arange(len(starts)),
        lambda: argmax(add, scores),
        probabilities=lambda: add("Softmax", scores, axis=1),
    )


def _precision_factor(model: Any, place: int) -> Any:
    """The factor of the distances to a mean: a matrix, or a number for each input."""
    if model.covariance_type == "tied":
        return model.precisions_cholesky_
    return np.asarray(model.precisions_cholesky_[place])
