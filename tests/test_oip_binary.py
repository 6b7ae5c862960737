"""Tensors as bytes behind the JSON: Triton's binary tensor data extension."""

import json
import struct
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.support.oip import HEADER, behind, infer, oip_client, strings, tensor

MIXED = "mixed table, open categories"
FIRST, SECOND = struct.pack("<3d", 1.0, 2.0, 3.0), struct.pack("<3d", 1.0, -1.0, 0.0)
FORMATS = {
    **{"INT8": "b", "INT16": "h", "INT32": "i", "INT64": "q"},
    **{"FP16": "e", "FP32": "f", "FP64": "d"},
}


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    return oip_client()


def columns() -> list[Any]:
    return [behind("sensor_1", "FP64", [3, 1], 24), behind("sensor_2", "FP64", [3, 1], 24)]


def prediction(response: Any) -> list[Any]:
    assert response.status_code == 200, response.data
    found: list[Any] = response.get_json()["outputs"][0]["data"]
    return found


@pytest.mark.parametrize("datatype", FORMATS)
def test_tensors_of_every_size_of_number(client: FlaskClient, datatype: str) -> None:
    raw = struct.pack(f"<6{FORMATS[datatype]}", 1, 1, 2, -1, 3, 0)
    response = infer(client, [behind("input__0", datatype, [3, 2], len(raw))], raw)
    assert prediction(response) == [0.0, 1.0, 1.0]


@pytest.mark.parametrize(
    ("datatype", "code"), [("UINT8", "B"), ("UINT16", "H"), ("UINT32", "I"), ("UINT64", "Q")]
)
def test_tensors_of_numbers_without_a_sign(client: FlaskClient, datatype: str, code: str) -> None:
    raw = struct.pack(f"<4{code}", 1, 1, 3, 0)
    response = infer(client, [behind("input__0", datatype, [2, 2], len(raw))], raw)
    assert prediction(response) == [0.0, 1.0]


def test_tensors_stand_in_the_order_of_the_inputs(client: FlaskClient) -> None:
    assert prediction(infer(client, columns(), FIRST + SECOND)) == [0.0, 1.0, 1.0]
    assert prediction(infer(client, columns()[::-1], SECOND + FIRST)) == [0.0, 1.0, 1.0]


def test_some_tensors_may_stand_in_the_json(client: FlaskClient) -> None:
    mixed = [tensor("sensor_1", "INT64", [3], [1, 2, 3]), columns()[1]]
    assert prediction(infer(client, mixed, SECOND)) == [0.0, 1.0, 1.0]


def test_strings_booleans_and_nan_for_null() -> None:
    client = oip_client(MIXED)
    rows = [["Graz", "press", 3, None, True], [None, "Säge", 12, 61.5, False]]
    expected = client.post("/predict", json={"instances": rows}).get_json()["prediction"]
    raw = [strings(b"Graz", b""), strings(b"press", "Säge".encode())]
    raw += [struct.pack("<2i", 3, 12), struct.pack("<2f", float("nan"), 61.5), b"\1\0"]
    names = ("site", "kind", "age_years", "temperature", "guarded")
    datatypes = ("BYTES", "BYTES", "INT32", "FP32", "BOOL")
    inputs = [
        behind(name, datatype, [2, 1], len(one))
        for name, datatype, one in zip(names, datatypes, raw, strict=True)
    ]
    assert prediction(infer(client, inputs, b"".join(raw))) == expected


def test_outputs_as_bytes_where_a_client_asks_for_them(client: FlaskClient) -> None:
    wanted = [
        {"name": "predict", "parameters": {"binary_data": True}},
        {"name": "labels", "parameters": {"binary_data": False}},
        {"name": "probabilities", "parameters": {"binary_data": True}},
    ]
    response = infer(client, columns(), FIRST + SECOND, outputs=wanted, id="7")
    assert response.content_type == "application/octet-stream"
    length = int(response.headers[HEADER])
    answer = json.loads(response.data[:length])
    assert answer["id"] == "7"
    assert answer["outputs"] == [
        {
            "name": "predict",
            "datatype": "FP64",
            "shape": [3, 1],
            "parameters": {"binary_data_size": 24},
        },
        {"name": "labels", "datatype": "FP64", "shape": [2], "data": [0.0, 1.0]},
        {
            "name": "probabilities",
            "datatype": "FP64",
            "shape": [3, 2],
            "parameters": {"binary_data_size": 48},
        },
    ]
    values = struct.unpack("<9d", response.data[length:])
    assert values[:3] == (0.0, 1.0, 1.0)
    body = {"sensor_1": [1, 2, 3], "sensor_2": [1, -1, 0]}
    ours = client.post("/predict?probabilities=true", json=body).get_json()["probabilities"]
    assert list(values[3:]) == [number for row in ours for number in row]


def test_all_outputs_as_bytes_with_one_exception() -> None:
    client = oip_client("logistic regression, string labels")
    raw = struct.pack("<4d", 5.1, 3.5, 1.4, 0.2)
    inputs = [behind("a", "FP64", [1, 4], len(raw))]
    response = infer(client, inputs, raw, parameters={"binary_data_output": True})
    length = int(response.headers[HEADER])
    assert response.data[length:] == strings(b"setosa")
    wanted = [{"name": "predict", "parameters": {"binary_data": False}}]
    all_but = {"outputs": wanted, "parameters": {"binary_data_output": True}}
    response = infer(client, inputs, raw, **all_but)
    assert HEADER not in response.headers
    assert prediction(response) == ["setosa"]
