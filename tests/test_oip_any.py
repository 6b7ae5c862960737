"""Whatever is sent in the Open Inference Protocol is answered, or refused in its own way."""

import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import texts
from tests.bad_bodies import BAD_JSON, Bad
from tests.dear_bodies import DEAR
from tests.oip import HEADER, INFER, ROWS, columns, error_of, infer, speaking, tensor
from tests.packed import accepted, columns_of, packed, rows_of
from tests.test_oip_v1 import PREDICT

ANY = st.deferred(texts.values)
NAMES = st.sampled_from(["sensor_1", "sensor_2", "input__0", "\ud800", "a" * 70]) | st.text()
DATATYPES = st.sampled_from(["FP64", "FP32", "INT8", "UINT64", "BOOL", "BYTES", "FP8", "fp64"])
SIZES = st.sampled_from([0, 1, 2, 3, -1, 2**31, 2**63, 2**64]) | ANY
PARAMETERS = st.dictionaries(
    st.sampled_from(["binary_data_size", "binary_data", "classification", "content_type"])
    | st.text(),
    st.sampled_from([0, 8, 16, 24, -8, 2**63, True, False, "pd"]) | ANY,
    max_size=2,
)
TENSORS = st.fixed_dictionaries(
    {
        "name": NAMES | ANY,
        "datatype": DATATYPES | ANY,
        "shape": st.lists(SIZES, max_size=3) | ANY,
    },
    optional={"data": st.lists(texts.NUMBERS | st.text()) | ANY, "parameters": PARAMETERS | ANY},
)
REQUESTS = st.fixed_dictionaries(
    {"inputs": st.lists(TENSORS, max_size=3) | ANY},
    optional={
        "id": st.text() | ANY,
        "parameters": PARAMETERS | ANY,
        "outputs": st.lists(st.fixed_dictionaries({"name": NAMES | ANY}) | ANY) | ANY,
    },
)
BODIES = {
    name: case
    for name, case in {**BAD_JSON, **DEAR}.items()
    if not name.startswith("CSV") and "beside" not in name  # which version 1 does not look at
}


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    return speaking()


def refused_or_answered(response: Any) -> None:
    if response.status_code != 200:
        assert error_of(response)


@pytest.mark.parametrize("case", BODIES.values(), ids=BODIES)
def test_what_predict_refuses_is_refused_here(client: FlaskClient, case: Bad) -> None:
    for path in (INFER, PREDICT):
        assert error_of(client.post(path, data=case.body))
    assert infer(client, columns()).status_code == 200


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(REQUESTS, st.binary(max_size=40), st.booleans())
def test_any_request(client: FlaskClient, request: Any, raw: bytes, split: bool) -> None:
    head = json.dumps(request).encode()
    headers = {HEADER: str(len(head))} if split else {}
    refused_or_answered(client.post(INFER, data=head + raw * split, headers=headers))


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(texts.json_like(), st.text(max_size=4))
def test_any_bytes(client: FlaskClient, text: str, length: str) -> None:
    body = text.encode("utf-8", "surrogatepass")
    headers = {HEADER: length.encode().decode("latin-1")} if length.isprintable() else {}
    refused_or_answered(client.post(INFER, data=body, headers=headers))
    refused_or_answered(client.post(PREDICT, data=body))


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.dictionaries(st.sampled_from(["instances", "inputs", "x"]), ANY, max_size=2))
def test_any_instances(client: FlaskClient, body: Any) -> None:
    refused_or_answered(client.post(PREDICT, data=json.dumps(body)))


DATATYPE = {"number": "FP64", "integer": "INT64", "boolean": "BOOL"}


@pytest.mark.parametrize(
    "name", ["sensors", "mixed table, open categories", "codes as categories", "several classes"]
)
def test_what_a_signature_admits_gets_the_answer_of_predict(name: str) -> None:
    client, inputs = speaking(name), packed(name)[1].signature.inputs

    @settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
    @given(rows_of(name, accepted))
    def agrees(rows: list[tuple[Any, ...]]) -> None:
        values = columns_of(name, rows)
        kinds = {one.name: DATATYPE.get(one.kind, "BYTES") for one in inputs}
        if name == "codes as categories":
            kinds = dict.fromkeys(kinds, "FP64")
        ours = client.post("/predict", json=values)
        if any("" in column for column in values.values()):
            return  # which is null here
        given_here = [tensor(key, kinds[key], [len(rows)], values[key]) for key in values]
        response = infer(client, given_here)
        assert (response.status_code == 200) is (ours.status_code == 200)
        if ours.status_code == 200:
            told = {one["name"]: one["data"] for one in response.get_json()["outputs"]}
            assert told == ours.get_json()

    agrees()


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
        "/outputs/1/name is asked for more than once",
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
    "binary_data as text": (
        {"inputs": [], "parameters": {"binary_data_output": "yes"}},
        "/parameters/binary_data_output must be true or false",
    ),
    "parameters that are none": ({"inputs": [], "parameters": []}, "/parameters must be an object"),
}
DATA = {
    "no data": ({"data": None}, "/inputs/0/data must be a list"),
    "too few": ({"data": [1, 2]}, "holds 2 values, the shape [3, 1] says 3"),
    "too many": ({"data": [1, 2, 3, 4]}, "holds 4 values, the shape [3, 1] says 3"),
    "nested otherwise": ({"data": [[1, 2, 3]]}, "nested otherwise than the shape [3, 1]"),
    "nested in part": ({"data": [[1], [2], 3]}, "nested otherwise"),
    "nested, and yet flat": ({"shape": [3], "data": [[1], [2], [3]]}, "nested otherwise"),
    "nested more": ({"data": [[[1]], [[2]], [[3]]]}, "value 0 is a list that is no FP64"),
    "a string": ({"data": [1, "2", 3]}, "value 1 is a string that is no FP64"),
    "a boolean": ({"data": [1, 2, True]}, "value 2 is a boolean that is no FP64"),
    "half an INT64": ({"datatype": "INT64", "data": [1, 2.5, 3]}, "value 1 is a number that is no"),
    "300 of INT8": ({"datatype": "INT8", "data": [1, 2, 300]}, "INT8, which is from -128 to 127"),
    "-1 of UINT64": ({"datatype": "UINT64", "data": [1, 2, -1]}, "beyond UINT64"),
    "1 of BOOL": ({"datatype": "BOOL", "data": [1, 0, 1]}, "is a number that is no BOOL"),
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


def test_more_rows_than_a_request_may_have(client: FlaskClient) -> None:
    values = [0] * 10_001
    given_here = [tensor(f"sensor_{n}", "INT8", [10_001, 1], values) for n in (1, 2)]
    assert "10000 rows" in error_of(infer(client, given_here))
    full = [one | {"shape": [10_000, 1], "data": [[0]] * 10_000} for one in given_here]
    assert infer(client, full).status_code == 200
