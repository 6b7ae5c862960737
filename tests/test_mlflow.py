"""What a client of MLflow's scoring server sends, and what it gets.

Formats: https://mlflow.org/docs/latest/ml/deployment/deploy-model-locally/.
"""

import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.support.packed import client_of, packed

PATH = "/invocations"
IRIS, MIXED = "logistic regression, string labels", "mixed table, open categories"
FLOWERS = [[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3]]


@pytest.fixture
def client() -> FlaskClient:
    return client_of("sensors", "mlflow")


def predicted(name: str, rows: list[list[Any]], query: str = "") -> Any:
    """The response of /predict to the same rows."""
    return client_of(name, "mlflow").post(f"/predict{query}", json={"instances": rows}).json


def split(columns: Any, *data: Any, **more: Any) -> dict[str, Any]:
    return {"dataframe_split": {"columns": columns, "data": list(data), **more}}


def message(client: FlaskClient, payload: Any) -> Any:
    response = client.post(PATH, json=payload)
    assert (response.status_code, response.content_type) == (400, "application/json")
    answer: Any = response.json
    assert answer.keys() == {"error_code", "message"}
    assert answer["error_code"] == "BAD_REQUEST"
    return answer["message"]


@pytest.mark.parametrize(
    "payload",
    [
        split(["sensor_1", "sensor_2"], [1, 1], [2, -1], [3, 0]),
        split(["sensor_1", "sensor_2"], [1, 1], [2, -1], [3, 0], index=[7, "x", None]),
        split(["sensor_2", "sensor_1"], [1, 1], [-1, 2], [0, 3]),
        split([0, 1], [1, 1], [2, -1], [3, 0]),
        {"dataframe_split": {"data": [[1, 1], [2, -1], [3, 0]]}},
        {
            "dataframe_records": [
                {"sensor_1": 1, "sensor_2": 1},
                {"sensor_2": -1, "sensor_1": 2},
                {"sensor_1": 3, "sensor_2": 0},
            ]
        },
        {"instances": [[1, 1], [2, -1], [3, 0]]},
        {"instances": [{"sensor_1": a, "sensor_2": b} for a, b in ((1, 1), (2, -1), (3, 0))]},
        {"inputs": [[1, 1], [2, -1], [3, 0]]},
        {"inputs": {"sensor_2": [1, -1, 0], "sensor_1": [1, 2, 3]}},
        {"params": None, "inputs": [[1, 1], [2, -1], [3, 0]]},
        {"inputs": [[1, 1], [2, -1], [3, 0]], "client_request_id": "7", "note": {"a": [1]}},
        {"instances": {"sensor_2": [1, -1, 0], "sensor_1": [1, 2, 3]}},
    ],
    ids=json.dumps,
)
def test_every_form_of_json(client: FlaskClient, payload: Any) -> None:
    response = client.post(PATH, json=payload)
    assert (response.status_code, response.content_type) == (200, "application/json")
    assert response.json == {"predictions": [0.0, 1.0, 1.0]}


@pytest.mark.parametrize("charset", ["", "; charset=utf-8", ";charset=UTF-8"])
def test_a_table_has_a_header(client: FlaskClient, charset: str) -> None:
    table, kind = "sensor_2,sensor_1\n1,1\n-1,2\n", f"text/csv{charset}"
    assert client.post(PATH, data=table, content_type=kind).json == {"predictions": [0.0, 1.0]}
    assert client.post(PATH, data="1,1\n2,-1\n", content_type=kind).status_code == 400


def test_labels_are_those_of_the_model() -> None:
    found = client_of(IRIS, "mlflow").post(PATH, json={"inputs": FLOWERS}).json
    assert found == {"predictions": ["setosa", "virginica"]}


def test_what_is_missing_in_a_frame_is_sent_as_nan() -> None:
    rows: list[list[Any]] = [["Oslo", "pump", None, 20.5, True], [None, "fan", 3, None, False]]
    names = packed(MIXED)[1].signature.names
    body = json.dumps(split(list(names), *rows)).replace("null", "NaN")
    [wanted] = predicted(MIXED, rows).values()
    found = client_of(MIXED, "mlflow").post(PATH, data=body, content_type="application/json")
    assert found.json == {"predictions": wanted}


def test_of_one_input_a_list_of_values_is_its_column() -> None:
    remarks = ["the pump in Oslo is 3 years old", "a fan"]
    [wanted] = predicted("text", [[remark] for remark in remarks]).values()
    assert client_of("text", "mlflow").post(PATH, json={"inputs": remarks}).json == {
        "predictions": wanted
    }


def test_several_outputs_are_a_list_for_each_row() -> None:
    rows = [[5.0, 162.0, 60.0], [2.0, 110.0, 60.0]]
    found = client_of("several outputs", "mlflow").post(PATH, json={"instances": rows}).json
    columns = predicted("several outputs", rows).values()
    assert found == {"predictions": [list(row) for row in zip(*columns, strict=True)]}


