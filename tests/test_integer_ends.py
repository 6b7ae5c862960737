"""The first and the last numbers of int64 and uint64 are served like all others."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from flask.testing import FlaskClient
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from service.__main__ import main
from service.app import create_app
from service.model.predictor import Predictor
from service.settings import Settings
from tests.support.temporary_folders import kept
from tests.test_exact_numbers import DOORS, packed, values_of
from training.pack import PackOptions, pack
from training.samples.sample import read

ENDS = {
    "int64": [-(2**63), -(2**63) + 1, 2**63 - 2, 2**63 - 1],
    "uint64": [2**64 - 1, 2**64 - 2, 2**64 - 3, 2**64 - 4],
}
BEYOND = [-(2**65), 2**65]
CASES = [
    (dtype, container, door)
    for dtype in ENDS
    for container in ("frame", "array")
    for door in DOORS
    # V2 declares the type, and a request cannot declare one that does not hold its numbers
    if not (door.startswith("V2") and ("unsigned" in door) != (dtype == "uint64"))
]


@cache
def served(dtype: str, container: str) -> tuple[list[int], Path, Mapping[str, FlaskClient]]:
    """What the estimator predicts for the ends, its artifact, and a client for each protocol."""
    ids = np.resize(np.array(ENDS[dtype], dtype=dtype), 100)
    rows = pd.DataFrame({"id": ids})
    given = rows if container == "frame" else rows.to_numpy()
    odd = np.isin(ids, np.array(ENDS[dtype][::2], dtype=dtype)).astype(int)
    encoder = OneHotEncoder(handle_unknown="ignore")
    model = make_pipeline(encoder, DecisionTreeClassifier(random_state=0)).fit(given, odd)
    return model.predict(given)[: len(ENDS[dtype])].tolist(), *packed(model, rows)


@pytest.mark.parametrize(("dtype", "container", "door"), CASES)
def test_the_ends_of_a_type_are_served_through_every_door(
    dtype: str, container: str, door: str
) -> None:
    expected, _, clients = served(dtype, container)
    assert expected == [1, 0, 1, 0], "the model distinguishes neighbours"
    assert values_of(DOORS[door](ENDS[dtype], clients)) == expected


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".jsonl"])
@pytest.mark.parametrize("dtype", ENDS)
def test_the_ends_of_a_type_are_scored_in_files(dtype: str, suffix: str, tmp_path: Path) -> None:
    expected, folder, _ = served(dtype, "frame")
    rows = pd.DataFrame({"id": np.array(ENDS[dtype], dtype=dtype)})
    source, output = tmp_path / f"in{suffix}", tmp_path / "out.csv"
    if suffix == ".parquet":
        pq.write_table(pa.Table.from_pandas(rows), source)
    elif suffix == ".csv":
        rows.to_csv(source, index=False)
    else:
        source.write_text("".join(f'{{"id": {one}}}\n' for one in ENDS[dtype]))
    assert main(["predict", str(folder), str(source), str(output)]) == 0
    written: Any = pd.read_csv(output)
    assert written["id"].tolist() == ENDS[dtype]
    assert written["prediction"].tolist() == expected


@pytest.mark.parametrize("container", ["frame", "array"])
@pytest.mark.parametrize("dtype", ENDS)
def test_integers_beyond_the_ends_are_refused(dtype: str, container: str) -> None:
    _, _, clients = served(dtype, container)
    for number in BEYOND:
        response = clients["lambda"].post("/predict", json={"id": [number]})
        assert response.status_code == 422, response.text
        assert "out of range" in response.text


def test_an_integer_that_only_a_float_rounds_to_the_end_is_refused() -> None:
    """The floats next to 2**63 and to 2**63 - 1 are the same."""
    ids = np.resize(np.array(ENDS["int64"]), 100)
    rows = pd.DataFrame({"id": ids})
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(rows, ids > 0)
    folder = kept()
    rows.to_csv(folder / "rows.csv", index=False)
    sample = read(folder / "rows.csv", named=True)
    pack(
        model, sample, targets=[], name="x", folder=folder / "a", options=PackOptions(report=False)
    )
    client = create_app(Settings(), Predictor.load(folder / "a")).test_client()
    assert client.post("/predict", json={"id": [2**63 - 1]}).status_code == 200
    refused = client.post("/predict", json={"id": [2**63]})
    assert refused.status_code == 422
    assert f"to {2**63 - 1}" in refused.text
