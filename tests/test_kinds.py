"""The kind of a column: by the estimator, else by a sample with types, else by its cells."""

import json
import re
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, TargetEncoder

from service.app import create_app
from service.model.predictor import Predictor
from service.settings import Settings
from tests.support import frame_steps
from tests.support.any_frame import plain
from tests.support.sample_files import read_back as read
from training.__main__ import main
from training.errors import PackError
from training.estimators.fitted_model import FittedModel
from training.pack import PackOptions, pack
from training.signature.infer import infer_contract

CODES = ["10", "20", "30"]
ROWS = 120
CHANCE = np.random.default_rng(0)
DIGITS = CHANCE.choice(CODES, ROWS)
ANSWER = np.where(DIGITS == "10", "yes", "no")


def column(values: Any, dtype: Any = None) -> pd.DataFrame:
    return pd.DataFrame({"store": pd.Series(values, dtype=dtype)})


def ignoring() -> Any:
    return OneHotEncoder(handle_unknown="ignore")


def classifier(*steps: Any) -> Any:
    return make_pipeline(*steps, LogisticRegression())


def answers(
    model: Any, rows: pd.DataFrame, folder: Path, suffix: str = ".csv", **more: Any
) -> tuple[Predictor, Any]:
    """The predictor, and what its service answers to these rows."""
    trusted = ["tests.support.frame_steps"]
    pack(
        model,
        read(rows, folder, suffix),
        targets=[],
        name="x",
        folder=folder / "artifact",
        options=PackOptions(trusted=trusted, report=False, **more),
    )
    predictor = Predictor.load(folder / "artifact", trusted)
    client = create_app(Settings(), predictor).test_client()
    body = {name: [plain(value) for value in rows[name]] for name in rows}
    response = client.post("/predict?probabilities=true", json=body)
    assert response.status_code == 200, response.text
    return predictor, response.get_json()


def assert_right(model: Any, rows: pd.DataFrame, found: Any) -> None:
    assert found["prediction"] == model.predict(rows).tolist()
    np.testing.assert_allclose(found["probabilities"], model.predict_proba(rows), atol=1e-9)


@pytest.mark.parametrize(
    "encoder",
    [
        ignoring(),
        OneHotEncoder(),
        OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1),
        TargetEncoder(),
        make_pipeline(SimpleImputer(strategy="most_frequent"), ignoring()),
        make_column_transformer((ignoring(), ["store"])),
    ],
    ids=lambda encoder: type(encoder).__name__,
)
@pytest.mark.parametrize(
    "codes",
    [CODES, ["01234", "10115", "00501"], ["true", "false", "true"], ["1.0", "1.1", "1.10"]],
    ids=lambda codes: codes[0],
)
def test_text_that_looks_otherwise_is_text_if_the_encoder_learned_text(
    encoder: Any, codes: list[str], tmp_path: Path
) -> None:
    rows = column(CHANCE.choice(codes, ROWS))
    model = classifier(encoder).fit(rows, np.where(rows.store == codes[0], "yes", "no"))
    predictor, found = answers(model, rows, tmp_path)
    assert predictor.signature.inputs[0].kind == "category"
    assert_right(model, rows, found)


def test_whole_numbers_stand_for_their_digits_and_only_where_they_are_the_same(
    tmp_path: Path,
) -> None:
    rows = column(DIGITS)
    model = classifier(ignoring()).fit(rows, ANSWER)
    predictor, _ = answers(model, rows, tmp_path)
    client = create_app(Settings(), predictor).test_client()
    as_numbers = client.post("/predict", json={"store": [10, 20]}).get_json()
    assert as_numbers["prediction"] == model.predict(column(["10", "20"])).tolist()
    assert client.post("/predict", json={"store": [10.0]}).status_code == 422
    codes = column(CHANCE.choice(["01234", "10115"], ROWS))
    (tmp_path / "codes").mkdir()
    predictor, _ = answers(classifier(ignoring()).fit(codes, ANSWER), codes, tmp_path / "codes")
    client = create_app(Settings(), predictor).test_client()
    assert client.post("/predict", json={"store": [10115]}).status_code == 422


