"""Columns that newcomers have: types that files lose, blanks, names that are numbers."""

from datetime import date, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from flask.testing import FlaskClient
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from service.app import create_app
from service.model.predictor import Predictor
from service.settings import Settings
from training.errors import PackError
from training.estimators.fitted_model import FittedModel
from training.pack import PackOptions, pack
from training.samples import columnar, sample
from training.signature.infer import contract


def packed(model: Any, read: sample.Sample, folder: Path) -> FlaskClient:
    """A client of the service of a model that is packed with this sample."""
    options = PackOptions(report=False)
    pack(model, read, targets=[], name="x", folder=folder / "a", options=options)
    return create_app(Settings(), Predictor.load(folder / "a")).test_client()


@pytest.mark.parametrize(
    "values",
    [
        [date(2026, 1, 1), date(2026, 2, 1)],
        [time(10, 30), time(11)],
        [Decimal("1.10"), Decimal("2.20")],
        [pd.Period("2026-01"), pd.Period("2026-02")],
    ],
    ids=lambda values: type(values[0]).__name__,
)
def test_text_is_not_taken_for_values_of_a_type_that_csv_does_not_have(
    values: list[Any], tmp_path: Path
) -> None:
    """Every category would be unknown, and all rows answered alike."""
    rows = pd.DataFrame({"when": pd.Series(values * 20, dtype=object)})
    answers = ["yes", "no"] * 20
    encoder = OneHotEncoder(handle_unknown="ignore")
    model = make_pipeline(encoder, LogisticRegression()).fit(rows, answers)
    rows.to_csv(tmp_path / "rows.csv", index=False)
    with pytest.raises(
        PackError, match=f"the type {type(values[0]).__name__} from the column when"
    ):
        contract(FittedModel(model), sample.read(tmp_path / "rows.csv"), [])


def test_text_is_not_taken_for_booleans_beside_numbers(tmp_path: Path) -> None:
    rows = pd.DataFrame({"flag": pd.Series([2, True, 0] * 20, dtype=object)})
    encoder = OneHotEncoder(handle_unknown="ignore")
    model = make_pipeline(encoder, LogisticRegression()).fit(rows, ["yes", "no", "no"] * 20)
    rows.to_csv(tmp_path / "rows.csv", index=False)
    with pytest.raises(PackError, match="flag is text, and the model learned numbers"):
        contract(FittedModel(model), sample.read(tmp_path / "rows.csv"), [])


def test_blanks_are_a_category_in_a_column_of_text(tmp_path: Path) -> None:
    rows = pd.DataFrame({"code": ["  ", " a", "a", "a "] * 20})
    model = make_pipeline(OneHotEncoder(), LogisticRegression()).fit(rows, [0, 1, 1, 2] * 20)
    rows.to_csv(tmp_path / "rows.csv", index=False)
    read = sample.read(tmp_path / "rows.csv")
    pack(
        model, read, targets=[], name="x", folder=tmp_path / "a", options=PackOptions(report=False)
    )
    client = create_app(Settings(), Predictor.load(tmp_path / "a")).test_client()
    body = {"code": ["  ", " a", "a", "a "]}
    answer = client.post("/predict", json=body).get_json()
    assert answer["prediction"] == model.predict(rows)[:4].tolist()


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_columns_named_by_numbers_are_packed(suffix: str, tmp_path: Path) -> None:
    rows = pd.DataFrame({0: np.linspace(0, 1, 40), 1: ["a", "b"] * 20})
    encoder = make_column_transformer((OneHotEncoder(), [1]), remainder="passthrough")
    model = make_pipeline(encoder, LogisticRegression()).fit(rows, ["yes", "no"] * 20)
    path = tmp_path / f"rows{suffix}"
    rows.to_csv(path, index=False) if suffix == ".csv" else rows.to_parquet(path)
    read = columnar.read(path) if columnar.is_typed(path) else sample.read(path)
    pack(
        model, read, targets=[], name="x", folder=tmp_path / "a", options=PackOptions(report=False)
    )
    client = create_app(Settings(), Predictor.load(tmp_path / "a")).test_client()
    answer = client.post("/predict", json={"0": [0.5, 0.5], "1": ["a", "b"]}).get_json()
    assert answer["prediction"] == ["yes", "no"]


def test_a_type_of_arrow_is_refused_in_one_line(tmp_path: Path) -> None:
    rows = pd.DataFrame({"n": pd.Series([1, 2, None, 4] * 10, dtype="int64[pyarrow]")})
    rows.to_parquet(tmp_path / "rows.parquet")
    model = HistGradientBoostingClassifier(max_iter=2).fit(rows, [0, 1, 0, 1] * 10)
    with pytest.raises(PackError, match=r"column n is int64\[pyarrow\]"):
        contract(FittedModel(model), columnar.read(tmp_path / "rows.parquet"), [])
