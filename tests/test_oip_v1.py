"""KServe's version 1, which is TensorFlow Serving's."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.support.oip import ROWS, error_of, oip_client

PREDICT = "/v1/models/x:predict"


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    return oip_client()


def test_the_model_is_there_and_ready(client: FlaskClient) -> None:
    assert client.get("/v1/models").get_json() == {"models": ["x"]}
    assert client.get("/v1/models/x").get_json() == {"name": "x", "ready": True}


@pytest.mark.parametrize(
    "body",
    [
        {"instances": ROWS},
        {"inputs": ROWS},
        {"signature_name": "serving_default", "instances": ROWS},
        {"instances": [{"sensor_2": two, "sensor_1": one} for one, two in ROWS]},
        {"instances": [{"sensor_2": [two], "sensor_1": [one]} for one, two in ROWS]},
        {"instances": [{"sensor_1": [1, 2, 3], "sensor_2": [1, -1, 0]}]},
    ],
    ids=["instances", "inputs", "a signature", "named", "named lists", "columns"],
)
def test_every_form_of_the_same_rows(client: FlaskClient, body: Any) -> None:
    response = client.post(PREDICT, json=body)
    assert response.get_json() == {"predictions": [0.0, 1.0, 1.0]}
    assert response.headers["Model-Version"]


def test_values_of_the_only_column_need_no_rows() -> None:
    client, texts = oip_client("text"), ["the press in Graz is 3 years old", "the mill is old"]
    ours = client.post("/predict", json={"remark": texts}).get_json()["prediction"]
    assert client.post(PREDICT, json={"instances": texts}).get_json() == {"predictions": ours}


def test_several_outputs_are_rows() -> None:
    client, rows = oip_client("several classes"), [[1, 100.0], [12, 3.5]]
    ours = client.post("/predict", json={"instances": rows}).get_json()
    expected = [[ours["prediction_0"][row], ours["prediction_1"][row]] for row in range(2)]
    assert client.post(PREDICT, json={"instances": rows}).get_json() == {"predictions": expected}


@pytest.mark.parametrize(
    ("body", "hint"),
    [
        ([], "instances or inputs"),
        ({}, "instances or inputs"),
        ({"instances": ROWS, "inputs": ROWS}, "instances or inputs"),
        ({"instances": []}, "/instances there are no rows"),
        ({"inputs": {"sensor_1": [1]}}, "/inputs must be a list of rows"),
        ({"instances": [1, 2]}, "/instances/0 is not a list or an object"),
        ({"instances": [[1, 1], [1]]}, "/instances/1 has 1 values, the model takes 2"),
        ({"instances": [[1, "x"]]}, "/instances/0/1 is a string, not a number"),
        ({"instances": [{"sensor_1": 1}]}, "/instances/0/sensor_2 is missing"),
        ({"instances": [{"sensor_1": [1], "sensor_2": [1, 2]}]}, "/instances/0 its lists"),
        ({"instances": [{"sensor_1": [1], "sensor_2": [1]}, [1, 1]]}, "/instances/1 must be"),
        ({"instances": [{"sensor_1": [], "sensor_2": []}]}, "/instances there are no rows"),
    ],
)
def test_a_fault_is_400_with_its_place(client: FlaskClient, body: Any, hint: str) -> None:
    assert hint in error_of(client.post(PREDICT, json=body))


def test_another_model_is_not_there(client: FlaskClient) -> None:
    assert "there is x" in error_of(client.get("/v1/models/y"), 404)
    assert "there is x" in error_of(client.post("/v1/models/y:predict", json={}), 404)