def test_a_parameter_asks_for_probabilities_in_place_of_predictions() -> None:
    payload = {"inputs": FLOWERS, "params": {"probabilities": True}}
    wanted = predicted(IRIS, FLOWERS, "?probabilities=true")["probabilities"]
    assert client_of(IRIS, "mlflow").post(PATH, json=payload).json == {"predictions": wanted}
    several = client_of("several classes", "mlflow").post(
        PATH, json={"inputs": [[3.0, 100.0]], "params": {"probabilities": True}}
    )
    answer = predicted("several classes", [[3.0, 100.0]], "?probabilities=true")["probabilities"]
    assert several.json == {"predictions": [{name: rows[0] for name, rows in answer.items()}]}


@pytest.mark.parametrize("params", [None, {}, {"probabilities": False}, {"scores": False}])
def test_a_parameter_that_asks_for_nothing(client: FlaskClient, params: Any) -> None:
    response = client.post(PATH, json={"inputs": [[3, 0]], "params": params})
    assert response.json == {"predictions": [1.0]}


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ([[1, 1]], "exactly one of dataframe_split, dataframe_records, instances, inputs"),
        ({"sensor_1": 1, "sensor_2": 1}, "exactly one of dataframe_split"),
        ({"instances": [[1, 1]], "inputs": [[1, 1]]}, "exactly one of dataframe_split"),
        ({"params": {}}, "exactly one of dataframe_split"),
        ({"inputs": [[1, 1]], "sensor_1": [2]}, "/sensor_1 no input is allowed beside inputs"),
        ({"inputs": [[1, 1]], "parms": {}}, "/parms is no key; did you mean params?"),
        ({"inputs": [[1, 1], [1, "x"]]}, "/inputs/1/1 is a string, not a number"),
        ({"inputs": {"sensor_1": [1, "x"], "sensor_2": [1, 1]}}, "/inputs/sensor_1/1 is a string"),
        ({"inputs": {"sensor_1": [1]}}, "/inputs/sensor_2 is missing"),
        ({"inputs": {"sensor_1": [1], "sensor_2": 1}}, "/inputs/sensor_2 must be a list of values"),
        (
            {"inputs": {"sensor_1": {}, "sensor_2": 1}},
            "/inputs/sensor_1 is an object, not a number",
        ),
        ({"instances": {"sensor_1": [1]}}, "/instances/sensor_2 is missing"),
        ({"dataframe_records": {"sensor_1": [1]}}, "/dataframe_records must be a list of rows"),
        ({"inputs": {"sensor_1": [], "sensor_2": []}}, "/inputs/sensor_1 there are no rows"),
        ({"inputs": {}}, "/inputs/sensor_1 is missing; /inputs/sensor_2 is missing"),
        ({"inputs": []}, "/inputs there are no rows"),
        ({"inputs": 1}, "/inputs must be a list of rows"),
        ({"dataframe_records": [{"sensor_1": 1}]}, "/dataframe_records/0/sensor_2 is missing"),
        ({"dataframe_split": [[1, 1]]}, "/dataframe_split must be an object with columns, data"),
        ({"dataframe_split": {"columns": ["a"]}}, "/dataframe_split must be an object"),
        (split(["sensor_1", "sensor_2"], [1, 1], x=1), "/dataframe_split must be an object"),
        (split("sensor_1", [1, 1]), "/dataframe_split/columns must be a list of names"),
        (split([1, 0], [1, 1]), "/dataframe_split/columns must be a list of names"),
        (split(["sensor_1", "sensor_2"]), "/dataframe_split/data there are no rows"),
        (split(["sensor_1"], [1]), "/dataframe_split/columns/sensor_2 is missing"),
        (split(["sensor_1", "senser_2"], [1, 1]), "senser_2 is no input; did you mean sensor_2?"),
        (split(["sensor_1"] * 2, [1, 1]), "columns/sensor_1 occurs more than once"),
        (split(["sensor_2", "sensor_1"], [1, "x"]), "/dataframe_split/data/0/1 is a string"),
        (split(["sensor_1", "sensor_2"], [1]), "/dataframe_split/data/0 has 1 values"),
        ({"inputs": [[1, 1]], "params": [1]}, "/params must be an object"),
        ({"inputs": [[1, 1]], "params": {"probability": True}}, "did you mean probabilities?"),
        ({"inputs": [[1, 1]], "params": {"probabilities": 1}}, "must be true or false"),
        ({"inputs": [[1, 1]], "params": {"scores": True}}, "this model has probabilities"),
    ],
)
def test_an_error_has_its_place(client: FlaskClient, payload: Any, expected: str) -> None:
    assert expected in message(client, payload)


@pytest.mark.parametrize(
    "kind",
    ["application/json; charset=latin-1", "application/json; x=1", "text/plain", "", "x"],
)
def test_another_type_or_charset_is_415_in_plain_text(client: FlaskClient, kind: str) -> None:
    response = client.post(PATH, data=b'{"inputs": [[1, 1]]}', content_type=kind)
    assert (response.status_code, response.mimetype) == (415, "text/plain")
    assert response.text


def test_version_is_bare_text_and_names_the_model(client: FlaskClient) -> None:
    version = packed("sensors")[1].manifest.version
    assert client.get("/version").text == version
