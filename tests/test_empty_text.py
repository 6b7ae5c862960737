"""An empty cell is null, or the empty text where the model learned that: in CSV, V2 and files."""

import csv
import io
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from service.__main__ import main
from service.app import create_app
from service.model.predictor import Predictor
from service.settings import Settings
from tests.support.oip import INFER
from tests.support.sample_files import read_back
from tests.support.temporary_folders import kept
from training.pack import PackOptions, pack

ROWS = 300
CHANCE = np.random.default_rng(0)
GONE = CHANCE.random(ROWS) < 0.3
OTHER = np.round(CHANCE.normal(size=ROWS), 3)
FEW = CHANCE.choice(["Oslo", "Lyon"], ROWS)
MANY = CHANCE.choice([f"street {number}" for number in range(80)], ROWS)  # more than are listed


def frame(texts: Any, empty: Any) -> pd.DataFrame:
    column = pd.Series(np.where(GONE, None, texts), dtype="str")
    return pd.DataFrame({"a": column.fillna("") if empty == "" else column, "b": OTHER})


def encoded(closed: bool = False) -> Any:
    return OneHotEncoder(handle_unknown="error" if closed else "ignore")


IMPUTED = make_pipeline(SimpleImputer(strategy="most_frequent"), encoded())
CASES: dict[str, tuple[Any, pd.DataFrame]] = {
    "empty text, few": (encoded(), frame(FEW, "")),
    "empty text, closed": (encoded(closed=True), frame(FEW, "")),
    "empty text, many": (encoded(), frame(MANY, "")),
    "null, few": (IMPUTED, frame(FEW, None)),
    "null, many": (IMPUTED, frame(MANY, None)),
    "null, learned": (encoded(), frame(MANY, None)),
}
CASE = pytest.mark.parametrize("name", CASES)
SUFFIX = pytest.mark.parametrize("suffix", [".csv", ".parquet"])


@cache
def served(name: str, suffix: str) -> tuple[Any, Path]:
    """The probability of yes for each row, and the artifact."""
    encoder, rows = CASES[name]
    columns = make_column_transformer((encoder, ["a"]), remainder="passthrough")
    model = make_pipeline(columns, LogisticRegression(C=100)).fit(rows, GONE)
    folder = kept()
    read = read_back(rows, folder, suffix)
    pack(model, read, targets=[], name="x", folder=folder / "a", options=PackOptions(report=False))
    return model.predict_proba(rows)[:, 1], folder / "a"


def table(rows: pd.DataFrame, header: bool = True) -> str:
    text = io.StringIO()
    rows.to_csv(text, index=False, header=header)
    return text.getvalue()


def of_csv(rows: pd.DataFrame, artifact: Path) -> Any:
    client = create_app(Settings(), Predictor.load(artifact)).test_client()
    address = "/predict?probabilities=true"
    answer: Any = client.post(address, data=table(rows), content_type="text/csv").json
    return [one[1] for one in answer["probabilities"]]


def of_json(rows: pd.DataFrame, artifact: Path) -> Any:
    client = create_app(Settings(), Predictor.load(artifact)).test_client()
    body = json.loads(rows.to_json(orient="split"))["data"]
    answer: Any = client.post("/predict?probabilities=true", json={"instances": body}).json
    return [one[1] for one in answer["probabilities"]]


def of_v2(rows: pd.DataFrame, artifact: Path) -> Any:
    client = create_app(Settings(protocols=("oip",)), Predictor.load(artifact)).test_client()
    shape = [len(rows), 1]
    texts = [None if pd.isna(text) else text for text in rows["a"]]
    inputs = [
        {"name": "a", "datatype": "BYTES", "shape": shape, "data": texts},
        {"name": "b", "datatype": "FP64", "shape": shape, "data": rows["b"].tolist()},
    ]
    body = {"inputs": inputs, "outputs": [{"name": "probabilities"}]}
    return json.loads(client.post(INFER, json=body).data)["outputs"][0]["data"][1::2]


def of_file(rows: pd.DataFrame, artifact: Path) -> Any:
    folder = kept()
    (folder / "in.csv").write_text(table(rows))
    paths = [str(folder / name) for name in ("in.csv", "out.csv")]
    assert main(["predict", str(artifact), *paths, "--confidence", "--processes", "1"]) == 0
    with (folder / "out.csv").open(newline="") as file:
        return [float(row["probability_true"]) for row in csv.DictReader(file)]


DOORS: dict[str, Callable[[pd.DataFrame, Path], Any]] = {
    "JSON": of_json,
    "CSV": of_csv,
    "V2": of_v2,
    "file": of_file,
}


@CASE
@SUFFIX
@pytest.mark.parametrize("door", DOORS)
def test_it_is_what_the_model_learned(
    name: str, suffix: str, door: str, capsys: pytest.CaptureFixture[str]
) -> None:
    expected, artifact = served(name, suffix)
    found = DOORS[door](CASES[name][1], artifact)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_a_closed_list_with_the_empty_text_takes_no_null() -> None:
    _, artifact = served("empty text, closed", ".csv")
    first = Predictor.load(artifact).signature.inputs[0]
    assert first.categories == ("", "Lyon", "Oslo")
    assert not first.nullable
