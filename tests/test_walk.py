"""What a fitted estimator is made of, and what its encoders know."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

from training.estimators import introspection

TABLE = pd.DataFrame(
    {
        "number": [1.0, 2.0, 3.0, 4.0] * 3,
        "colour": ["red", "blue", "red", "green"] * 3,
        "size": ["S", "M", "L", "M"] * 3,
    }
)
NAMES = ["number", "colour", "size"]
TARGET = [0, 1, 0, 1] * 3
COLOURS, SIZES = {"red", "blue", "green"}, {"S", "M", "L"}


def encoding(columns: Any) -> Any:
    encoder = OneHotEncoder(handle_unknown="ignore")
    chosen = ColumnTransformer([("text", encoder, columns)], remainder="drop")
    return make_pipeline(chosen, LogisticRegression())


@pytest.mark.parametrize(
    "columns",
    [
        ["colour", "size"],
        [1, 2],
        slice(1, 3),
        [False, True, True],
        slice("colour", "size"),
        [-2, -1],
    ],
)
def test_columns_are_found_however_they_were_chosen(columns: Any) -> None:
    model = encoding(columns).fit(TABLE, TARGET)
    assert introspection.known_values(model, NAMES) == {"colour": COLOURS, "size": SIZES}


@pytest.mark.parametrize(
    "wrap",
    [
        lambda model: GridSearchCV(model, {}, cv=2),
        lambda model: VotingClassifier([("only", model)]),
        lambda model: CalibratedClassifierCV(model, cv=2),
        lambda model: make_pipeline(model),
    ],
)
def test_encoders_are_found_inside_other_estimators(wrap: Any) -> None:
    model = wrap(encoding(["colour"])).fit(TABLE, TARGET)
    assert introspection.known_values(model, NAMES) == {"colour": COLOURS}


def test_an_encoder_behind_an_imputer_is_found() -> None:
    text = TABLE[["colour", "size"]]
    model = make_pipeline(
        SimpleImputer(strategy="most_frequent"), OrdinalEncoder(), LogisticRegression()
    )
    assert introspection.known_values(model.fit(text, TARGET), ["colour", "size"]) == {
        "colour": COLOURS,
        "size": SIZES,
    }


def test_the_columns_of_text_vectorizers_are_found() -> None:
    columns = ColumnTransformer(
        [("words", TfidfVectorizer(), "colour"), ("rest", "drop", ["size"])]
    )
    model = make_pipeline(columns, LogisticRegression()).fit(TABLE, TARGET)
    assert introspection.text_columns(model, NAMES) == {"colour"}


def test_every_part_is_met_once() -> None:
    forest = RandomForestClassifier(4, random_state=0)
    model = make_pipeline(OneHotEncoder(), forest).fit(TABLE[["colour"]], TARGET)
    kinds = [type(part).__name__ for part in introspection.parts(model)]
    assert sorted(kinds)[:1] == ["DecisionTreeClassifier"]
    assert kinds.count("RandomForestClassifier") == 1
    assert kinds.count("DecisionTreeClassifier") == 4 + 1  # the pattern that trees are made of


def test_parts_that_ask_for_cores_are_named() -> None:
    model = make_pipeline(OneHotEncoder(), RandomForestClassifier(2, n_jobs=-1))
    assert introspection.parallel_parts(model.fit(TABLE[["colour"]], TARGET)) == [
        "RandomForestClassifier"
    ]
    assert introspection.parallel_parts(LogisticRegression().fit(np.eye(2), [0, 1])) == []


def test_a_copy_with_one_job_predicts_the_same_and_shares_the_trees() -> None:
    forest = RandomForestClassifier(3, random_state=0, n_jobs=2)
    model = make_pipeline(OneHotEncoder(), forest).fit(TABLE[["colour"]], TARGET)
    copied = introspection.with_one_job(model)
    assert (forest.n_jobs, copied[-1].n_jobs) == (2, 1)
    for own, other in zip(forest.estimators_, copied[-1].estimators_, strict=True):
        assert own is not other
        assert own.tree_ is other.tree_
    assert copied.predict(TABLE[["colour"]]).tolist() == model.predict(TABLE[["colour"]]).tolist()


def test_a_model_that_asks_for_no_cores_is_not_copied() -> None:
    model = LogisticRegression().fit(np.eye(2), [0, 1])
    assert introspection.with_one_job(model) is model
