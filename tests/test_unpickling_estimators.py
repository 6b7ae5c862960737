"""Every public estimator of scikit-learn, with each documented option, loads without `--trust`."""

import contextlib
import io
import pickle
import re
import warnings
from collections.abc import Iterator
from typing import Any

import joblib
import numpy as np
import pytest
import sklearn
from scipy import sparse, stats
from sklearn import metrics
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, Matern, WhiteKernel
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV, StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC
from sklearn.utils import all_estimators
from sklearn.utils._param_validation import Options, StrOptions
from sklearn.utils._test_common.instance_generator import _construct_instances

from service.model import allowlist, unpickling

ROWS = np.abs(np.random.default_rng(0).normal(size=(30, 4)))
LABELS = np.arange(30) % 2
TEXTS = ["a fan is loud", "the pump is silent", "a press leaks"] * 10
# What each kind of estimator is fitted on: the first that it takes.
DATA: list[tuple[Any, ...]] = [
    (ROWS, LABELS), (ROWS, ROWS.sum(axis=1)), (ROWS, np.c_[LABELS, 1 - LABELS]), (ROWS,), (TEXTS,),
    ([{"a": 1, "b": "x"}, {"a": 2}] * 5,), (LABELS,), (ROWS[:, 0], ROWS.sum(axis=1)),
    (ROWS @ ROWS.T, LABELS), ([["a", "b"], ["c"]] * 5,),
]  # fmt: skip
# Each of these names is a function that a scorer keeps; they are tried without a search.
NOT_TRIED = {"scoring", "verbose"}


def public() -> list[tuple[str, Any]]:
    """The estimators that accept new rows: they predict or transform."""
    return [(name, cls) for name, cls in all_estimators()
            if hasattr(cls, "predict") or hasattr(cls, "transform")]  # fmt: skip


def fitted(estimator: Any) -> tuple[Any, Any] | None:
    """The estimator, and what it was fitted on; None if it takes none of our data."""
    for given in DATA:
        with contextlib.suppress(Exception), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return estimator.fit(*given), given[0]
    return None


def dumps(value: Any) -> Iterator[bytes]:
    buffer = io.BytesIO()
    joblib.dump(value, buffer)
    yield buffer.getvalue()
    yield from (pickle.dumps(value, protocol=protocol) for protocol in (2, 4))


def by_library(content: bytes) -> Any:
    """What joblib itself makes of it, which reads plain pickles, too."""
    return joblib.load(io.BytesIO(content))


def answers(estimator: Any, rows: Any) -> dict[str, Any]:
    """Its results for rows, as plain arrays."""
    said = {}
    for method in ("predict", "predict_proba", "transform"):
        with contextlib.suppress(Exception), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = getattr(estimator, method)(rows)
            said[method] = found.toarray() if sparse.issparse(found) else np.asarray(found)
    return said


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return one.keys() == other.keys() and all(
        np.array_equal(one[key], other[key], equal_nan=one[key].dtype.kind == "f") for key in one
    )


@pytest.mark.filterwarnings("ignore::FutureWarning")  # of classes that scikit-learn will remove
@pytest.mark.parametrize(("name", "cls"), public(), ids=[name for name, _ in public()])
def test_an_estimator_loads_and_answers_as_before(name: str, cls: Any) -> None:
    assert f"{cls.__module__}.{cls.__qualname__}" in allowlist.INSTANCES
    tried = [found for made in _construct_instances(cls) if (found := fitted(made))]
    if not tried:  # what no data of ours fits is loaded as it is
        tried = [(next(iter(_construct_instances(cls))), None)]
    for estimator, rows in tried:
        for content in dumps(estimator):
            assert not unpickling.inspect(content).untrusted
            loaded = unpickling.load(content)
            assert type(loaded) is cls
            if "random" not in name.lower() and name not in DRAWS:
                assert same(answers(loaded, rows), answers(by_library(content), rows))


# They draw random numbers when they answer, where no random_state is set.
DRAWS = {"DummyClassifier", "LatentDirichletAllocation", "BernoulliRBM", "MiniBatchNMF"}


def options(cls: Any) -> Iterator[tuple[str, Any]]:
    """Each parameter that takes one of several texts or types, or a boolean, with each of them."""
    for name, constraints in getattr(cls, "_parameter_constraints", {}).items():
        if name in NOT_TRIED or not isinstance(constraints, list):
            continue
        for one in constraints:
            if isinstance(one, StrOptions | Options):
                yield from ((name, option) for option in one.options)
            elif one == "boolean":
                yield from ((name, option) for option in (True, False))
            elif one is None:
                yield name, None


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::FutureWarning")  # of classes that scikit-learn will remove
@pytest.mark.parametrize(("name", "cls"), public(), ids=[name for name, _ in public()])
def test_it_loads_with_each_documented_option(name: str, cls: Any) -> None:
    for parameter, option in options(cls):
        estimator = next(iter(_construct_instances(cls)))
        found = fitted(estimator.set_params(**{parameter: option}))
        content = next(dumps(found[0] if found else estimator))
        assert not unpickling.inspect(content).untrusted, (parameter, option)
        assert type(unpickling.load(content)) is cls


@pytest.mark.parametrize("name", metrics.get_scorer_names())
def test_a_scorer_loads(name: str) -> None:
    for content in dumps(metrics.get_scorer(name)):
        assert repr(unpickling.load(content)) == repr(metrics.get_scorer(name))


def plain(estimator: Any) -> str:
    """Its text without addresses in memory."""
    return re.sub(r"0x[0-9A-Fa-f]+", "", repr(estimator))


def routed() -> Any:
    with sklearn.config_context(enable_metadata_routing=True):
        return LogisticRegression().set_fit_request(sample_weight=True)


@pytest.mark.parametrize(
    "estimator",
    [
        make_pipeline(StandardScaler(), LogisticRegression(), memory="cache"),
        make_pipeline(StandardScaler(), LogisticRegression(), memory=joblib.Memory(None)),
        make_pipeline(FunctionTransformer(np.log1p, np.expm1), LogisticRegression()),
        ColumnTransformer([("n", StandardScaler(), make_column_selector("x"))]),
        GaussianProcessRegressor(2.0 * RBF() + Matern() * WhiteKernel()),
        KNeighborsClassifier(metric=metrics.pairwise.euclidean_distances),
        KNeighborsClassifier(metric=metrics.DistanceMetric.get_metric("minkowski", p=3)),
        SVC(kernel=metrics.pairwise.chi2_kernel),
        GridSearchCV(SVC(), {"C": [1, 2]}, scoring=metrics.make_scorer(metrics.fbeta_score, beta=2),
                     cv=StratifiedKFold(3)),
        RandomizedSearchCV(SVC(), {"C": stats.loguniform(1, 10), "degree": stats.randint(2, 5)}),
        LogisticRegression(random_state=np.random.RandomState(3)),
        routed(),
    ],
    ids=lambda estimator: type(estimator).__name__,
)  # fmt: skip
def test_what_the_documentation_passes_as_a_parameter_loads(estimator: BaseEstimator) -> None:
    for content in dumps(estimator):
        assert not unpickling.inspect(content).untrusted
        assert plain(unpickling.load(content)) == plain(estimator)
