"""What the parts of an estimator learned about its input columns."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import VotingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

from training.estimators.learned_columns import learned_columns

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
    assert learned_columns(model, NAMES).categories == {"colour": COLOURS, "size": SIZES}


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
    assert learned_columns(model, NAMES).categories == {"colour": COLOURS}


def test_an_encoder_behind_an_imputer_is_found() -> None:
    text = TABLE[["colour", "size"]]
    model = make_pipeline(
        SimpleImputer(strategy="most_frequent"), OrdinalEncoder(), LogisticRegression()
    )
    learned = learned_columns(model.fit(text, TARGET), ["colour", "size"])
    assert learned.categories == {"colour": COLOURS, "size": SIZES}
    assert learned.imputed == {"colour": (np.nan, "red"), "size": (np.nan, "M")}
    assert learned.groups == [["colour", "size"]]


def test_the_columns_of_text_vectorizers_are_found() -> None:
    columns = ColumnTransformer(
        [("words", TfidfVectorizer(), "colour"), ("rest", "drop", ["size"])]
    )
    model = make_pipeline(columns, LogisticRegression()).fit(TABLE, TARGET)
    assert learned_columns(model, NAMES).texts == {"colour"}