def test_a_difference_between_estimator_and_sample_is_noted(tmp_path: Path) -> None:
    rows = column(DIGITS)
    model = classifier(ignoring()).fit(rows, ANSWER)
    notes = infer_contract(FittedModel(model), read(rows, tmp_path), []).notes
    assert any(note.startswith("store looks like whole numbers in the sample") for note in notes)


def test_a_sample_that_the_encoder_does_not_know_is_reported(tmp_path: Path) -> None:
    model = classifier(ignoring()).fit(column(DIGITS), ANSWER)
    other = column(CHANCE.choice(["Oslo", "Lyon"], ROWS))
    notes = infer_contract(FittedModel(model), read(other, tmp_path), []).notes
    assert any("the encoder knows only 0% of its values" in note for note in notes)


def test_numbers_that_the_model_makes_text_of_stay_whole_beside_null(tmp_path: Path) -> None:
    rows = column(DIGITS.astype(int))
    model = classifier(FunctionTransformer(frame_steps.texts), ignoring()).fit(rows, ANSWER)
    predictor, found = answers(model, rows, tmp_path)
    assert_right(model, rows, found)
    client = create_app(Settings(), predictor).test_client()
    response = client.post("/predict", json={"store": [10, None]})
    if response.status_code == 200:
        assert response.get_json()["prediction"][0] == model.predict(column([10])).tolist()[0]


@pytest.mark.parametrize("missing", [None, np.nan], ids=["None", "NaN"])
@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
@pytest.mark.parametrize(
    "steps",
    [
        [ignoring()],
        [OneHotEncoder()],
        [OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)],
        [OrdinalEncoder()],
        [TargetEncoder()],
        [SimpleImputer(strategy="most_frequent"), ignoring()],
    ],
    ids=["one-hot", "closed one-hot", "ordinal", "closed ordinal", "target", "imputed"],
)
def test_null_is_what_the_model_learned_none_or_nan(
    missing: Any, suffix: str, steps: list[Any], tmp_path: Path
) -> None:
    sites = CHANCE.choice(["Oslo", "Lyon", "Graz"], ROWS)
    values = [missing if CHANCE.random() < 0.2 else site for site in sites]
    rows = column(values, object)
    target = np.where(rows.store.isna() | (rows.store == "Oslo"), "yes", "no")
    encoder = make_pipeline(*steps)
    if type(steps[-1]) is OrdinalEncoder:
        model = make_pipeline(encoder, HistGradientBoostingClassifier(max_iter=5, random_state=0))
    else:
        model = classifier(encoder)
    model.fit(rows, target)
    is_asked = missing is None and isinstance(steps[0], SimpleImputer)  # whether NaN was there, too
    kinds = {"store": "category"} if is_asked else {}
    _, found = answers(model, rows, tmp_path, suffix, kinds=kinds)
    assert_right(model, rows, found)


def test_an_imputer_that_looks_for_none_is_given_none(tmp_path: Path) -> None:
    rows = column(["Oslo", "Lyon", None, "Oslo"] * 30, object)
    imputer = SimpleImputer(missing_values=None, strategy="most_frequent")
    model = classifier(imputer, ignoring()).fit(rows, ["yes", "no", "yes", "yes"] * 30)
    predictor, found = answers(model, rows, tmp_path)
    assert (predictor.signature.inputs[0].dtype, predictor.signature.inputs[0].null) == (
        "object",
        "none",
    )
    assert_right(model, rows, found)


def test_cells_that_pandas_takes_for_missing_are_text_if_the_encoder_learned_them(
    tmp_path: Path,
) -> None:
    rows = column(["NA", "None", "here"] * 40)
    model = classifier(OneHotEncoder()).fit(rows, ["yes", "no", "no"] * 40)
    predictor, found = answers(model, rows, tmp_path)
    assert set(predictor.signature.inputs[0].categories or ()) == {"NA", "None", "here"}
    assert_right(model, rows, found)


def test_the_categories_of_histogram_boosting_are_found(tmp_path: Path) -> None:
    rows = column(DIGITS).astype("category")
    model = HistGradientBoostingClassifier(max_iter=5, random_state=0).fit(rows, ANSWER)
    _, found = answers(model, rows, tmp_path)
    assert_right(model, rows, found)


