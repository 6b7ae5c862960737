"""The ONNX nodes of scikit-learn's estimators: the same answers as the estimator's own.

Each estimator is fitted and converted. ONNX Runtime predicts rows of the sample and around it.
"""

import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn import (
    calibration,
    compose,
    cross_decomposition,
    discriminant_analysis,
    dummy,
    ensemble,
    gaussian_process,
    isotonic,
    kernel_ridge,
    linear_model,
    model_selection,
    multiclass,
    multioutput,
    naive_bayes,
    neighbors,
    neural_network,
    semi_supervised,
    svm,
    tree,
)
from sklearn.gaussian_process import kernels
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from tests.support.converted import (
    AROUND,
    BOTH,
    NUMBERS,
    POSITIVE,
    ROWS,
    SEED,
    THREE,
    TWO,
    assert_equal,
    logistic,
    regressors,
    signature,
    voters,
)

CLASSIFIERS: dict[str, Callable[[], Any]] = {
    "adaptive boosting": lambda: ensemble.AdaBoostClassifier(n_estimators=20, **SEED),
    "bag": lambda: ensemble.BaggingClassifier(n_estimators=5, max_features=0.5, **SEED),
    "bag of linear models": lambda: ensemble.BaggingClassifier(logistic(), 5, **SEED),
    "Bernoulli": lambda: naive_bayes.BernoulliNB(binarize=2.0),
    "calibrated, linear": lambda: calibration.CalibratedClassifierCV(logistic()),
    "calibrated, support": lambda: calibration.CalibratedClassifierCV(svm.LinearSVC()),
    "calibrated, isotonic": lambda: calibration.CalibratedClassifierCV(
        GaussianNB(), method="isotonic"
    ),
    "calibrated, one": lambda: calibration.CalibratedClassifierCV(logistic(), ensemble=False),
    "centroids": neighbors.NearestCentroid,
    "centroids, Manhattan": lambda: neighbors.NearestCentroid(metric="manhattan"),
    "centroids, priors": lambda: neighbors.NearestCentroid(priors="empirical", shrink_threshold=1),
    "constant": dummy.DummyClassifier,
    "discriminant": discriminant_analysis.LinearDiscriminantAnalysis,
    "discriminant, quadratic": discriminant_analysis.QuadraticDiscriminantAnalysis,
    "forest": lambda: ensemble.RandomForestClassifier(10, **SEED),
    "Gaussian": GaussianNB,
    "gradient boosting": lambda: ensemble.GradientBoostingClassifier(n_estimators=9, **SEED),
    "histogram boosting": lambda: ensemble.HistGradientBoostingClassifier(max_iter=300),
    "label spreading": lambda: semi_supervised.LabelSpreading(gamma=0.5),
    "logistic": logistic,
    "multinomial": naive_bayes.MultinomialNB,
    "complement": naive_bayes.ComplementNB,
    "neighbours": lambda: neighbors.KNeighborsClassifier(5),
    "neighbours, weighted": lambda: neighbors.KNeighborsClassifier(5, weights="distance"),
    "neighbours, Manhattan": lambda: neighbors.KNeighborsClassifier(3, p=1),
    "neighbours in a radius": lambda: neighbors.RadiusNeighborsClassifier(
        2.0, outlier_label="most_frequent"
    ),
    "network": lambda: neural_network.MLPClassifier((8,), max_iter=900, **SEED),
    "one against all": lambda: multiclass.OneVsRestClassifier(logistic()),
    "one against all, scores": lambda: multiclass.OneVsRestClassifier(svm.LinearSVC()),
    "one against one": lambda: multiclass.OneVsOneClassifier(logistic()),
    "output codes": lambda: multiclass.OutputCodeClassifier(logistic(), **SEED),
    "perceptron": linear_model.Perceptron,
    "ridge": linear_model.RidgeClassifier,
    "search": lambda: model_selection.GridSearchCV(logistic(), {"C": [0.1, 1.0]}),
    "self-training": lambda: semi_supervised.SelfTrainingClassifier(logistic()),
    "stacking": lambda: ensemble.StackingClassifier(voters()),
    "stacking, passed rows": lambda: ensemble.StackingClassifier(voters(), passthrough=True),
    "stochastic descent": lambda: linear_model.SGDClassifier(loss="log_loss", **SEED),
    "support": svm.SVC,
    "support, linear": lambda: svm.SVC(kernel="linear"),
    "support, polynomial": lambda: svm.SVC(kernel="poly"),
    "support, sigmoid": lambda: svm.SVC(kernel="sigmoid", gamma=0.01),
    "support, ties": lambda: svm.SVC(break_ties=True),
    "support, nu": lambda: svm.NuSVC(nu=0.3),
    "voting": lambda: ensemble.VotingClassifier(voters(), voting="soft", weights=[2, 1]),
    "voting, hard": lambda: ensemble.VotingClassifier(voters()),
}


