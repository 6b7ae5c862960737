"""Lists which estimators of scikit-learn ONNX Runtime serves, and why it does not serve the others.

`python -m tests.support.served_by_onnx` fits every classifier, regressor and transformer (before a
logistic regression) on data of scikit-learn, and selects the engine as `pack` does. If ONNX Runtime
is selected, it predicts 20,000 more rows within the signature's ranges, and the table has the
number of labels that differ. Names as arguments limit the run to these estimators.
"""

import argparse
import inspect
import signal
import sys
import warnings
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from sklearn import datasets
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.tree import DecisionTreeRegressor
from sklearn.utils import all_estimators

from service.model import probe_rows
from service.model.artifact import ONNX
from tests.support.described import contract
from tests.support.model_cases import ModelCase
from training.engine import selection
from training.estimators.fitted_model import FittedModel

ROWS = 20_000
SECONDS = 120  # for one estimator
POSITIVE = {"MultinomialNB", "ComplementNB", "CategoricalNB", "NMF", "MiniBatchNMF"}
POSITIVE |= {"AdditiveChi2Sampler", "SkewedChi2Sampler", "LatentDirichletAllocation"}
MANY_STEPS = {"max_iter": 2000}
OTHERS = [("a", LogisticRegression(**MANY_STEPS)), ("b", GaussianNB())]
NUMBERS = [("a", LinearRegression()), ("b", DecisionTreeRegressor(max_depth=3, random_state=0))]
INNER = LogisticRegression(**MANY_STEPS)
# Arguments of estimators that need some.
ARGUMENTS: dict[str, dict[str, Any]] = {
    "ClassifierChain": {"estimator": INNER},
    "FixedThresholdClassifier": {"estimator": INNER, "threshold": 0.7},
    "MultiOutputClassifier": {"estimator": INNER},
    "MultiOutputRegressor": {"estimator": LinearRegression()},
    "OneVsOneClassifier": {"estimator": INNER},
    "OneVsRestClassifier": {"estimator": INNER},
    "OutputCodeClassifier": {"estimator": INNER, "random_state": 0},
    "RegressorChain": {"estimator": LinearRegression()},
    "RFE": {"estimator": INNER},
    "RFECV": {"estimator": INNER},
    "SelectFromModel": {"estimator": INNER},
    "SelfTrainingClassifier": {"estimator": INNER},
    "SequentialFeatureSelector": {"estimator": GaussianNB(), "n_features_to_select": 3},
    "StackingClassifier": {"estimators": OTHERS},
    "StackingRegressor": {"estimators": NUMBERS},
    "TunedThresholdClassifierCV": {"estimator": INNER},
    "VotingClassifier": {"estimators": OTHERS},
    "VotingRegressor": {"estimators": NUMBERS},
    "RadiusNeighborsClassifier": {"radius": 1e3, "outlier_label": "most_frequent"},
    "RadiusNeighborsRegressor": {"radius": 1e3},
    "GaussianRandomProjection": {"n_components": 5},
    "SparseRandomProjection": {"n_components": 5},
    "QuantileTransformer": {"n_quantiles": 100},
    "ColumnTransformer": {"transformers": [("a", StandardScaler(), [0, 1]), ("b", "drop", [2])]},
    "FeatureUnion": {"transformer_list": [("a", StandardScaler()), ("b", MinMaxScaler())]},
    "QuadraticDiscriminantAnalysis": {"reg_param": 0.1},
    "CCA": {"n_components": 1},
    "PLSCanonical": {"n_components": 1},
}
SEVERAL = {"MultiOutputClassifier", "ClassifierChain", "MultiOutputRegressor", "RegressorChain"}
SEVERAL |= {name for name, _ in all_estimators() if name.startswith("MultiTask")}


class TooSlowError(Exception):
    """One estimator takes too long."""


def stop(*_: Any) -> None:
    """Raise TooSlowError in the code that the alarm interrupts."""
    raise TooSlowError(f"more than {SECONDS} s")


