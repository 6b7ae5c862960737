"""Whole numbers beyond float64's: through every door they are exact, or refused with the reason."""

import io
import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from flask.testing import FlaskClient
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.tree import DecisionTreeClassifier

from service.__main__ import main
from service.app import create_app
from service.model.predictor import Predictor
from service.settings import Settings
from tests.support.lambda_events import ADDRESS, version_2
from tests.support.oip import HEADER, INFER
from tests.support.temporary_folders import kept
from training.pack import PackOptions, pack
from training.samples.sample import read

FIRST = 2**53 + 1  # float64 holds FIRST - 1 and FIRST + 1
IDS = [FIRST, FIRST + 1, FIRST + 2, FIRST + 3]
LONG = 3_000  # rows of a body that goes the way of long ones
PROTOCOLS = ("lambda", "oip", "sagemaker", "mlflow")


def packed(model: Any, rows: pd.DataFrame) -> tuple[Path, Mapping[str, FlaskClient]]:
    """The artifact of a model, packed with these rows as CSV, and a client for each protocol."""
    folder = kept()
    rows.to_csv(folder / "rows.csv", index=False)
    sample = read(folder / "rows.csv", named=True)
    pack(
        model, sample, targets=[], name="x", folder=folder / "a", options=PackOptions(report=False)
    )
    predictor = Predictor.load(folder / "a")
    clients = {
        one: create_app(Settings(protocols=(one,)), predictor).test_client() for one in PROTOCOLS
    }
    return folder / "a", clients


@cache
def served(name: str) -> tuple[Any, Path, Mapping[str, FlaskClient]]:
    """A model, its artifact, and a client for each protocol."""
    ids = np.resize(IDS, 200)
    rows = pd.DataFrame({"id": ids})
    odd = np.isin(ids, [FIRST, FIRST + 2]).astype(int)
    tree = DecisionTreeClassifier(random_state=0)
    if name == "frame":
        encoder = make_column_transformer((OneHotEncoder(handle_unknown="ignore"), ["id"]))
        model = make_pipeline(encoder, tree).fit(rows, odd)
    elif name == "array":
        model = make_pipeline(OneHotEncoder(), tree).fit(rows.to_numpy(), odd)
    else:
        rows = pd.DataFrame({"id": np.linspace(-1, 1, 200)})
        model = LogisticRegression().fit(rows.to_numpy(), odd)
    return model, *packed(model, rows)