def test_a_typed_sample_keeps_its_types(tmp_path: Path) -> None:
    rows = pd.DataFrame(
        {
            "small": pd.Series(range(ROWS), dtype="int8"),
            "whole": pd.Series([2**53 + 1, None] * (ROWS // 2), dtype="Int64"),
            "half": pd.Series(CHANCE.normal(size=ROWS), dtype="float32"),
            "text": pd.Series(DIGITS, dtype="string[python]"),
            "choice": pd.Series(DIGITS.astype(int)).astype("category"),
        }
    )
    model = classifier(FunctionTransformer(frame_steps.texts), ignoring()).fit(rows, ANSWER)
    found = infer_contract(FittedModel(model), read(rows, tmp_path, ".parquet"), [])
    signature = found.signature
    assert {name: one.dtype for name, one in found.sample.columns.items()} == {
        "small": "int8",
        "whole": "Int64",
        "half": "float32",
        "text": "string[pyarrow]",  # as pandas reads it from Parquet
        "choice": "category",
    }
    assert [one.kind for one in signature.inputs] == [
        *("integer", "integer", "number", "category", "category")
    ]


def test_kind_decides(tmp_path: Path) -> None:
    rows = column(DIGITS.astype(int))
    model = classifier(FunctionTransformer(frame_steps.texts), ignoring()).fit(rows, ANSWER)
    joblib.dump(model, tmp_path / "model.joblib")
    rows.to_csv(tmp_path / "rows.csv", index=False)
    out = tmp_path / "artifact"
    command = ["pack", str(tmp_path / "model.joblib"), "--sample", str(tmp_path / "rows.csv")]
    command += ["--out", str(out), "--no-report", "--trust", "tests.support.frame_steps"]
    for kind, expected in (("text", "category"), ("number", "number"), ("integer", "integer")):
        assert main([*command, "--kind", f"store={kind}"]) == 0
        manifest = json.loads((out / "manifest.json").read_text())
        assert manifest["signature"]["inputs"][0]["kind"] == expected


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("store", "--kind must be NAME=KIND"),
        ("store=price", "--kind must be NAME=KIND"),
        ("shop=text", "--kind names the column shop, which the model does not take"),
        ("store=boolean", "the sample's column store cannot be read as boolean"),
        ("store=datetime", "has no one form of ISO 8601"),
    ],
)
def test_a_kind_that_cannot_be_is_refused(
    option: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = column(DIGITS.astype(int))
    joblib.dump(classifier(ignoring()).fit(rows, ANSWER), tmp_path / "model.joblib")
    rows.to_csv(tmp_path / "rows.csv", index=False)
    command = ["pack", str(tmp_path / "model.joblib"), "--sample", str(tmp_path / "rows.csv")]
    assert main([*command, "--out", str(tmp_path / "a"), "--kind", option]) == 65
    assert message in capsys.readouterr().err


def test_text_in_the_sample_where_the_model_learned_numbers_is_refused(tmp_path: Path) -> None:
    model = classifier(ignoring()).fit(column(DIGITS.astype(int)), ANSWER)
    with pytest.raises(PackError, match="is text, and the model learned numbers of it"):
        infer_contract(FittedModel(model), read(column(["ten", "twenty"] * 60), tmp_path), [])


def test_a_typed_sample_against_the_encoder_is_refused(tmp_path: Path) -> None:
    model = classifier(ignoring()).fit(column(DIGITS), ANSWER)
    rows = column(DIGITS.astype(int))
    with pytest.raises(PackError, match=re.escape("store is int64, and the model learned text")):
        infer_contract(FittedModel(model), read(rows, tmp_path, ".parquet"), [])


def test_a_length_of_time_has_no_kind(tmp_path: Path) -> None:
    rows = column(pd.to_timedelta(np.arange(ROWS), unit="h"))
    model = classifier(FunctionTransformer(frame_steps.numbers)).fit(rows, ANSWER)
    with pytest.raises(PackError, match="which no kind of input holds"):
        infer_contract(FittedModel(model), read(rows, tmp_path, ".parquet"), [])


def test_diff_reads_a_sample_by_the_kinds_of_the_models(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = column(CHANCE.choice(["01234", "10115"], ROWS))
    answers(classifier(OneHotEncoder()).fit(rows, ANSWER), rows, tmp_path)
    artifact = str(tmp_path / "artifact")
    assert main(["diff", artifact, artifact, "--sample", str(tmp_path / "rows.csv")]) == 0
    assert f"0 of {ROWS} differ in prediction" in capsys.readouterr().out


def test_a_type_that_the_sample_does_not_have_is_required_if_predictions_depend_on_it(
    tmp_path: Path,
) -> None:
    gaps = column(pd.array([10, 20, None] * 40, dtype="Int64"))
    model = classifier(FunctionTransformer(frame_steps.texts), ignoring()).fit(gaps, ANSWER)
    with pytest.raises(PackError, match="a type of pandas such as Int64, with NA, and the sample"):
        infer_contract(FittedModel(model), read(gaps, tmp_path), [])
    signature = infer_contract(
        FittedModel(model), read(gaps, tmp_path), [], {"store": "integer"}
    ).signature
    assert signature.inputs[0].dtype == "Int64"
    times = column(pd.date_range("2026-01-01", periods=ROWS, freq="h").astype("datetime64[ns]"))
    boosting = HistGradientBoostingClassifier(max_iter=5, random_state=0).fit(times, ANSWER)
    for given in ({}, {"store": "datetime"}):
        with pytest.raises(PackError, match="times in nanoseconds, not microseconds"):
            infer_contract(FittedModel(boosting), read(times, tmp_path), [], given)


def test_times_with_a_zone_are_required_if_only_the_local_hour_decides(tmp_path: Path) -> None:
    days = pd.date_range("2026-01-01", periods=ROWS, freq="D", tz="Europe/Oslo")
    rows = column(days)  # midnight there is an hour before, in UTC, on the day before
    early = classifier(FunctionTransformer(frame_steps.is_midnight)).fit(rows, ANSWER)
    with pytest.raises(PackError, match="the column store holds times with a zone, and the"):
        infer_contract(FittedModel(early), read(rows, tmp_path), [])
    signature = infer_contract(FittedModel(early), read(rows, tmp_path, ".parquet"), []).signature
    assert signature.inputs[0].dtype == "datetime64[us, Europe/Oslo]"


def test_types_are_required_if_only_several_columns_together_decide(tmp_path: Path) -> None:
    rows = pd.DataFrame({name: [10, 20, 30, 40] * 30 for name in ("a", "b")})
    both = classifier(FunctionTransformer(frame_steps.are_objects)).fit(rows, ANSWER)
    with pytest.raises(PackError, match="if the columns a, b hold objects of Python, and the"):
        infer_contract(FittedModel(both), read(rows, tmp_path), [])


def test_a_type_is_required_if_only_late_rows_show_the_difference(tmp_path: Path) -> None:
    rows = column(pd.Series([10] * 100 + [None, 20] * 10, dtype="Int64"))
    target = ["no"] * 100 + ["yes"] * 20
    model = classifier(FunctionTransformer(frame_steps.texts), ignoring()).fit(rows, target)
    with pytest.raises(PackError, match="a type of pandas such as Int64, with NA, and the sample"):
        infer_contract(FittedModel(model), read(rows, tmp_path), [])


@pytest.mark.parametrize(
    ("cells", "word"),
    [(["01234", "10115", "00501"], "text"), (["true", "TRUE", "false"], "text")],
    ids=["leading zeros", "spellings"],
)
def test_text_is_required_if_cells_are_not_written_as_numbers_are(
    cells: list[str], word: str, tmp_path: Path
) -> None:
    rows = column(np.resize(cells, ROWS), "str")
    target = np.where(rows["store"] == cells[0], "yes", "no")
    model = classifier(FunctionTransformer(frame_steps.texts), ignoring()).fit(rows, target)
    with pytest.raises(PackError, match=f"the column store holds {word}, and the sample"):
        infer_contract(FittedModel(model), read(rows, tmp_path), [])
    described = infer_contract(FittedModel(model), read(rows, tmp_path), [], {"store": "text"})
    assert described.signature.inputs[0].dtype == "str"
