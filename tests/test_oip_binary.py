"""Tensors as bytes behind the JSON: Triton's binary tensor data extension."""

import json
import struct
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.oip import HEADER, INFER, error_of, infer, speaking, strings, tensor

MIXED = "mixed table, open categories"
FIRST, SECOND = struct.pack("<3d", 1.0, 2.0, 3.0), struct.pack("<3d", 1.0, -1.0, 0.0)
FORMATS = {
    **{"INT8": "b", "INT16": "h", "INT32": "i", "INT64": "q"},
    **{"FP16": "e", "FP32": "f", "FP64": "d"},
}


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    return speaking()


def behind(name: str, datatype: str, shape: list[int], size: Any) -> Any:
    return tensor(name, datatype, shape, None, binary_data_size=size)


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
    client = speaking(MIXED)
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
    told = json.loads(response.data[:length])
    assert told["id"] == "7"
    assert told["outputs"] == [
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
    client = speaking("logistic regression, string labels")
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


BIG = 2**63
ONE = [behind("sensor_1", "FP64", [1], 8), behind("sensor_2", "FP64", [1], 8)]
DATA = struct.pack("<2d", 1, 1)
SIZES = {
    "nothing behind": (ONE, b"", "there are 0 more"),
    "a byte short": (ONE, DATA[:-1], "there are 7 more"),
    "a byte long": (ONE, DATA + b"\0", "/inputs 1 bytes behind the JSON belong to none"),
    "no input, but bytes": ([], DATA, "16 bytes behind the JSON belong to none"),
    **{
        f"a size of {size!r}": ([behind("sensor_1", "FP64", [1], size)], DATA, "number of bytes")
        for size in (-8, BIG, 10**300, 8.0, "8", True, None, [8])
    },
    **{
        f"shape {shape} of 8 bytes": ([behind("sensor_1", "FP64", shape, 8)], DATA[:8], hint)
        for shape, hint in (
            ([2], "2 values of FP64 are 16 bytes"),
            ([1, 2], "2 values of FP64 are 16 bytes"),
            ([0], "there are no rows"),
            ([-1], "none below 0"),
            ([-1, -1], "none below 0"),
            ([BIG], "one request may have 10000 rows"),
            ([2**32, 2**32], "one request may have 10000 rows"),
            ([10**300], "one request may have 10000 rows"),
            ([1, BIG], "columns, the model takes 2"),
            ([1, 0], "has 0 columns"),
            ([1.0], "whole numbers"),
            ([True], "whole numbers"),
            ([[1]], "whole numbers"),
            ([], "must be [rows] or [rows, columns]"),
            ([1, 1, 1], "must be [rows] or [rows, columns]"),
            ("1", "must be [rows] or [rows, columns]"),
            (None, "must be [rows] or [rows, columns]"),
        )
    },
    "a size and data": ([ONE[0] | {"data": [1.0]}], DATA[:8], "either data or"),
    "BOOL of 2": ([behind("sensor_1", "BOOL", [1], 1)], b"\2", "must be 0 or 1"),
    "half floats": ([behind("sensor_1", "FP16", [1], 1)], b"\0", "1 values of FP16 are 2 bytes"),
    "numbers as strings": ([behind("sensor_1", "BYTES", [1], 5), ONE[1]], strings(b"1") + DATA[:8],
                           "/sensor_1/0 is a string, not a number"),
    "NaN": (ONE, struct.pack("<2d", 1, float("nan")), "/sensor_2/0 is null"),
    "an infinity": (ONE, struct.pack("<2d", float("-inf"), 1), "/sensor_1/0 is out of range"),
}  # fmt: skip
STRINGS = {
    "no length": (b"", "end before value 0 of 1"),
    "half a length": (b"\1\0", "end before value 0 of 1"),
    "a length and nothing": (b"\1\0\0\0", "end before value 0 of 1"),
    "a length of 4 GB": (b"\xff\xff\xff\xff" + b"a" * 20, "end before value 0 of 1"),
    "two strings": (strings(b"a", b"b"), "5 bytes follow the last value"),
    "half a character": (strings(b"\xc3"), "value 0 is not UTF-8"),
    "a pickle": (strings(b"\x80\x04K\x01."), "value 0 is not UTF-8"),
    "a surrogate": (strings(b"\xed\xa0\x80"), "value 0 is not UTF-8"),
}


@pytest.mark.parametrize(("inputs", "raw", "hint"), SIZES.values(), ids=SIZES)
def test_sizes_that_do_not_agree_are_refused(
    client: FlaskClient, inputs: Any, raw: bytes, hint: str
) -> None:
    assert hint in error_of(infer(client, inputs, raw))


@pytest.mark.parametrize(("raw", "hint"), STRINGS.values(), ids=STRINGS)
def test_strings_that_are_none_are_refused(client: FlaskClient, raw: bytes, hint: str) -> None:
    assert hint in error_of(infer(client, [behind("a", "BYTES", [1], len(raw))], raw))


@pytest.mark.parametrize(
    "length", ["", "-1", "+5", "1e3", " 5", "0x5", "5.0", "５", "9" * 30, "99"]
)
def test_a_length_of_the_json_that_cannot_be_is_refused(client: FlaskClient, length: str) -> None:
    headers = {HEADER: length.encode().decode("latin-1")}
    response = client.post(INFER, data=b'{"inputs": []}', headers=headers)
    assert HEADER in error_of(response)


@pytest.mark.parametrize("length", ["0", "1", "13"])
def test_json_that_ends_too_early_is_no_json(client: FlaskClient, length: str) -> None:
    response = client.post(INFER, data=b'{"inputs": []}', headers={HEADER: length})
    assert "the body is not JSON" in error_of(response)


def test_bytes_without_the_length_of_the_json_are_no_json(client: FlaskClient) -> None:
    body = json.dumps({"inputs": columns()}).encode() + FIRST + SECOND
    assert "the body is not JSON" in error_of(client.post(INFER, data=body))
