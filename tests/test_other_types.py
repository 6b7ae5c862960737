"""Types that files do not have: packing refuses a model that looks at them, and no other model."""

from collections.abc import Sequence
from datetime import date, time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, TargetEncoder
from sklearn.tree import DecisionTreeClassifier

from service.app import create_app
from service.model.predictor import Predictor
from service.settings import Settings
from tests.support import frame_steps
from tests.support.any_frame import plain
from tests.support.sample_files import read_back as read
from training.errors import PackError
from training.estimators.fitted_model import FittedModel
from training.pack import PackOptions, pack
from training.signature.infer import infer_contract

ROWS = 60
TRUSTED = ["tests.support.frame_steps"]
EVENING, MORNING = time(18, 30), time(9, 45, 0, 500)
DAYS = [date(2026, 1, 1), date(2026, 2, 13)]


def column(values: Sequence[Any], dtype: Any = object) -> pd.DataFrame:
    return pd.DataFrame(
        {"store": pd.Series(np.resize(np.array(values, object), ROWS), dtype=dtype)}
    )


def category(values: Any) -> pd.DataFrame:
    return column([*values]).astype({"store": pd.CategoricalDtype(pd.Index(values))})


def answers_by(step: Any, rows: pd.DataFrame, behind: Any = None) -> Any:
    """A model of a function, with or without an encoder behind it."""
    last = LogisticRegression()
    steps = [FunctionTransformer(step), *([behind] if behind is not None else []), last]
    return make_pipeline(*steps).fit(rows, pd.factorize(rows["store"])[0] == 0)


def one_hot() -> OneHotEncoder:
    return OneHotEncoder(handle_unknown="ignore")


UNSAID = {
    "times of day": (column([EVENING, MORNING]), "times of day as objects", "text"),
    "times of day and None": (column([EVENING, MORNING, None]), "times of day|None, and", "text"),
    "dates": (column(DAYS), "holds times, and", "text"),
    "category of days": (category(pd.to_datetime(DAYS)), "holds times, and", "date"),
    "category of times": (
        category(pd.to_datetime(["2026-01-01 18:00", "2026-01-02 19:00"])),
        "holds times, and",
        "datetime",
    ),
    "booleans and None": (column([True, False, None]), "are None, and not NaN", "boolean"),
    "numbers and None": (column([0.5, 1.5, None]), "are None, and not NaN", "number"),
    "whole numbers and None": (column([1, 2, None]), "objects of Python", "integer"),
    "text and None": (column(["a", "b", None]), "are None, and not NaN", "text"),
}


@pytest.mark.parametrize("name", UNSAID)
def test_csv_does_not_have_a_type_that_a_function_looks_at(name: str, tmp_path: Path) -> None:
    rows, reason, kind = UNSAID[name]
    model = FittedModel(answers_by(frame_steps.classes, rows))
    with pytest.raises(
        PackError, match=f"model predicts differently if .*column store.*({reason})"
    ):
        infer_contract(model, read(rows, tmp_path), [])
    described = infer_contract(model, read(rows, tmp_path), [], {"store": kind})
    assert described.signature.inputs[0].name == "store"


@pytest.mark.parametrize("name", UNSAID)
@pytest.mark.parametrize("encoder", [one_hot, TargetEncoder], ids=["one-hot", "target"])
def test_what_pandas_reads_is_served_where_an_encoder_learned_it(
    name: str, encoder: Any, tmp_path: Path
) -> None:
    UNSAID[name][0].to_csv(tmp_path / "own.csv", index=False)
    rows = pd.read_csv(tmp_path / "own.csv")
    model = answers_by(frame_steps.as_it_is, rows, encoder())
    pack(
        model,
        read(rows, tmp_path),
        targets=[],
        name="x",
        folder=tmp_path / "artifact",
        options=PackOptions(trusted=TRUSTED, report=False),
    )
    client = create_app(Settings(), Predictor.load(tmp_path / "artifact", TRUSTED)).test_client()
    body = {"store": [plain(value) for value in rows["store"]]}
    reply: Any = client.post("/predict?probabilities=true", json=body).json
    assert reply["prediction"] == model.predict(rows).tolist()
    np.testing.assert_allclose(reply["probabilities"], model.predict_proba(rows), atol=1e-9)


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".feather"])
def test_int64_within_a_category_is_refused_where_answers_depend_on_it(
    suffix: str, tmp_path: Path
) -> None:
    known = pd.array([10, 20, 30], dtype="Int64")
    rows = category(known).mask(pd.Series(range(ROWS)) % 7 == 0)
    model = FittedModel(answers_by(frame_steps.texts, rows, one_hot()))
    reason = "a type of pandas such as Int64" if suffix == ".csv" else "have a type such as Int64"
    with pytest.raises(PackError, match=f"column store.*{reason}"):
        infer_contract(model, read(rows, tmp_path, suffix), [])
    floats = category([10, 20, 30]).mask(pd.Series(range(ROWS)) % 7 == 0)
    plain_model = FittedModel(answers_by(frame_steps.texts, floats, one_hot()))
    assert infer_contract(plain_model, read(floats, tmp_path, ".feather"), []).signature


