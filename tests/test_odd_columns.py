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
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder

from service.app import create_app
from service.model.predictor import Predictor
from service.settings import Settings
from tests.support import frame_steps
from tests.support.sample_files import read_back
from training.errors import PackError
from training.estimators.fitted_model import FittedModel
from training.pack import PackOptions, pack
from training.samples import columnar, sample
from training.signature.infer import infer_contract


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
        infer_contract(FittedModel(model), sample.read(tmp_path / "rows.csv"), [])


def test_text_is_not_taken_for_booleans_beside_numbers(tmp_path: Path) -> None:
    rows = pd.DataFrame({"flag": pd.Series([2, True, 0] * 20, dtype=object)})
    encoder = OneHotEncoder(handle_unknown="ignore")
    model = make_pipeline(encoder, LogisticRegression()).fit(rows, ["yes", "no", "no"] * 20)
    rows.to_csv(tmp_path / "rows.csv", index=False)
    with pytest.raises(PackError, match="flag is text, and the model learned numbers"):
        infer_contract(FittedModel(model), sample.read(tmp_path / "rows.csv"), [])


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
        infer_contract(FittedModel(model), columnar.read(tmp_path / "rows.parquet"), [])


def test_none_and_nan_are_refused_where_answers_depend_on_them_and_no_encoder_tells(
    tmp_path: Path,
) -> None:
    answer = np.resize(["yes", "no", "no"], 60)
    step = FunctionTransformer(frame_steps.are_none)
    for missing in (np.nan, None):
        values = np.resize(np.array([missing, "a", "b"], dtype=object), 60)
        rows = pd.DataFrame({"t": pd.Series(values, dtype=object)})
        rows.to_parquet(tmp_path / "rows.parquet")
        read = columnar.read(tmp_path / "rows.parquet")
        both = make_union(step, OneHotEncoder(handle_unknown="ignore"))
        model = make_pipeline(both, LogisticRegression()).fit(rows, answer)
        reply = infer_contract(FittedModel(model), read, []).signature.inputs[0]
        assert reply.null == ("none" if missing is None else "nan")
    model = make_pipeline(step, LogisticRegression()).fit(rows, answer)
    with pytest.raises(PackError, match="column t are NaN and not None, and a file stores"):
        infer_contract(FittedModel(model), read, [])


@pytest.mark.parametrize(
    ("values", "categories"),
    [([7, 3, 11], (7, 3, 5, 11)), ([7.5], (1.5, 7.5)), ([True, None], (False, True))],
    ids=["order", "unused", "booleans"],
)
def test_the_list_of_categories_is_required_if_codes_depend_on_it(
    values: list[Any], categories: tuple[Any, ...], tmp_path: Path
) -> None:
    stores = pd.Categorical(np.resize([*values, None], 60), categories=list(categories))
    rows = pd.DataFrame({"store": stores})
    step = FunctionTransformer(frame_steps.codes)
    model = make_pipeline(step, LogisticRegression()).fit(rows, rows["store"] == values[0])
    rows.to_parquet(tmp_path / "rows.parquet")
    with pytest.raises(PackError, match="store have another order or number, and Parquet keeps"):
        infer_contract(FittedModel(model), columnar.read(tmp_path / "rows.parquet"), [])
    rows.to_feather(tmp_path / "rows.feather")
    reply = infer_contract(
        FittedModel(model), columnar.read(tmp_path / "rows.feather"), []
    ).signature
    assert reply.inputs[0].categories == categories


def test_both_none_and_nan_as_categories_are_refused() -> None:
    rows = pd.DataFrame({"t": pd.Series(np.resize(["a", None, np.nan], 60), dtype=object)})
    model = make_pipeline(OneHotEncoder(), LogisticRegression()).fit(rows, rows["t"] == "a")
    column = sample.Column("t", kind="text", values=["a"], cells=["a"])
    read = sample.Sample(columns={"t": column}, rows=1, kept=1)
    with pytest.raises(PackError, match="learned both None and NaN from the column t"):
        infer_contract(FittedModel(model), read, [])


def test_nan_beside_na_is_refused(tmp_path: Path) -> None:
    given = pd.arrays.FloatingArray(np.resize([1.0, np.nan, 2.0], 60), np.arange(60) % 3 == 0)
    rows = pd.DataFrame({"a": given})
    rows.to_parquet(tmp_path / "rows.parquet")
    model = make_pipeline(SimpleImputer(), LogisticRegression()).fit(rows, np.arange(60) % 2)
    with pytest.raises(PackError, match="column a is Float64 with NaN beside NA, which no kind"):
        infer_contract(FittedModel(model), columnar.read(tmp_path / "rows.parquet"), [])


