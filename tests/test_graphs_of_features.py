"""The ONNX nodes of transformers, clusters and outlier detectors: the estimator's own answers."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn import (
    cluster,
    covariance,
    decomposition,
    discriminant_analysis,
    ensemble,
    feature_selection,
    impute,
    kernel_approximation,
    linear_model,
    manifold,
    mixture,
    neighbors,
    neural_network,
    pipeline,
    preprocessing,
    random_projection,
    svm,
)
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.linear_model import Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.preprocessing import MinMaxScaler

from tests.support.converted import (
    AROUND,
    CHANCE,
    NUMBERS,
    POSITIVE,
    ROWS,
    SEED,
    THREE,
    assert_equal,
    voters,
)

OTHERS: dict[str, Callable[[], Any]] = {
    "affinity": lambda: cluster.AffinityPropagation(**SEED),
    "Birch": lambda: cluster.Birch(n_clusters=3),
    "bisecting": lambda: cluster.BisectingKMeans(4, **SEED),
    "k-means": lambda: cluster.KMeans(3, n_init=2, **SEED),
    "mean shift": cluster.MeanShift,
    "mixture": lambda: mixture.GaussianMixture(3, **SEED),
    "mixture, diagonal": lambda: mixture.GaussianMixture(3, covariance_type="diag", **SEED),
    "mixture, spherical": lambda: mixture.GaussianMixture(3, covariance_type="spherical", **SEED),
    "mixture, tied": lambda: mixture.GaussianMixture(3, covariance_type="tied", **SEED),
    "mixture, Bayesian": lambda: mixture.BayesianGaussianMixture(n_components=3, **SEED),
    "outliers, elliptic": lambda: covariance.EllipticEnvelope(**SEED),
    "outliers, forest": lambda: ensemble.IsolationForest(n_estimators=20, **SEED),
    "outliers, some columns": lambda: ensemble.IsolationForest(
        n_estimators=20, max_features=0.5, contamination=0.1, **SEED
    ),
    "outliers, neighbours": lambda: neighbors.LocalOutlierFactor(novelty=True),
    "outliers, support": svm.OneClassSVM,
    "outliers, linear": lambda: linear_model.SGDOneClassSVM(**SEED),
}


@pytest.mark.parametrize("name", OTHERS)
def test_clusters_mixtures_and_outliers(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        estimator = OTHERS[name]().fit(ROWS)
    assert_equal(estimator)


TRANSFORMERS = [
    preprocessing.Binarizer(threshold=3.0),
    preprocessing.FunctionTransformer(np.log1p),
    preprocessing.KBinsDiscretizer(4, encode="ordinal", quantile_method="averaged_inverted_cdf"),
    preprocessing.KBinsDiscretizer(
        3, encode="onehot-dense", quantile_method="averaged_inverted_cdf"
    ),
    preprocessing.MaxAbsScaler(),
    MinMaxScaler(clip=True),
    preprocessing.Normalizer("l1"),
    preprocessing.Normalizer("max"),
    preprocessing.Normalizer(),
    preprocessing.PolynomialFeatures(3),
    preprocessing.PolynomialFeatures(2, interaction_only=True, include_bias=False),
    preprocessing.PowerTransformer(),
    preprocessing.PowerTransformer("box-cox", standardize=False),
    preprocessing.QuantileTransformer(n_quantiles=30),
    preprocessing.RobustScaler(),
    preprocessing.SplineTransformer(),
    preprocessing.SplineTransformer(4, 2, include_bias=False, extrapolation="continue"),
    preprocessing.SplineTransformer(knots="quantile"),
    cluster.Birch(n_clusters=3),
    cluster.BisectingKMeans(4, **SEED),
    cluster.FeatureAgglomeration(2),
    cluster.KMeans(4, n_init=2, **SEED),
    decomposition.FactorAnalysis(2),
    decomposition.FastICA(3, **SEED),
    decomposition.IncrementalPCA(3),
    decomposition.PCA(3, whiten=True),
    decomposition.SparsePCA(3, **SEED),
    decomposition.TruncatedSVD(3, **SEED),
    discriminant_analysis.LinearDiscriminantAnalysis(),
    ensemble.RandomTreesEmbedding(5, max_depth=3, **SEED),
    ensemble.StackingClassifier(voters()),
    ensemble.VotingClassifier(voters(), voting="soft"),
    feature_selection.SequentialFeatureSelector(GaussianNB(), n_features_to_select=2),
    feature_selection.VarianceThreshold(0.5),
    kernel_approximation.AdditiveChi2Sampler(sample_steps=3),
    kernel_approximation.Nystroem(gamma=0.2, n_components=9, **SEED),
    kernel_approximation.RBFSampler(gamma=0.2, n_components=9, **SEED),
    kernel_approximation.SkewedChi2Sampler(n_components=9, **SEED),
    neighbors.KNeighborsTransformer(n_neighbors=4),
    neighbors.RadiusNeighborsTransformer(radius=2.0),
    neighbors.NeighborhoodComponentsAnalysis(2, **SEED),
    neural_network.BernoulliRBM(4, n_iter=2, **SEED),
    random_projection.SparseRandomProjection(3, **SEED),
    preprocessing.QuantileTransformer(n_quantiles=50, output_distribution="normal"),
    decomposition.KernelPCA(3, kernel="rbf"),
    decomposition.KernelPCA(3, kernel="poly"),
    manifold.Isomap(n_components=3),
]


@pytest.mark.parametrize("transformer", TRANSFORMERS, ids=str)
def test_transformers_before_a_linear_model(transformer: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        estimator = pipeline.make_pipeline(transformer, Ridge()).fit(ROWS, THREE)
    assert_equal(estimator, POSITIVE)


def with_holes(rows: Any) -> Any:
    """The rows without a tenth of their values; each keeps one at least."""
    holes = np.where(CHANCE.random(rows.shape) < 0.1, np.nan, rows)
    return np.where(np.isnan(holes).all(axis=1, keepdims=True), rows, holes)


@pytest.mark.parametrize(
    "imputer",
    [
        impute.SimpleImputer(strategy="median"),
        impute.IterativeImputer(**SEED),
        impute.IterativeImputer(max_iter=3, add_indicator=True, **SEED),
        impute.KNNImputer(),
        impute.KNNImputer(n_neighbors=3, add_indicator=True),
    ],
)
def test_imputers_before_a_linear_model(imputer: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the number of iterations
        model = pipeline.make_pipeline(imputer, Ridge()).fit(with_holes(ROWS), NUMBERS)
    assert_equal(model, with_holes(AROUND))


def test_a_row_that_has_no_column_in_common_with_others_gets_the_mean() -> None:
    rows = np.array([[1.0, np.nan], [2.0, np.nan], [4.0, np.nan], [np.nan, 5.0], [np.nan, 7.0]])
    model = pipeline.make_pipeline(impute.KNNImputer(n_neighbors=2), Ridge()).fit(rows, range(5))
    assert_equal(model, np.array([[3.0, np.nan], [np.nan, 6.0], [1.0, 5.0]]))
