"""Nothing hostile gets past `/invocations`, whichever of SageMaker and MLflow answers there."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.support import texts
from tests.support.bad_bodies import BAD_JSON
from tests.support.bad_tables import BAD_TABLES
from tests.support.expensive_bodies import EXPENSIVE
from tests.support.packed import client_of

PATH = "/invocations"
ONE = [("sagemaker",), ("mlflow",)]
ONE_DOOR = pytest.mark.parametrize("door", ONE, ids="+".join)
DOORS = pytest.mark.parametrize("door", [*ONE, ("sagemaker", "mlflow")], ids="+".join)
CASES = {**BAD_JSON, **BAD_TABLES, **EXPENSIVE}
# What is no mistake at SageMaker's door, or another one.
NO_MISTAKE = {
    "the body is a list of numbers",  # one row
    "CSV: no header",
    "type: no type",
    "type: an empty type",
}
MLFLOW_IGNORES = "a long name beside instances"  # as any other key there
OTHERS = {"NaN": 422}  # which is null: what is missing


def assert_described(response: Any) -> None:
    """The error is in the shape of one of them, short, without a trace of Python or the input."""
    assert 400 <= response.status_code < 500
    assert len(response.data) < 4096 * 2
    assert b"Traceback" not in response.data
    if response.status_code == 415 and response.mimetype == "text/plain":
        return
    assert set(response.json) in ({"error", "error-message"}, {"error_code", "message"})


@ONE_DOOR
@pytest.mark.parametrize("name", CASES)
def test_what_predict_refuses_is_refused(door: tuple[str, ...], name: str) -> None:
    case = CASES[name]
    response = client_of("sensors", *door).post(PATH, data=case.body, headers=dict(case.headers))
    if (name in NO_MISTAKE and "sagemaker" in door) or (name, *door) == (MLFLOW_IGNORES, "mlflow"):
        assert response.status_code == 200
        return
    assert_described(response)
    if "sagemaker" in door:
        assert response.status_code == OTHERS.get(name, case.status)
    else:
        assert response.status_code == (400 if case.status == 422 else case.status)


@pytest.mark.parametrize("name", BAD_JSON)
def test_what_predict_refuses_is_refused_within_inputs(name: str) -> None:
    body = b'{"inputs": %s}' % BAD_JSON[name].body
    response = client_of("sensors", "mlflow").post(PATH, data=body, content_type="application/json")
    if name == "the body is a list of numbers":  # one row
        assert response.status_code == 200
    else:
        assert_described(response)
        assert response.status_code == 400


HEADERS = st.dictionaries(
    st.sampled_from(["Content-Type", "ContentType", "Accept", "Content-Encoding"]),
    st.sampled_from(
        [
            *("application/json", "text/csv", "application/x-npy", "*/*", "identity", ""),
            *("text/*;q=0.5, */*;q=0", "application/json; charset=utf-8", ";;,q=", "a/b;q=x"),
        ]
    )
    | st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30),
)
KEYS = ("dataframe_split", "dataframe_records", "instances", "inputs", "params", "columns", "data")
INSIDE = st.dictionaries(st.sampled_from(KEYS), texts.values() | st.just([[1, 2]]), max_size=3)
BODIES = (
    st.binary(max_size=300)
    | texts.json_like().map(lambda text: text.encode("utf-8", "surrogatepass"))
    | texts.table_like().map(lambda text: text.encode("utf-8", "surrogatepass"))
    | st.dictionaries(st.sampled_from(KEYS), texts.values() | INSIDE, max_size=3).map(
        lambda value: json.dumps(value).encode()
    )
)


@DOORS
@pytest.mark.parametrize("examples", [300, pytest.param(500, marks=pytest.mark.slow)])
def test_any_body_is_answered_or_refused(door: tuple[str, ...], examples: int) -> None:
    client = client_of("sensors", *door)

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    @given(BODIES, HEADERS)
    @example(b'{"inputs": {}}', {})
    @example(b'{"dataframe_split": {"columns": [], "data": []}}', {})
    def holds(body: bytes, headers: dict[str, str]) -> None:
        response = client.post(PATH, data=body, headers=headers)
        if response.status_code != 200:
            assert_described(response)

    holds()
