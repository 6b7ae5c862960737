"""Requests of the Open Inference Protocol that are refused, and the error that the client gets."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from service.api.problems import Problem
from service.api.request_state import KEY, RequestState
from tests.support.oip import INFER, ROWS, columns, error_of, infer, oip_client, tensor


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    return oip_client()


REQUEST = {
    "an empty object": ({}, "/inputs must be a list"),
    "a list": ([], "must be an object"),
    "no inputs": ({"inputs": []}, "/sensor_1 is missing; /sensor_2 is missing"),
    "an id that is a number": ({"id": 42, "inputs": []}, "/id must be a string"),
    "an id without end": ({"id": "x" * 257, "inputs": []}, "/id must be a string"),
    "an id with a line end": ({"id": "\r\nx", "inputs": []}, "/id must be a string"),
    "an input that is none": ({"inputs": [1]}, "/inputs/0 must be an object"),
    "many inputs": ({"inputs": columns() * 20}, "there are 40, the model takes 2"),
    "an input twice": ({"inputs": columns() + columns()[:1]}, "/inputs/2/name another input"),
    "an input too few": ({"inputs": columns()[:1]}, "/sensor_2 is missing"),
    "a misspelt input": (
        {"inputs": [columns()[0], columns()[1] | {"name": "senser_2"}]},
        "/senser_2 is no input; did you mean sensor_2?",
    ),
    "inputs of unequal length": (
        {"inputs": [columns()[0], tensor("sensor_2", "FP64", [1], [1])]},
        "/sensor_2 has 1 rows, sensor_1 has 3",
    ),
    "a tensor beside a column": (
        {"inputs": [columns()[0], tensor("a", "FP64", [3, 2], ROWS)]},
        "/inputs/1/shape must be [rows, 1]",
    ),
    "an unknown output": ({"inputs": [], "outputs": [{"name": "x"}]}, "/outputs/0/name is no"),
    "an output twice": (
        {"inputs": [], "outputs": [{"name": "predict"}] * 2},
        "/outputs/1/name is requested more than once",
    ),
    "an output without a name": ({"inputs": [], "outputs": [{}]}, "/outputs/0 must be an object"),
    "outputs that are none": ({"inputs": [], "outputs": 1}, "/outputs must be a list"),
    "classification": (
        {"inputs": [], "outputs": [{"name": "predict", "parameters": {"classification": 2}}]},
        "ask for labels",
    ),
    "shared memory": (
        {"inputs": [tensor("a", "FP64", [1], None, shared_memory_region="/etc/passwd")]},
        "shared memory is not supported",
    ),
    "base64": (
        {"inputs": [tensor("a", "BYTES", [1], ["eA=="], content_type="base64")]},
        "send the text itself",
    ),
    "binary_data as text": (
        {"inputs": [], "parameters": {"binary_data_output": "yes"}},
        "/parameters/binary_data_output must be true or false",
    ),
    "parameters that are none": ({"inputs": [], "parameters": []}, "/parameters must be an object"),
}
DATA = {
    "no data": ({"data": None}, "/inputs/0/data must be a list"),
    "too few": ({"data": [1, 2]}, "holds 2 values, the shape [3, 1] has 3"),
    "too many": ({"data": [1, 2, 3, 4]}, "holds 4 values, the shape [3, 1] has 3"),
    "nested otherwise": ({"data": [[1, 2, 3]]}, "nested otherwise than the shape [3, 1]"),
    "nested in part": ({"data": [[1], [2], 3]}, "nested otherwise"),
    "nested, and yet flat": ({"shape": [3], "data": [[1], [2], [3]]}, "nested otherwise"),
    "nested more": ({"data": [[[1]], [[2]], [[3]]]}, "value 0 is a list that is no FP64"),
    "a string": ({"data": [1, "2", 3]}, "value 1 is a string that is no FP64"),
    "a boolean": ({"data": [1, 2, True]}, "value 2 is a boolean that is no FP64"),
    "half an INT64": ({"datatype": "INT64", "data": [1, 2.5, 3]}, "value 1 is a number that is no"),
    "300 of INT8": ({"datatype": "INT8", "data": [1, 2, 300]}, "INT8, which is from -128 to 127"),
    "-1 of UINT64": ({"datatype": "UINT64", "data": [1, 2, -1]}, "beyond UINT64"),
    "2 of BOOL": ({"datatype": "BOOL", "data": [1, 0, 2]}, "is a number that is no BOOL"),
    "strings": ({"datatype": "BYTES", "data": ["1", "2", "3"]}, "/sensor_1/0 is a string, not"),
    "no datatype": ({"datatype": None}, "/inputs/0/datatype must be one of BOOL, BYTES, INT8"),
    "BF16": ({"datatype": "BF16"}, "/inputs/0/datatype must be one of"),
    "no name": ({"name": 1}, "/inputs/0/name must be a string"),
    "1e999": ({"data": [1, 2, 1e999]}, "Infinity is not a JSON number"),
}


@pytest.mark.parametrize(("request_", "hint"), REQUEST.values(), ids=REQUEST)
def test_a_request_that_is_none(client: FlaskClient, request_: Any, hint: str) -> None:
    assert hint in error_of(client.post(INFER, json=request_))


@pytest.mark.parametrize(("change", "hint"), DATA.values(), ids=DATA)
def test_shape_datatype_and_data_must_agree(client: FlaskClient, change: Any, hint: str) -> None:
    first, second = columns()
    assert hint in error_of(infer(client, [first | change, second]))


def test_a_key_that_is_there_twice(client: FlaskClient) -> None:
    body = b'{"inputs": [{"name": "sensor_1", "shape": [1], "name": "sensor_2"}]}'
    assert "the key 'name' occurs more than once" in error_of(client.post(INFER, data=body))


def test_the_error_of_a_busy_service_has_the_protocol_s_form(client: FlaskClient) -> None:
    busy = Problem(503, "busy", headers={"Retry-After": "1"})
    response = client.post(INFER, json={}, environ_overrides={KEY: RequestState(error=busy)})
    assert error_of(response, 503) == "busy"
    assert response.headers["Retry-After"] == "1"


def test_more_rows_than_a_request_may_have(client: FlaskClient) -> None:
    values = [0] * 10_001
    given_here = [tensor(f"sensor_{n}", "INT8", [10_001, 1], values) for n in (1, 2)]
    assert "10000 rows" in error_of(infer(client, given_here))
    full = [one | {"shape": [10_000, 1], "data": [[0]] * 10_000} for one in given_here]
    assert infer(client, full).status_code == 200
