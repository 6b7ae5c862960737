"""Dates and times: what requests may write, and what the model gets of it."""

import json
import sys
from pathlib import Path
from subprocess import run
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from flask.testing import FlaskClient
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder
from sklearn.tree import DecisionTreeClassifier

from service.api import payloads, schema
from service.api.problems import Problem
from service.app import create_app
from service.batch.dialect import Dialect
from service.batch.parquet_rows import ParquetRows
from service.model import dates
from service.model.predictor import Predictor
from service.model.signature import Input, Signature
from service.settings import Settings
from tests.support import frame_steps
from training.pack import PackOptions, pack
from training.samples import columnar, sample
from training.signature.similar_texts import similar_texts

ROWS = 200
HOURS = np.random.default_rng(0).integers(0, 8760, ROWS)
WHEN = pd.Timestamp("2026-01-01") + pd.to_timedelta(HOURS, unit="h")
MOMENTS = pd.Series(WHEN)


def of(dtype: str, form: str | None = None, kind: Any = "datetime") -> Input:
    return Input(name="c", kind=kind, dtype=dtype, form=form, nullable=True)


def checked(column: Input, *values: Any) -> list[Any]:
    made = Signature(container="frame", inputs=(column,), outputs=())
    found = schema.check(schema.build(made), made.names, payloads.Columns({"c": list(values)}))
    return list(found["c"])


LOCAL = of("datetime64[us]")
ZONED = of("datetime64[us, Europe/Oslo]")


@pytest.mark.parametrize(
    ("column", "text", "taken"),
    [
        (LOCAL, "2026-03-01T18:30:15.25", "2026-03-01T18:30:15.25"),
        (LOCAL, "2026-03-01 18:30", "2026-03-01T18:30"),
        (LOCAL, "2026-03-01", "2026-03-01"),
        (ZONED, "2026-03-01T18:30:00+02:00", "2026-03-01T16:30"),
        (ZONED, "2026-03-01T18:30:00Z", "2026-03-01T18:30"),
        (of("datetime64[us]", kind="date"), "2026-03-01", "2026-03-01"),
    ],
)
def test_times_get_the_type_that_the_model_was_fitted_on(
    column: Input, text: str, taken: str
) -> None:
    assert checked(column, text) == [np.datetime64(taken, "us")]


@pytest.mark.parametrize(
    ("form", "text", "taken"),
    [
        ("YYYY-MM-DD HH:MM:SS", "2026-03-01T18:30", "2026-03-01 18:30:00"),
        ("YYYY-MM-DDTHH:MM:SS.fff", "2026-03-01 18:30:15.25", "2026-03-01T18:30:15.250"),
        ("YYYY-MM-DDTHH:MM:SSZ", "2026-03-01T18:30:00+00:00", "2026-03-01T18:30:00Z"),
        ("YYYY-MM-DD HH:MM:SS+HH:MM", "2026-03-01T18:30:00Z", "2026-03-01 18:30:00+00:00"),
        ("YYYY-MM-DD HH:MM:SS+HHMM", "2026-03-01T18:30:00+02:00", "2026-03-01 18:30:00+0200"),
        ("YYYY-MM-DD", "2026-03-01", "2026-03-01"),
    ],
)
def test_text_gets_the_form_of_the_sample(form: str, text: str, taken: str) -> None:
    kind = "date" if form == dates.DATE else "datetime"
    assert checked(of("str", form, kind), text) == [taken]


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        (LOCAL, "2026-03-01T18:30Z", "has a zone, and the model's times have none"),
        (ZONED, "2026-03-01T18:30", "has no zone"),
        (LOCAL, "01.03.2026", "is no date or time of ISO 8601"),
        (LOCAL, "2026-02-30", "is not an existing date or time"),
        (LOCAL, "2026-03-01T25:00", "is not an existing date or time"),
        (LOCAL, "2026-03-01T18:30:00.1234567", "has more digits than datetime64[us] holds"),
        (of("datetime64[ns]"), "3000-01-01", "is out of range: datetime64[ns] goes from year 1678"),
        (LOCAL, 20260301, "is a number, not a string"),
        (of("str", "YYYY-MM-DD", "date"), "2026-03-01T18:30", "has a time"),
        (of("str", "YYYY-MM-DD HH:MM"), "2026-03-01T18:30:15", "has more digits than the form"),
        (of("str", "YYYY-MM-DDTHH:MM:SSZ"), "2026-03-01T18:30:00+02:00", "must be in UTC"),
    ],
)
def test_other_times_are_refused(column: Input, value: Any, message: str) -> None:
    with pytest.raises(Problem) as caught:
        checked(column, value)
    assert message in caught.value.errors[0]["detail"]