def kinds() -> Iterator[tuple[str, str, type]]:
    """The kind, name and class of each estimator; a transformer that predicts is one of these."""
    for kind in ("classifier", "regressor", "cluster", "transformer"):
        for name, made in all_estimators(type_filter=kind):
            yield kind, name, made
    for name, made in all_estimators():
        if name in ("IsolationForest", "OneClassSVM", "LocalOutlierFactor", "EllipticEnvelope"):
            yield "outlier", name, made
        if name in ("GaussianMixture", "BayesianGaussianMixture"):
            yield "mixture", name, made


def made(kind: str, name: str, made: type) -> Any:
    """An estimator that can be fitted."""
    arguments = dict(ARGUMENTS.get(name, {}))
    if "random_state" in inspect.signature(made).parameters:
        arguments.setdefault("random_state", 0)
    if name == "LocalOutlierFactor":
        arguments["novelty"] = True
    estimator = made(**arguments)
    if kind == "transformer":
        return make_pipeline(estimator, LogisticRegression(**MANY_STEPS))
    return estimator


def fitted(kind: str, name: str, cls: type) -> ModelCase:
    """The estimator, fitted on numbers: two classes, numbers, or several of both."""
    load = datasets.load_diabetes if kind == "regressor" else datasets.load_breast_cancer
    data = load()
    rows, target = data.data, data.target
    if name in POSITIVE:
        rows = MinMaxScaler().fit_transform(rows)
    if name == "CategoricalNB":
        rows = np.floor(3 * rows)
    if name in SEVERAL:
        target = np.column_stack([target, target[::-1]])
    if name == "IsotonicRegression":
        rows = rows[:, :1]
    names = [f"f{place}" for place in range(rows.shape[1])]
    estimator = made(kind, name, cls).fit(rows, target)
    return ModelCase(estimator, pd.DataFrame(rows, columns=names))


def different(model: FittedModel, signature: Any, engine: Any, columns: Any) -> int:
    """The number of rows within the ranges that get another label, or a different number."""
    drawn = probe_rows.generate(signature, columns, model.thresholds(signature.names), ROWS)
    given = [values[:ROWS] for values in drawn.values()]
    right = model.engine(signature).predict(given)
    wrong = np.zeros(ROWS, dtype=bool)
    for one, other in zip(right, engine.predict(given), strict=True):
        if one.dtype.kind == "f":
            wrong |= ~np.isclose(one, other, rtol=1e-5, atol=1e-5, equal_nan=True)
        else:
            wrong |= one != other
    return int(wrong.sum())


def selected(kind: str, name: str, cls: type) -> tuple[str, str]:
    """The engine of one estimator, and the reason."""
    try:
        case = fitted(kind, name, cls)
    except TooSlowError:
        raise
    except Exception as error:
        return "not fitted", f"{type(error).__name__}: {str(error)[:80]}"
    if not hasattr(case.estimator, "predict"):
        return "no predict", ""
    try:
        signature, columns = contract(case)
    except Exception as error:
        return "no contract", f"{type(error).__name__}: {str(error)[:120]}"
    model = FittedModel(case.estimator)
    chosen = selection.select_engine(model, signature, columns)
    why = str(chosen.report["why"])
    if chosen.name == ONNX:
        why += f" [{chosen.report['precision']}, {chosen.report['largest_difference']:.0e}]"
        wrong = different(model, chosen.signature, chosen.engine, columns)
        why += f", {wrong} of {ROWS} rows differ" if wrong else ""
    return chosen.name, why


def main() -> None:
    """Print the table and the sums."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="estimators; all by default")
    parser.add_argument("--kind", help="classifier, regressor, cluster, outlier or transformer")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGALRM, stop)
    counts: Counter[tuple[str, str]] = Counter()
    for kind, name, cls in kinds():
        if arguments.names and name not in arguments.names:
            continue
        if arguments.kind not in (None, kind):
            continue
        signal.alarm(SECONDS)
        try:
            engine, why = selected(kind, name, cls)
        except TooSlowError as error:
            engine, why = "too slow", str(error)
        except Exception as error:
            engine, why = "error", f"{type(error).__name__}: {error}"
        signal.alarm(0)
        counts[kind, engine] += 1
        print(f"| {kind} | {name} | {engine} | {why} |", flush=True)
    for (kind, engine), count in sorted(counts.items()):
        print(f"{kind:12} {engine:12} {count}", file=sys.stderr)


if __name__ == "__main__":
    main()