@pytest.mark.parametrize(
    "values",
    [pd.array([1.5, 2.5]), pd.array([True, False]), pd.array(["a", "b"], dtype="string")],
    ids=["Float64", "boolean", "string"],
)
def test_other_types_of_pandas_within_a_category_are_refused_too(
    values: Any, tmp_path: Path
) -> None:
    rows = category(values).mask(pd.Series(range(ROWS)) % 7 == 0)
    model = FittedModel(answers_by(frame_steps.category_types, rows))
    with pytest.raises(PackError, match="column store have a type such as Int64"):
        infer_contract(model, read(rows, tmp_path, ".feather"), [])


def test_a_type_of_an_encoder_is_required_although_predictions_of_the_sample_are_equal(
    tmp_path: Path,
) -> None:
    days = pd.to_datetime(column(DAYS)["store"]).astype("datetime64[ns]")
    rows = pd.DataFrame({"store": days, "other": np.arange(ROWS) % 3})
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    tree = DecisionTreeClassifier(max_depth=1)  # of the other column alone
    model = make_pipeline(FunctionTransformer(frame_steps.array_texts), encoder, tree)
    with pytest.raises(PackError, match="column store holds times in nanoseconds"):
        infer_contract(FittedModel(model.fit(rows, rows["other"] == 0)), read(rows, tmp_path), [])


def test_dates_of_python_are_refused_where_only_they_decide(tmp_path: Path) -> None:
    model = FittedModel(answers_by(frame_steps.are_dates, column(DAYS)))
    with pytest.raises(PackError, match="column store holds dates as objects of Python, which no"):
        infer_contract(model, read(column(DAYS), tmp_path), [])


def test_a_category_of_times_is_refused_where_only_categories_decide(tmp_path: Path) -> None:
    rows = category(pd.to_datetime(DAYS)).mask(pd.Series(range(ROWS)) % 7 == 0)
    model = FittedModel(answers_by(frame_steps.category_types, rows))
    with pytest.raises(PackError, match="column store holds categories of times, which no kind"):
        infer_contract(model, read(rows, tmp_path), [])


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_model_that_imputes_nan_and_learned_none_needs_a_kind(
    suffix: str, tmp_path: Path
) -> None:
    imputer = SimpleImputer(strategy="most_frequent")
    for values in (["a", "b", None], ["a", "b", None, np.nan, "a"]):
        rows = column(values)
        target = pd.factorize(rows["store"])[0] == 0
        model = make_pipeline(imputer, one_hot(), LogisticRegression()).fit(rows, target)
        with pytest.raises(PackError, match="imputes NaN in the column store and learned None"):
            infer_contract(FittedModel(model), read(rows, tmp_path, suffix), [])
    one = infer_contract(FittedModel(model), read(rows, tmp_path, suffix), [], {"store": "text"})
    assert one.signature.inputs[0].null == "none"


def test_what_an_imputer_leaves_for_a_function_is_not_known(tmp_path: Path) -> None:
    rows = column(["a", "a", "b", None])
    steps = (
        SimpleImputer(strategy="most_frequent"),
        FunctionTransformer(frame_steps.are_none),
        LogisticRegression(),
    )
    model = FittedModel(make_pipeline(*steps).fit(rows, rows["store"].isna()))
    for suffix in (".csv", ".parquet"):
        with pytest.raises(PackError, match="missing values of the column store are N"):
            infer_contract(model, read(rows, tmp_path, suffix), [])