@pytest.mark.parametrize("text", ["2026-03-01T18:30:15.123456789", "2026-03-01T18:30:15"])
def test_nanoseconds_are_exact(text: str) -> None:
    assert checked(of("datetime64[ns]"), text) == [np.datetime64(text, "ns")]


def test_null_is_no_time() -> None:
    assert np.isnat(checked(LOCAL, None)[0])


def packed(rows: pd.DataFrame, folder: Path, suffix: str) -> tuple[Any, FlaskClient, Predictor]:
    """A model of hours, and the service of it."""
    model = make_pipeline(
        FunctionTransformer(frame_steps.hours), DecisionTreeClassifier(max_depth=4, random_state=0)
    ).fit(rows, (MOMENTS.dt.hour > 12).astype(int))
    path = folder / f"rows{suffix}"
    if suffix == ".csv":
        rows.to_csv(path, index=False)
        read = sample.read(path, named=True)
    else:
        rows.to_parquet(path)
        read = columnar.read(path)
    trusted = ["tests.support.frame_steps"]
    pack(
        model, read, targets=[], name="x", folder=folder / "a", options=PackOptions(trusted=trusted)
    )
    predictor = Predictor.load(folder / "a", trusted)
    return model, create_app(Settings(), predictor).test_client(), predictor


@pytest.mark.parametrize(
    ("series", "suffix", "dtype", "request_text"),
    [
        (MOMENTS, ".csv", "str", "2027-01-01 18:00:00"),
        (MOMENTS.astype("datetime64[ns]"), ".parquet", "datetime64", "2027-01-01T18:00:00"),
        (MOMENTS.dt.tz_localize("UTC"), ".parquet", "datetime64", "2027-01-01T20:00:00+02:00"),
        (MOMENTS.dt.strftime("%Y-%m-%dT%H:%M"), ".csv", "str", "2027-01-01T18:00"),
    ],
    ids=["CSV", "Parquet", "with a zone", "text"],
)
def test_a_model_of_times_answers_days_that_the_sample_has_not(
    series: Any, suffix: str, dtype: str, request_text: str, tmp_path: Path
) -> None:
    rows = pd.DataFrame({"when": series})
    model, client, predictor = packed(rows, tmp_path, suffix)
    [one] = predictor.signature.inputs
    assert (one.kind, one.categories, one.closed) == ("datetime", None, False)
    assert one.dtype.startswith(dtype)
    zone = "UTC" if series.dtype.kind == "M" and series.dt.tz is not None else None
    known = pd.Timestamp("2027-01-01 18:00:00", tz=zone)
    given = pd.DataFrame({"when": pd.Series([known]).astype(series.dtype)})
    if dtype == "str":
        given = pd.DataFrame({"when": [request_text]})
    expected = model.predict(given).tolist()
    for payload in ({"when": [request_text]}, {"instances": [[request_text]]}):
        answer = client.post("/predict", json=payload)
        assert (answer.status_code, answer.get_json()) == (200, {"prediction": expected})
    table = client.post("/predict", data=f"when\n{request_text}\n", content_type="text/csv")
    assert table.get_json() == {"prediction": expected}
    listed = client.get("/model").text.count("2026-")
    assert listed <= 3, "the first and the last of the sample, and when it was packed"


