"""A model that was fitted on float32 gets float32, also where the sample is text."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import KBinsDiscretizer, OneHotEncoder

from service.app import create_app
from service.model.predictor import Predictor
from service.settings import Settings
from tests.support.any_frame import values
from training.pack import PackOptions, pack
from training.samples import columnar, sample

ROWS = 80
CHANCE = np.random.default_rng(0)
SINGLE = CHANCE.choice([0.1, 0.2, 0.3, 1.7], ROWS).astype(np.float32)
TEXT = CHANCE.choice(["u", "v"], ROWS)
ANSWER = SINGLE > 0.15
FRAME = pd.DataFrame({"a": SINGLE, "t": TEXT})
DOUBLE = pd.DataFrame({"a": SINGLE, "b": CHANCE.choice([0.1, 0.7], ROWS)})


def encoded(rows: Any, *steps: Any) -> Any:
    encoder = OneHotEncoder(handle_unknown="ignore")
    return make_pipeline(*steps, encoder, LogisticRegression()).fit(rows, ANSWER)


def binned(rows: Any) -> Any:
    bins = KBinsDiscretizer(3, quantile_method="averaged_inverted_cdf")
    return make_pipeline(bins, LogisticRegression()).fit(rows, ANSWER)


def answers(model: Any, rows: pd.DataFrame, folder: Path, suffix: str) -> tuple[Any, list[str]]:
    """Probabilities that the service gives to these rows, and the notes of packing."""
    path, notes = folder / f"rows{suffix}", list[str]()
    if suffix == ".csv":
        rows.to_csv(path, index=False)
    else:
        rows.to_parquet(path)
    read = columnar.read(path) if suffix == ".parquet" else sample.read(path, named=True)
    pack(
        model,
        read,
        targets=[],
        name="x",
        folder=folder / "artifact",
        options=PackOptions(report=False),
        note=notes.append,
    )
    client = create_app(Settings(), Predictor.load(folder / "artifact")).test_client()
    body = {name: values(rows[name]) for name in rows}
    answer: Any = client.post("/predict?probabilities=true", json=body).json
    return answer["probabilities"], notes


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
@pytest.mark.parametrize(
    ("rows", "table"),
    [
        (FRAME, FRAME),
        (FRAME.to_numpy(), FRAME),
        (FRAME[["a"]].to_numpy(), FRAME[["a"]]),
        (DOUBLE, DOUBLE),
        (DOUBLE.to_numpy(), DOUBLE),
    ],
    ids=["frame", "array of objects", "array of float32", "frame of both", "array of float64"],
)
def test_numbers_are_the_categories_that_the_encoder_learned(
    rows: Any, table: pd.DataFrame, suffix: str, tmp_path: Path
) -> None:
    model = encoded(rows)
    found, notes = answers(model, table, tmp_path, suffix)
    np.testing.assert_allclose(found, model.predict_proba(rows), atol=1e-9)
    assert not notes


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_an_imputer_makes_objects_of_them(suffix: str, tmp_path: Path) -> None:
    model = encoded(FRAME, SimpleImputer(strategy="most_frequent"))
    found, _ = answers(model, FRAME, tmp_path, suffix)
    np.testing.assert_allclose(found, model.predict_proba(FRAME), atol=1e-9)


def test_values_on_the_edge_of_a_bin_are_in_it(tmp_path: Path) -> None:
    model = binned(FRAME[["a"]])
    found, _ = answers(model, FRAME[["a"]], tmp_path, ".csv")
    np.testing.assert_allclose(found, model.predict_proba(FRAME[["a"]]), atol=1e-9)


@pytest.mark.parametrize("fit", [encoded, binned])
def test_numbers_of_float64_keep_their_digits(fit: Any, tmp_path: Path) -> None:
    rows = pd.DataFrame({"b": DOUBLE["b"] + SINGLE.astype(np.float64) / 3})
    model = fit(rows)
    found, notes = answers(model, rows, tmp_path, ".csv")
    np.testing.assert_allclose(found, model.predict_proba(rows), atol=1e-9)
    assert not notes


@pytest.mark.parametrize("engine", ["onnx", "sklearn"])
@pytest.mark.parametrize("closed", [True, False])
def test_numbers_beside_na_are_rounded_and_whole_numbers_are_not(
    engine: str, closed: bool, tmp_path: Path
) -> None:
    rows = pd.DataFrame({"a": pd.Series(SINGLE, dtype="Float32")})
    rows.loc[::9, "a"] = pd.NA
    rows.to_parquet(tmp_path / "rows.parquet")
    encoder = OneHotEncoder(handle_unknown="error" if closed else "ignore")
    model = make_pipeline(encoder, LogisticRegression()).fit(rows, ANSWER)
    options = PackOptions(report=False, engine=engine)
    read = columnar.read(tmp_path / "rows.parquet")
    pack(model, read, targets=[], name="x", folder=tmp_path / "a", options=options)
    client = create_app(Settings(), Predictor.load(tmp_path / "a")).test_client()
    asked = [0.1, None, 1.7, 0.2]
    told: Any = client.post("/predict?probabilities=true", json={"a": asked}).json
    expected = model.predict_proba(pd.DataFrame({"a": pd.Series(asked, dtype="Float32")}))
    np.testing.assert_allclose(told["probabilities"], expected, atol=1e-9)
    refused = client.post("/predict", json={"a": [2**24 + 1]})
    assert refused.status_code == 422
    wanted = "is none of" if closed else "cannot be held exactly: the model takes float32"
    assert wanted in refused.text
