"""Fitted estimators of the kinds that users have, each with rows that it accepts."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn import datasets
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
)
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

MACHINES = Path(__file__).parents[2] / "docs/example/machines.csv"
TEXT = ["site", "kind"]
NUMBERS = ["age_years", "temperature"]


@dataclass(frozen=True, slots=True)
class ModelCase:
    """A fitted estimator, and the rows that it was fitted on, as a frame with column names."""

    estimator: Any
    rows: pd.DataFrame
    as_frame: bool = False

    def own(self, rows: pd.DataFrame) -> Any:
        """Rows in the container that the estimator was fitted on."""
        if self.as_frame:
            return rows
        return (
            rows.iloc[:, 0].tolist()
            if self.rows.shape[1] == 1 and not self.numeric
            else (np.ascontiguousarray(rows.to_numpy()))
        )

    @property
    def numeric(self) -> bool:
        """Whether all its columns are numbers."""
        return all(pd.api.types.is_numeric_dtype(kind) for kind in self.rows.dtypes)


def on_arrays(estimator: Any, load: Callable[..., Any], labels: Any = None) -> ModelCase:
    """Fit on a bundled data set, as arrays."""
    data = load()
    target = data.target if labels is None else labels(data)
    rows = pd.DataFrame(data.data, columns=[f"f{i}" for i in range(data.data.shape[1])])
    return ModelCase(estimator.fit(data.data, target), rows)


def on_machines(
    estimator: Any, target: str = "fails", columns: list[str] | None = None
) -> ModelCase:
    """Fit on the mixed table, as a frame."""
    table = machines()
    rows = table[columns or [*TEXT, *NUMBERS, "guarded"]]
    return ModelCase(estimator.fit(rows, table[target]), rows, as_frame=True)


@cache
def machines() -> pd.DataFrame:
    """The mixed table: text, whole numbers, numbers, booleans, and missing values."""
    return pd.read_csv(MACHINES)


def names(data: Any) -> Any:
    """Class names instead of numbers."""
    return np.array([str(name) for name in data.target_names])[data.target]


def encoded(unknown: str, encoder: type = OneHotEncoder, **more: Any) -> ColumnTransformer:
    """Impute and scale numbers, impute and encode text."""
    text = make_pipeline(
        SimpleImputer(strategy="most_frequent"), encoder(handle_unknown=unknown, **more)
    )
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    return ColumnTransformer([("text", text, TEXT), ("numbers", numbers, NUMBERS)])


def remarks() -> tuple[list[str], list[str]]:
    """Texts made from the mixed table, and whether they describe a failure."""
    table = machines()
    texts = [
        f"the {kind} in {site} is {age} years old"
        for kind, site, age in zip(
            table.kind, table.site.fillna("no place"), table.age_years, strict=True
        )
    ]
    return texts, table.fails.tolist()


def text_model() -> ModelCase:
    texts, labels = remarks()
    model = make_pipeline(TfidfVectorizer(), LogisticRegression())
    return ModelCase(model.fit(texts, labels), pd.DataFrame({"remark": texts}))


def text_in_a_frame() -> ModelCase:
    texts, labels = remarks()
    rows = pd.DataFrame({"remark": texts, "age_years": machines().age_years})
    columns = ColumnTransformer(
        [("words", TfidfVectorizer(), "remark"), ("numbers", StandardScaler(), ["age_years"])]
    )
    model = make_pipeline(columns, LogisticRegression())
    return ModelCase(model.fit(rows, labels), rows, as_frame=True)


def native_categories() -> ModelCase:
    rows = machines()[[*TEXT, *NUMBERS]].astype(dict.fromkeys(TEXT, "category"))
    model = HistGradientBoostingClassifier(
        categorical_features="from_dtype", max_iter=20, random_state=0
    )
    return ModelCase(model.fit(rows, machines().fails), rows, as_frame=True)


def several_labels() -> ModelCase:
    data = datasets.load_iris()
    labels = np.column_stack([data.target == 0, data.data[:, 0] > 5.5]).astype(int)
    model = OneVsRestClassifier(LogisticRegression(max_iter=1000)).fit(data.data, labels)
    return ModelCase(model, pd.DataFrame(data.data, columns=list("abcd")))


def several_classes() -> ModelCase:
    table = machines()
    rows = table[["age_years", "hours_left"]]
    model = MultiOutputClassifier(DecisionTreeClassifier(max_depth=3, random_state=0))
    return ModelCase(model.fit(rows.to_numpy(), table[["kind", "fails"]].to_numpy()), rows)


def codes() -> ModelCase:
    rows = machines()[["age_years"]] % 3
    model = make_pipeline(OneHotEncoder(), LogisticRegression())
    return ModelCase(model.fit(rows, machines().fails), rows, as_frame=True)


def boosting(**more: Any) -> HistGradientBoostingClassifier:
    return HistGradientBoostingClassifier(max_iter=20, random_state=0, **more)


def logistic() -> Any:
    return make_pipeline(StandardScaler(), LogisticRegression())
