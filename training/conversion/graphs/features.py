"""Transformers that combine or select columns."""

import math
from typing import Any

import numpy as np
from onnx import TensorProto
from sklearn import (
    cluster,
    cross_decomposition,
    decomposition,
    feature_selection,
    kernel_approximation,
    neighbors,
    neural_network,
    preprocessing,
    random_projection,
)
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.feature_selection import SelectorMixin

from training.conversion.graphs.linear import sums
from training.conversion.graphs.registry import NUMBERS, TRANSFORMERS, columns, writes
from training.onnx.nodes import Nodes

COSINE_TERMS = 14  # of the series; up to half a turn the rest is less than 1e-15
SCALE = 2.0**20  # of the unit vectors
BY_REGRESSION = (
    cross_decomposition.CCA,
    cross_decomposition.PLSCanonical,
    cross_decomposition.PLSRegression,
)
SELECTORS = [
    made
    for name, made in vars(feature_selection).items()
    if isinstance(made, type) and issubclass(made, SelectorMixin) and made is not SelectorMixin
]
LINEAR = (
    *(decomposition.PCA, decomposition.IncrementalPCA, decomposition.TruncatedSVD),
    *(decomposition.FactorAnalysis, decomposition.FastICA, decomposition.SparsePCA),
    *(decomposition.MiniBatchSparsePCA, cluster.FeatureAgglomeration),
    *(random_projection.GaussianRandomProjection, random_projection.SparseRandomProjection),
    *(neighbors.NeighborhoodComponentsAnalysis, LinearDiscriminantAnalysis),
    *(*BY_REGRESSION, cross_decomposition.PLSSVD),
)


def _matrix(function: Any, width: int) -> tuple[Any, Any]:
    """The matrix, of shape (outputs, inputs), and the start of a function that is linear."""
    start = np.asarray(function(np.zeros((1, width))), np.float64).reshape(1, -1)
    each = np.asarray(function(SCALE * np.eye(width)), np.float64).reshape(width, -1)
    return ((each - start) / SCALE).T, start[0]


@writes(TRANSFORMERS, *LINEAR)
def linear_transformer(add: Nodes, model: Any, rows: str) -> str:
    """A matrix: the transformer's results for the unit vectors."""

    def function(given: Any) -> Any:
        found = model.transform(given)
        return found.toarray() if hasattr(found, "toarray") else found

    mean = getattr(model, "mean_", None)
    if mean is None or len(mean) != model.n_features_in_:
        return sums(add, rows, *_matrix(function, model.n_features_in_))
    # Where a mean is known, it is subtracted first, as the transformer does, to lose no digits.
    centred = add("Sub", rows, add.constant(mean))
    return sums(add, centred, *_matrix(lambda given: function(given + mean), len(mean)))


@writes(NUMBERS, *BY_REGRESSION)
def by_components(add: Nodes, model: Any, rows: str) -> str:
    """A matrix of coefficients for the centred rows."""
    centred = add("Sub", rows, add.constant(model._x_mean))
    return sums(add, centred, model.coef_, model.intercept_)


@writes(TRANSFORMERS, *SELECTORS)
def selector(add: Nodes, model: Any, rows: str) -> str:
    """The selected columns."""
    return columns(add, rows, np.flatnonzero(model.get_support()))


@writes(TRANSFORMERS, preprocessing.PolynomialFeatures)
def polynomials(add: Nodes, model: Any, rows: str) -> str:
    """Products of columns, by their powers."""
    powers = model.powers_
    factors = [np.repeat(np.arange(powers.shape[1]), one) for one in powers]
    most = max(map(len, factors))
    width = powers.shape[1]
    # A column of ones stands for a factor that is missing.
    padded = np.array([[*one, *[width] * (most - len(one))] for one in factors]).reshape(-1, most)
    one = add("Sub", columns(add, rows, [0]), columns(add, rows, [0]))
    ones = add("Add", one, add.constant(np.array(1.0)))
    wider = add("Concat", rows, ones, axis=1)
    found = columns(add, wider, padded[:, 0] if most else [width] * len(powers))
    for place in range(1, most):
        found = add("Mul", found, columns(add, wider, padded[:, place]))
    return found


@writes(TRANSFORMERS, neural_network.BernoulliRBM)
def boltzmann_machine(add: Nodes, model: Any, rows: str) -> str:
    """The probabilities of the hidden units."""
    return add("Sigmoid", sums(add, rows, model.components_, model.intercept_hidden_))


def _cosine(add: Nodes, angles: str) -> str:
    """Cosines by a power series: ONNX Runtime's own compute in float32."""
    turn = add.constant(np.array(2.0 * np.pi))
    turns = add("Div", angles, turn)
    half = add("Mul", add("Sign", turns), add.constant(np.array(0.5)))
    whole = add("Cast", add("Add", turns, half), to=TensorProto.INT64)  # the nearest, as it cuts
    passed = add("Mul", add("Cast", whole, to=TensorProto.DOUBLE), turn)
    rest = add("Sub", angles, passed)
    square = add("Mul", rest, rest)
    found = add.constant(np.array((-1.0) ** COSINE_TERMS / math.factorial(2 * COSINE_TERMS)))
    for term in range(COSINE_TERMS - 1, -1, -1):
        factor = add.constant(np.array((-1.0) ** term / math.factorial(2 * term)))
        found = add("Add", add("Mul", found, square), factor)
    return found


@writes(TRANSFORMERS, kernel_approximation.RBFSampler)
def random_fourier_features(add: Nodes, model: Any, rows: str) -> str:
    """Cosines of random projections."""
    inner = sums(add, rows, model.random_weights_.T, model.random_offset_)
    size = np.array((2.0 / model.n_components) ** 0.5)
    return add("Mul", _cosine(add, inner), add.constant(size))


@writes(TRANSFORMERS, kernel_approximation.SkewedChi2Sampler)
def skewed_chi2_features(add: Nodes, model: Any, rows: str) -> str:
    """Cosines of random projections of logarithms."""
    logarithms = add("Log", add("Add", rows, add.constant(np.array(float(model.skewedness)))))
    inner = sums(add, logarithms, model.random_weights_.T, model.random_offset_)
    size = np.array(np.sqrt(2.0) / np.sqrt(model.n_components))
    return add("Mul", _cosine(add, inner), add.constant(size))


@writes(TRANSFORMERS, kernel_approximation.AdditiveChi2Sampler)
def additive_chi2_features(add: Nodes, model: Any, rows: str) -> str:
    """Cosines and sines of multiples of the logarithms; 0 stays 0."""
    interval = model.sample_interval or {1: 0.8, 2: 0.5, 3: 0.4}[model.sample_steps]
    zero = add.constant(np.array(0.0))
    is_zero = add("Equal", rows, zero)
    step = add("Mul", rows, add.constant(np.array(interval)))
    logarithms = add("Mul", add("Log", rows), add.constant(np.array(interval)))
    found = [add("Sqrt", step)]
    for place in range(1, model.sample_steps):
        share = np.array(2.0 / np.cosh(np.pi * place * interval))
        factor = add("Sqrt", add("Mul", step, add.constant(share)))
        angles = add("Mul", logarithms, add.constant(np.array(float(place))))
        sine = add("Sub", angles, add.constant(np.array(0.5 * np.pi)))
        found += [add("Mul", factor, _cosine(add, one)) for one in (angles, sine)]
    return add("Concat", *(add("Where", is_zero, zero, one) for one in found), axis=1)
