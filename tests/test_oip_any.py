"""Whatever is sent in the Open Inference Protocol is answered, or refused in its own way."""

import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support import texts
from tests.support.bad_bodies import BAD_JSON, Bad
from tests.support.expensive_bodies import EXPENSIVE
from tests.support.oip import HEADER, INFER, columns, error_of, infer, oip_client, tensor
from tests.support.packed import accepted, columns_of, packed, rows_of
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
    for name, case in {**BAD_JSON, **EXPENSIVE}.items()
    if not name.startswith("CSV") and "beside" not in name  # which version 1 does not look at
}


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    return oip_client()


def refused_or_answered(response: Any) -> None:
    if response.status_code != 200:
        assert error_of(response)


@pytest.mark.parametrize("case", BODIES.values(), ids=BODIES)
def test_what_predict_refuses_is_refused_here(client: FlaskClient, case: Bad) -> None:
    for path in (INFER, PREDICT):
        assert error_of(client.post(path, data=case.body))
    assert infer(client, columns()).status_code == 200


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(REQUESTS, st.binary(max_size=40), st.booleans())
def test_any_request(client: FlaskClient, request: Any, raw: bytes, split: bool) -> None:
    head = json.dumps(request).encode()
    headers = {HEADER: str(len(head))} if split else {}
    refused_or_answered(client.post(INFER, data=head + raw * split, headers=headers))


@st.composite
def spoilt(draw: st.DrawFn) -> Any:
    """A proper request in which one value is another, and the bytes behind its JSON."""
    inputs = columns()
    if behind := draw(st.booleans()):
        inputs = [tensor(f"sensor_{n}", "FP64", [1], None, binary_data_size=8) for n in (1, 2)]
    request = {"inputs": inputs, "outputs": [{"name": "predict", "parameters": {}}]}
    place: Any = request
    while True:
        key = draw(st.sampled_from(sorted(place) if type(place) is dict else range(len(place))))
        if not place[key] or type(place[key]) not in (dict, list) or draw(st.booleans()):
            break
        place = place[key]
    place[key] = draw(SIZES | DATATYPES | NAMES | PARAMETERS | st.lists(SIZES, max_size=3))
    return request, bytes(16 * behind)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(spoilt())
def test_any_part_of_a_request(client: FlaskClient, request_and_raw: Any) -> None:
    request, raw = request_and_raw
    refused_or_answered(infer(client, request.pop("inputs", None), raw, **request))


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
    client, inputs = oip_client(name), packed(name)[1].signature.inputs

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
            answer = {one["name"]: one["data"] for one in response.get_json()["outputs"]}
            assert answer == ours.get_json()

    agrees()