@pytest.mark.parametrize("target", [TWO, THREE], ids=["two classes", "three"])
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_classifiers(name: str, target: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        estimator = CLASSIFIERS[name]().fit(ROWS, target)
    assert_equal(estimator)


@pytest.mark.parametrize(
    "estimator",
    [
        model_selection.FixedThresholdClassifier(logistic(), threshold=0.8),
        model_selection.FixedThresholdClassifier(logistic(), threshold=0.8, pos_label="early"),
        model_selection.FixedThresholdClassifier(
            logistic(), threshold=-1.0, response_method="decision_function", pos_label="early"
        ),
        model_selection.TunedThresholdClassifierCV(GaussianNB(), scoring="balanced_accuracy"),
        linear_model.SGDClassifier(loss="modified_huber", **SEED),
        LogisticRegression(solver="liblinear"),
    ],
    ids=str,
)
def test_classifiers_of_two_classes(estimator: Any) -> None:
    assert_equal(estimator.fit(ROWS, TWO))


def test_categories_as_numbers() -> None:
    codes = np.floor(POSITIVE % 4)
    assert_equal(naive_bayes.CategoricalNB().fit(codes, np.resize(THREE, len(codes))), codes)


REGRESSORS: dict[str, Callable[[], Any]] = {
    "bag": lambda: ensemble.BaggingRegressor(n_estimators=5, max_features=0.5, **SEED),
    "chain": lambda: make_pipeline(StandardScaler(), Ridge()),
    "consensus": lambda: linear_model.RANSACRegressor(**SEED),
    "constant": dummy.DummyRegressor,
    "forest": lambda: ensemble.RandomForestRegressor(5, **SEED),
    "gamma": lambda: compose.TransformedTargetRegressor(Ridge(), func=np.log, inverse_func=np.exp),
    "histogram boosting": lambda: ensemble.HistGradientBoostingRegressor(loss="poisson"),
    "kernel ridge": lambda: kernel_ridge.KernelRidge(kernel="rbf", gamma=0.3),
    "kernel ridge, linear": kernel_ridge.KernelRidge,
    "neighbours": lambda: neighbors.KNeighborsRegressor(4),
    "neighbours, weighted": lambda: neighbors.KNeighborsRegressor(4, weights="distance"),
    "neighbours in a radius": lambda: neighbors.RadiusNeighborsRegressor(9.0),
    "network": lambda: neural_network.MLPRegressor(
        hidden_layer_sizes=(6,), activation="tanh", max_iter=900, **SEED
    ),
    "partial least squares": lambda: cross_decomposition.PLSRegression(2),
    "Poisson": lambda: linear_model.PoissonRegressor(alpha=1.0),
    "process": lambda: gaussian_process.GaussianProcessRegressor(
        kernels.ConstantKernel(2.0) * kernels.RBF(1.5) + kernels.WhiteKernel(0.1),
        normalize_y=True,
        optimizer=None,
    ),
    "process, Matern": lambda: gaussian_process.GaussianProcessRegressor(
        kernels.Matern([1.0, 2.0, 1.0, 0.5], nu=2.5), alpha=0.1, optimizer=None
    ),
    "process, Matern of 1.5": lambda: gaussian_process.GaussianProcessRegressor(
        kernels.Matern(nu=1.5), alpha=0.1, optimizer=None
    ),
    "process, others": lambda: gaussian_process.GaussianProcessRegressor(
        kernels.RationalQuadratic(1.0, 0.7) + kernels.DotProduct(), alpha=0.1, optimizer=None
    ),
    "ridge": Ridge,
    "scaled target": lambda: compose.TransformedTargetRegressor(
        Ridge(), transformer=StandardScaler()
    ),
    "stacking": lambda: ensemble.StackingRegressor(regressors()),
    "support": svm.SVR,
    "support, nu": lambda: svm.NuSVR(kernel="poly", degree=2),
    "Tweedie": lambda: linear_model.TweedieRegressor(power=0),
    "voting": lambda: ensemble.VotingRegressor(regressors(), weights=[1, 3]),
}


@pytest.mark.parametrize("name", REGRESSORS)
def test_regressors(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        estimator = REGRESSORS[name]().fit(ROWS, NUMBERS - NUMBERS.min() + 1.0)
    assert_equal(estimator)


@pytest.mark.parametrize("bounds", ["clip", "nan"])
def test_isotonic_regression(bounds: Any) -> None:
    estimator = isotonic.IsotonicRegression(out_of_bounds=bounds).fit(ROWS[:, 0], NUMBERS)
    estimator.n_features_in_ = 1
    assert_equal(estimator, AROUND if bounds == "clip" else ROWS)


SEVERAL: dict[str, Callable[[], Any]] = {
    "classifiers": lambda: multioutput.MultiOutputClassifier(logistic()),
    "forest": lambda: ensemble.RandomForestClassifier(7, **SEED),
    "tree": lambda: DecisionTreeClassifier(max_depth=3, **SEED),
}


@pytest.mark.parametrize("name", SEVERAL)
def test_several_outputs_with_labels(name: str) -> None:
    assert_equal(SEVERAL[name]().fit(ROWS, BOTH), outputs=2)


@pytest.mark.parametrize("method", ["predict", "predict_proba", "decision_function"])
def test_chains_of_classifiers(method: Any) -> None:
    both = np.column_stack((THREE == 0, THREE == 1)).astype(int)
    chain = multioutput.ClassifierChain(logistic(), order=[1, 0], chain_method=method)
    assert_equal(chain.fit(ROWS, both), outputs=2)


@pytest.mark.parametrize(
    "estimator",
    [
        LinearRegression(),
        multioutput.MultiOutputRegressor(Ridge()),
        multioutput.RegressorChain(Ridge(), order=[1, 0]),
        tree.ExtraTreeRegressor(max_depth=3, **SEED),
        neighbors.KNeighborsRegressor(),
    ],
    ids=str,
)
def test_several_outputs_of_numbers(estimator: Any) -> None:
    assert_equal(estimator.fit(ROWS, np.column_stack((NUMBERS, ROWS[:, 0]))), outputs=2)


@pytest.mark.parametrize("places", [[1], [3, 1]], ids=str)
def test_histogram_boosting_with_categories_of_its_own(places: list[int]) -> None:
    rows = np.array(ROWS)
    rows[:, [1, 3]] = np.floor(3.0 * rows[:, [1, 3]])
    target = (rows[:, 1] % 2 == 0) ^ (rows[:, 0] > 5.8)
    estimator = ensemble.HistGradientBoostingClassifier(
        categorical_features=places, max_iter=20, min_samples_leaf=5
    )
    others = np.array(rows)
    others[:20, 1] = [-1.0, 99.0, np.nan, 2.5] * 5  # unknown, missing, or no category
    assert_equal(estimator.fit(rows, target), np.vstack((rows, others)))


def test_histogram_boosting_with_a_split_that_sends_missing_values_alone_to_the_left() -> None:
    rows = np.resize([[0.0], [1.0], [2.0], [np.nan], [np.nan]], (60, 1))
    estimator = ensemble.HistGradientBoostingClassifier(
        categorical_features=[0], max_iter=3, min_samples_leaf=5
    ).fit(rows, np.isnan(rows[:, 0]))
    first = estimator._predictors[0][0]
    assert first.nodes["missing_go_to_left"][0]
    assert not first.raw_left_cat_bitsets.any()
    others = np.vstack((rows, [[-1.0], [7.0]]))
    described = signature(estimator, others)
    takes_null = tuple(replace(one, nullable=True) for one in described.inputs)
    assert_equal(estimator, others, given=replace(described, inputs=takes_null))


@pytest.mark.parametrize("inner", [logistic(), svm.LinearSVC()], ids=["probabilities", "scores"])
def test_several_labels_for_each_row(inner: Any) -> None:
    labels = np.column_stack((THREE > 0, THREE == 1, THREE < 2)).astype(int)
    estimator = multiclass.OneVsRestClassifier(inner).fit(ROWS, labels)
    described = signature(estimator, ROWS, 3)
    plain = tuple(replace(one, labels=None) for one in described.outputs)
    assert_equal(estimator, outputs=3, given=replace(described, outputs=plain))