def saved(array: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def values_of(response: Any) -> list[Any] | None:
    """The predictions; None if the request was refused."""
    if response.status_code >= 400 or "X-Amz-Function-Error" in response.headers:
        assert "exact" in response.text or "point" in response.text, response.text
        return None
    answer = json.loads(response.data)
    if isinstance(answer, list):
        return answer
    if "outputs" in answer:
        return list(answer["outputs"][0]["data"])
    return list(answer.get("predictions") or answer["prediction"])


def v2(datatype: str, ids: list[int], binary: bool, clients: Mapping[str, FlaskClient]) -> Any:
    tensor: dict[str, Any] = {"name": "id", "datatype": datatype, "shape": [len(ids), 1]}
    raw = b""
    if binary:
        raw = np.array(ids, "<i8" if datatype == "INT64" else "<u8").tobytes()
        tensor["parameters"] = {"binary_data_size": len(raw)}
    else:
        tensor["data"] = ids
    head = json.dumps({"inputs": [tensor]}).encode()
    headers = {HEADER: str(len(head))} if binary else {}
    return clients["oip"].post(INFER, data=head + raw, headers=headers)


Door = Callable[[list[int], Mapping[str, FlaskClient]], Any]
DOORS: dict[str, Door] = {
    "columns": lambda ids, clients: clients["lambda"].post("/predict", json={"id": ids}),
    "a list in a string": lambda ids, clients: clients["lambda"].post(
        "/predict", json={"id": json.dumps(ids)}
    ),
    "ordered rows": lambda ids, clients: clients["lambda"].post(
        "/predict", json={"instances": [[one] for one in ids]}
    ),
    "named rows": lambda ids, clients: clients["lambda"].post(
        "/predict", json={"instances": [{"id": one} for one in ids]}
    ),
    "CSV": lambda ids, clients: clients["lambda"].post(
        "/predict", data="\n".join(["id", *map(str, ids)]), content_type="text/csv"
    ),
    "Lambda's event": lambda ids, clients: clients["lambda"].post(ADDRESS, json={"id": ids}),
    "V2": lambda ids, clients: v2("INT64", ids, False, clients),
    "V2, unsigned": lambda ids, clients: v2("UINT64", ids, False, clients),
    "V2 in bytes": lambda ids, clients: v2("INT64", ids, True, clients),
    "V2 in bytes, unsigned": lambda ids, clients: v2("UINT64", ids, True, clients),
    "V1": lambda ids, clients: clients["oip"].post(
        "/v1/models/x:predict", json={"instances": [[one] for one in ids]}
    ),
    "SageMaker's NPY": lambda ids, clients: clients["sagemaker"].post(
        "/invocations", data=saved(np.array(ids)), content_type="application/x-npy"
    ),
    "SageMaker's CSV": lambda ids, clients: clients["sagemaker"].post(
        "/invocations", data="\n".join(map(str, ids)), content_type="text/csv"
    ),
    "SageMaker's JSON": lambda ids, clients: clients["sagemaker"].post(
        "/invocations", json=[[one] for one in ids]
    ),
    "MLflow's frame": lambda ids, clients: clients["mlflow"].post(
        "/invocations", json={"dataframe_split": {"columns": ["id"], "data": [[i] for i in ids]}}
    ),
    "MLflow's inputs": lambda ids, clients: clients["mlflow"].post(
        "/invocations", json={"inputs": {"id": ids}}
    ),
}


@pytest.mark.parametrize("count", [len(IDS), LONG], ids=["few rows", "many rows"])
@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("name", ["frame", "array"])
def test_identifiers_are_exact_through_every_door(name: str, door: str, count: int) -> None:
    model, _, clients = served(name)
    ids = np.resize(IDS, count)
    given = pd.DataFrame({"id": ids}) if name == "frame" else ids.reshape(-1, 1)
    assert values_of(DOORS[door](ids.tolist(), clients)) == model.predict(given).tolist()


@pytest.mark.parametrize("count", [len(IDS), LONG], ids=["few rows", "many rows"])
@pytest.mark.parametrize("door", DOORS)
def test_a_model_of_floats_refuses_what_a_float_does_not_hold(door: str, count: int) -> None:
    _, _, clients = served("floats")
    even = np.resize([FIRST - 1, FIRST + 1], count).tolist()
    assert values_of(DOORS[door](even, clients)) is not None, "float64 holds these"
    assert values_of(DOORS[door]([*even[:-1], FIRST], clients)) is None


def test_what_a_lambda_function_is_handed_by_a_url_is_exact_too() -> None:
    model, _, clients = served("frame")
    event = version_2(body=json.dumps({"id": IDS}))
    answer = clients["lambda"].post(ADDRESS, json=event).get_json()
    assert (
        json.loads(answer["body"])["prediction"]
        == model.predict(pd.DataFrame({"id": IDS})).tolist()
    )


@pytest.mark.parametrize(
    "body",
    [
        '{"id": [9007199254740993.0]}',
        '{"id": [9.007199254740993e15]}',
        '{"id": [18446744073709551617]}',
        '{"id": [100000000000000000000001]}',
    ],
)
def test_a_number_whose_last_digits_are_lost_is_refused(body: str) -> None:
    for name in ("frame", "array"):
        response = served(name)[2]["lambda"].post(
            "/predict", data=body, content_type="application/json"
        )
        assert response.status_code == 422, response.text


@pytest.mark.parametrize("number", ["18446744073709551617", "1" + "0" * 24 + "1"])
def test_an_integer_of_more_than_64_bits_is_not_rounded(number: str) -> None:
    for text, kind in (
        (f'{{"id": [{number}]}}', "application/json"),
        (f"id\n{number}", "text/csv"),
    ):
        response = served("floats")[2]["lambda"].post("/predict", data=text, content_type=kind)
        assert response.status_code == 422
        assert "cannot be held exactly" in response.text


def test_ordinary_decimals_and_large_floats_are_taken() -> None:
    body = '{"id": [0.1, 1e300, 1.5e-300, 123456.789]}'
    client = served("floats")[2]["lambda"]
    assert client.post("/predict", data=body, content_type="application/json").status_code == 200


def test_null_beside_an_identifier_changes_no_digit() -> None:
    model, _, clients = served("frame")
    answer = clients["lambda"].post("/predict", json={"id": [*IDS, None]}).get_json()
    assert answer["prediction"][:-1] == model.predict(pd.DataFrame({"id": IDS})).tolist()


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
@pytest.mark.parametrize("name", ["frame", "array"])
def test_files_keep_them_exact(name: str, suffix: str, tmp_path: Path) -> None:
    model, folder, _ = served(name)
    ids = np.resize(IDS, 100)
    source, output = tmp_path / f"in{suffix}", tmp_path / "out.csv"
    if suffix == ".csv":
        pd.DataFrame({"id": ids}).to_csv(source, index=False)
    else:
        pq.write_table(pa.table({"id": ids}), source)
    assert main(["predict", str(folder), str(source), str(output)]) == 0
    given = pd.DataFrame({"id": ids}) if name == "frame" else ids.reshape(-1, 1)
    written = pd.read_csv(output)
    assert written["id"].tolist() == ids.tolist()
    assert written["prediction"].tolist() == model.predict(given).tolist()


def test_a_file_of_floats_refuses_what_a_float_does_not_hold(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, folder, _ = served("floats")
    (tmp_path / "in.csv").write_text(f"id\n1\n{FIRST}\n")
    pq.write_table(pa.table({"id": [1, FIRST]}), tmp_path / "in.parquet")
    for name in ("in.csv", "in.parquet"):
        assert main(["predict", str(folder), str(tmp_path / name), str(tmp_path / "out.csv")]) == 65
        assert "cannot be held exactly" in capsys.readouterr().err
