"""Fit one model of each family and save it, with whatever scikit-learn runs this.

Run as `python families.py FOLDER [NAME ...]`; it needs nothing but scikit-learn, pandas and joblib,
and runs on Python 3.7 and later.
"""

import os
import sys
import warnings
from contextlib import suppress
from typing import Any

import joblib
import numpy as np
import pandas as pd
import sklearn
from sklearn import ensemble
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
from sklearn.ensemble import (
    AdaBoostClassifier,
    AdaBoostRegressor,
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import (
    Lasso,
    LinearRegression,
    LogisticRegression,
    Ridge,
    SGDClassifier,
    SGDRegressor,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.svm import SVC, SVR
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

VERSION = tuple(int(part) for part in sklearn.__version__.split(".")[:2])
LOG = "log_loss" if VERSION >= (1, 1) else "log"
if VERSION < (1, 0):
    with suppress(ImportError):
        from sklearn.experimental import enable_hist_gradient_boosting  # noqa: F401


def two() -> Any:
    """Two classes, which are texts."""
    rows, target = load_breast_cancer(return_X_y=True)
    return rows[:, :8], np.array(["malignant", "benign"])[target]


def three() -> Any:
    """Three classes, which are numbers."""
    return load_wine(return_X_y=True)


def number() -> Any:
    """A number."""
    return load_diabetes(return_X_y=True)


def texts() -> Any:
    """Short texts of two kinds."""
    chance = np.random.RandomState(0)
    words = [["pump", "leak", "valve", "oil"], ["engine", "noise", "belt", "oil"]]
    target = chance.randint(0, 2, 200)
    rows = [" ".join(chance.choice(words[one], 5)) for one in target]
    return pd.DataFrame({"note": rows}), target


def table() -> Any:
    """Numbers and texts, some of which are missing."""
    chance = np.random.RandomState(0)
    rows = pd.DataFrame(
        {
            "age": chance.randint(18, 80, 300).astype(float),
            "town": chance.choice(["Bern", "Chur", "Genf"], 300),
            "grade": chance.choice(["low", "mid", "high"], 300),
            "pay": chance.normal(size=300),
        }
    )
    rows.loc[chance.rand(300) < 0.1, "pay"] = np.nan
    return rows, ((rows.town == "Bern") ^ (rows.age > 50)).astype(int).to_numpy()


def days() -> Any:
    """A day of the week before a fair."""
    chance = np.random.RandomState(0)
    rows = pd.DataFrame(
        {"day": pd.Timestamp("2021-03-01") + pd.to_timedelta(chance.randint(0, 7, 300), unit="D")}
    )
    return rows, ((rows.day.dt.day % 3 == 0) ^ (chance.rand(300) < 0.1)).astype(int).to_numpy()


def codes() -> Any:
    """A number, and a number that stands for a category."""
    chance = np.random.RandomState(0)
    rows = np.column_stack([chance.normal(size=600), chance.randint(0, 12, 600)])
    return rows, ((rows[:, 1] % 3 == 1) ^ (rows[:, 0] > 1.0)).astype(int)


def columns() -> Any:
    """An imputer, a scaler and two encoders."""
    numeric = make_pipeline(SimpleImputer(), StandardScaler())
    return make_column_transformer(
        (numeric, ["age", "pay"]),
        (OneHotEncoder(handle_unknown="ignore"), ["town"]),
        (OrdinalEncoder(), ["grade"]),
    )


def _scaled(model: Any) -> Any:
    return make_pipeline(StandardScaler(), model)


FAMILIES: Any = {
    "logistic regression": (two, lambda: LogisticRegression(max_iter=500)),
    "logistic regression of three": (three, lambda: LogisticRegression(max_iter=500)),
    "forest": (two, lambda: RandomForestClassifier(n_estimators=20, random_state=0)),
    "forest of three": (three, lambda: RandomForestClassifier(n_estimators=20, random_state=0)),
    "forest of numbers": (number, lambda: RandomForestRegressor(n_estimators=20, random_state=0)),
    "extra trees": (two, lambda: ExtraTreesClassifier(n_estimators=20, random_state=0)),
    "extra trees of numbers": (
        number,
        lambda: ExtraTreesRegressor(n_estimators=20, random_state=0),
    ),
    "tree": (three, lambda: DecisionTreeClassifier(max_depth=4, random_state=0)),
    "tree of numbers": (number, lambda: DecisionTreeRegressor(max_depth=4, random_state=0)),
    "histogram boosting": (two, lambda: ensemble.HistGradientBoostingClassifier(max_iter=20)),
    "histogram boosting of three": (
        three,
        lambda: ensemble.HistGradientBoostingClassifier(max_iter=10),
    ),
    "histogram boosting of numbers": (
        number,
        lambda: ensemble.HistGradientBoostingRegressor(max_iter=20),
    ),
    "boosting": (two, lambda: GradientBoostingClassifier(n_estimators=20, random_state=0)),
    "boosting of three": (three, lambda: GradientBoostingClassifier(n_estimators=10)),
    "boosting of numbers": (number, lambda: GradientBoostingRegressor(n_estimators=20)),
    "adaboost": (two, lambda: AdaBoostClassifier(n_estimators=20, random_state=0)),
    "adaboost of bayes": (two, lambda: AdaBoostClassifier(GaussianNB(), n_estimators=5)),
    "adaboost of numbers": (number, lambda: AdaBoostRegressor(n_estimators=20, random_state=0)),
    "support vectors": (two, lambda: _scaled(SVC(probability=True, random_state=0))),
    "support vectors of numbers": (number, lambda: _scaled(SVR(C=100.0))),
    "neighbours": (two, lambda: KNeighborsClassifier()),
    "neighbours of numbers": (number, lambda: KNeighborsRegressor(algorithm="ball_tree")),
    "network": (
        three,
        lambda: _scaled(MLPClassifier(hidden_layer_sizes=(10,), max_iter=50, random_state=0)),
    ),
    "network of numbers": (
        number,
        lambda: _scaled(MLPRegressor(hidden_layer_sizes=(10,), max_iter=50)),
    ),
    "stochastic gradient": (three, lambda: _scaled(SGDClassifier(loss=LOG, random_state=0))),
    "stochastic gradient of numbers": (number, lambda: _scaled(SGDRegressor(random_state=0))),
    "naive Bayes": (three, lambda: GaussianNB()),
    "isolation forest": (two, lambda: IsolationForest(n_estimators=20, random_state=0)),
    "calibrated": (two, lambda: CalibratedClassifierCV(GaussianNB(), cv=3)),
    "calibrated by steps": (
        two,
        lambda: CalibratedClassifierCV(GaussianNB(), cv=3, method="isotonic"),
    ),
    "stacking": (
        three,
        lambda: ensemble.StackingClassifier(
            [
                ("forest", RandomForestClassifier(n_estimators=10, random_state=0)),
                ("bayes", GaussianNB()),
            ],
            LogisticRegression(),
        ),
    ),
    "stacking of numbers": (
        number,
        lambda: ensemble.StackingRegressor(
            [
                ("forest", RandomForestRegressor(n_estimators=10, random_state=0)),
                ("ridge", Ridge()),
            ],
            Ridge(),
        ),
    ),
    "columns": (table, lambda: make_pipeline(columns(), LogisticRegression())),
    "columns and a forest": (
        table,
        lambda: make_pipeline(columns(), RandomForestClassifier(n_estimators=20, random_state=0)),
    ),
    "days": (
        days,
        lambda: make_pipeline(
            make_column_transformer((OneHotEncoder(handle_unknown="ignore"), ["day"])),
            LogisticRegression(),
        ),
    ),
    "text": (texts, lambda: make_pipeline(TfidfVectorizer(), LogisticRegression())),
    "linear": (number, lambda: LinearRegression()),
    "ridge": (number, lambda: Ridge()),
    "lasso": (number, lambda: Lasso(alpha=0.1)),
}
if VERSION >= (0, 24):
    FAMILIES["histogram boosting with categories"] = (
        codes,
        lambda: ensemble.HistGradientBoostingClassifier(max_iter=20, categorical_features=[1]),
    )
if VERSION < (0, 21):
    FAMILIES = {name: one for name, one in FAMILIES.items() if "histogram" not in name}
if VERSION < (0, 22):
    FAMILIES = {name: one for name, one in FAMILIES.items() if "stacking" not in name}
if VERSION < (1, 8):
    FAMILIES["one against all"] = (
        three,
        lambda: LogisticRegression(multi_class="ovr", max_iter=500),
    )
    FAMILIES["liblinear"] = (three, lambda: LogisticRegression(solver="liblinear"))
    FAMILIES["softmax of two"] = (
        two,
        lambda: LogisticRegression(multi_class="multinomial", solver="lbfgs"),
    )


def save(name: str, folder: str) -> None:
    """Fit and save one; its sample is a CSV file beside it, with the target as `y`."""
    data, make = FAMILIES[name]
    rows, target = data()
    path = os.path.join(folder, name)
    os.makedirs(path)
    fitted = rows["note"] if list(getattr(rows, "columns", ())) == ["note"] else rows
    model = make().fit(fitted, target)
    joblib.dump(model, os.path.join(path, "model.joblib"))
    if name == "isolation forest":  # which answers -1 and 1, whatever it is fitted on
        target = model.predict(fitted)
    frame = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(rows).add_prefix("x")
    frame.assign(y=target).to_csv(os.path.join(path, "rows.csv"), index=False)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    for name in sys.argv[2:] or FAMILIES:
        if name in FAMILIES:  # which this release has
            save(name, sys.argv[1])