def test_a_model_that_holds_times_of_a_zone_is_packed_and_loaded(tmp_path: Path) -> None:
    days = pd.date_range("2026-01-01", periods=6, freq="D", tz="Europe/Oslo").repeat(10)
    rows = pd.DataFrame({"when": days})
    model = make_pipeline(OneHotEncoder(), LogisticRegression()).fit(rows, days.day % 2)
    joblib.dump(model, tmp_path / "model.joblib")
    rows.to_parquet(tmp_path / "rows.parquet")
    given = ["pack", str(tmp_path / "model.joblib"), "--sample", str(tmp_path / "rows.parquet")]
    for command in ([*given, "--out", str(tmp_path / "a")], ["check", str(tmp_path / "a")]):
        run([sys.executable, "-m", "slipway", *command], check=True)
    client = create_app(Settings(), Predictor.load(tmp_path / "a", ())).test_client()
    answer = client.post("/predict", json={"when": [one.isoformat() for one in days]})
    assert answer.get_json()["prediction"] == model.predict(rows).tolist()


@pytest.mark.parametrize("zone", [None, "UTC"])
def test_a_file_of_times_is_scored(zone: str | None, tmp_path: Path) -> None:
    rows = pd.DataFrame({"when": MOMENTS.dt.tz_localize(zone)})
    model, _, predictor = packed(rows, tmp_path, ".parquet")
    signature = predictor.signature
    batch = pa.RecordBatch.from_pandas(rows)
    values = ParquetRows(0, batch, Dialect()).values(signature.inputs[0])
    found = schema.check(schema.build(signature), ["when"], payloads.Columns({"when": values}))
    assert predictor.predict(found)["prediction"] == model.predict(rows).tolist()


def test_the_contract_has_a_range_and_a_format(tmp_path: Path) -> None:
    rows = pd.DataFrame({"when": MOMENTS.dt.tz_localize("UTC")})
    _, client, _ = packed(rows, tmp_path, ".parquet")
    answer = json.loads(client.get("/openapi.json").text)["components"]["schemas"]["input-0"]
    assert (answer["type"], answer["format"]) == (["string", "null"], "date-time")
    first, last = MOMENTS.min().isoformat(), MOMENTS.max().isoformat()
    assert f"From {first}Z to {last}Z in the sample" in answer["description"]
    assert "enum" not in answer


def test_the_examples_of_the_contract_are_answered(tmp_path: Path) -> None:
    rows = pd.DataFrame({"when": MOMENTS})
    _, client, _ = packed(rows, tmp_path, ".csv")
    paths = json.loads(client.get("/openapi.json").text)["paths"]
    content = paths["/predict"]["post"]["requestBody"]["content"]
    for kind, one in content.items():
        for example in one["examples"].values():
            value = example["value"]
            body = value if isinstance(value, str) else json.dumps(value)
            assert client.post("/predict", data=body, content_type=kind).status_code == 200


@pytest.mark.parametrize(
    ("texts", "likely"),
    [
        (["18:30", "09:45"], "18:45"),
        (["AB-12", "CD-34"], "AB-34"),
        (["01234", "10115"], "00115"),
    ],
)
def test_texts_of_a_form_are_put_together_from_their_parts(texts: list[str], likely: str) -> None:
    assert likely in similar_texts(texts)
    assert not set(similar_texts(texts)) & set(texts)


def test_words_have_no_form() -> None:
    assert similar_texts(["Oslo", "Lyon"]) == []


def test_text_of_a_form_is_no_closed_list(tmp_path: Path) -> None:
    rows = pd.DataFrame({"when": MOMENTS.dt.strftime("%H:%M")})
    model, client, predictor = packed(rows, tmp_path, ".csv")
    assert (predictor.signature.inputs[0].kind, predictor.signature.inputs[0].closed) == (
        "text",
        False,
    )
    given = pd.DataFrame({"when": ["18:59"]})
    answer = client.post("/predict", json={"when": ["18:59"]}).get_json()
    assert answer["prediction"] == model.predict(given).tolist()
    assert client.post("/predict", json={"when": ["half past six"]}).status_code == 422