@pytest.mark.parametrize(
    ("values", "dtype", "step", "reason"),
    [
        (["2026-01-01", "2026-07-01"], "datetime64[s]", frame_steps.units, "in seconds, as they"),
        (["a", "b"], object, frame_steps.units, "column a holds objects of Python, as it was"),
        ([0.5, 1.5], object, frame_steps.units, "column a holds objects of Python, as it was"),
    ],
    ids=["seconds", "objects of text", "objects of numbers"],
)
def test_a_type_that_parquet_does_not_keep_is_required_if_predictions_depend_on_it(
    values: list[Any], dtype: Any, step: Any, reason: str, tmp_path: Path
) -> None:
    rows = pd.DataFrame({"a": pd.Series(values * 30, dtype=dtype)})
    rows.to_parquet(tmp_path / "rows.parquet")
    answer = np.arange(60) % 2
    model = make_pipeline(FunctionTransformer(step), LogisticRegression()).fit(rows, answer)
    with pytest.raises(PackError, match=reason):
        infer_contract(FittedModel(model), columnar.read(tmp_path / "rows.parquet"), [])
    model = make_pipeline(OneHotEncoder(), LogisticRegression()).fit(rows, answer)
    assert infer_contract(
        FittedModel(model), columnar.read(tmp_path / "rows.parquet"), []
    ).signature


def test_whole_categories_stay_whole_beside_an_unknown_one(tmp_path: Path) -> None:
    stores = pd.Categorical(np.resize([7, 3], 60), categories=[7, 3])
    rows = pd.DataFrame({"store": stores})
    step, encoder = FunctionTransformer(frame_steps.texts), OneHotEncoder(handle_unknown="ignore")
    model = make_pipeline(step, encoder, LogisticRegression()).fit(rows, stores == 7)
    rows.to_feather(tmp_path / "rows.feather")
    options = PackOptions(report=False, trusted=["tests.support.frame_steps"])
    read = columnar.read(tmp_path / "rows.feather")
    pack(model, read, targets=[], name="x", folder=tmp_path / "a", options=options)
    predictor = Predictor.load(tmp_path / "a", options.trusted)
    client = create_app(Settings(), predictor).test_client()
    asked = pd.DataFrame({"store": pd.Categorical([7, 11], categories=[7, 3, 11])})
    reply: Any = client.post("/predict?probabilities=true", json={"store": [7.0, 11.0]}).json
    np.testing.assert_allclose(reply["probabilities"], model.predict_proba(asked), atol=1e-9)
    assert "/store/1" in client.post("/predict", json={"store": [7, 3.5]}).text


def test_a_category_of_times_is_named_in_the_refusal(tmp_path: Path) -> None:
    days = pd.Categorical(pd.to_datetime(["2026-01-01", "2026-02-01"] * 30))
    rows = pd.DataFrame({"day": days})
    rows.to_feather(tmp_path / "rows.feather")
    model = make_pipeline(FunctionTransformer(frame_steps.codes), LogisticRegression())
    with pytest.raises(PackError, match="column day is category of datetime64.us., which no kind"):
        infer_contract(
            FittedModel(model.fit(rows, np.arange(60) % 2)),
            columnar.read(tmp_path / "rows.feather"),
            [],
        )


@pytest.mark.parametrize("missing", ["", np.nan, None])
@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_numbers_that_an_encoder_learned_as_objects_are_objects(
    missing: Any, suffix: str, tmp_path: Path
) -> None:
    gone = [] if missing == "" else [missing]
    values = [0.5, 1.5, 2.0, *gone] * 15
    rows = pd.DataFrame({"a": pd.Series(values, dtype=object)})
    model = make_pipeline(OneHotEncoder(), LogisticRegression())
    model.fit(rows, [value == 0.5 for value in values])
    read = read_back(rows, tmp_path, suffix)
    asked = [0.5, 1.5, 2, *([None] if gone else [])]
    reply: Any = packed(model, read, tmp_path).post(
        "/predict?probabilities=true", json={"a": asked}
    )
    expected = model.predict_proba(
        pd.DataFrame({"a": pd.Series(values[: len(asked)], dtype=object)})
    )
    np.testing.assert_allclose(reply.json["probabilities"], expected, atol=1e-9)


def test_objects_that_pandas_would_round_are_what_the_encoder_learned(tmp_path: Path) -> None:
    values = [2**53 + 1, 2**53, None] * 20
    rows = pd.DataFrame({"a": pd.Series(values, dtype=object)})
    model = make_pipeline(OneHotEncoder(handle_unknown="ignore"), LogisticRegression())
    model.fit(rows, [value == 2**53 for value in values])
    rows.to_parquet(tmp_path / "rows.parquet")
    client = packed(model, columnar.read(tmp_path / "rows.parquet"), tmp_path)
    asked = [*values[:3], 7, 2**63 - 1]
    reply: Any = client.post("/predict?probabilities=true", json={"a": asked}).json
    expected = model.predict_proba(pd.DataFrame({"a": pd.Series(asked, dtype=object)}))
    np.testing.assert_allclose(reply["probabilities"], expected, atol=1e-9)
