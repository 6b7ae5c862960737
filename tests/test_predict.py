"""`POST /predict`: every form of the published example, and what else a request may ask."""

import json
import re
from typing import Any

import pandas as pd
import pytest
from flask.testing import FlaskClient

from service.app import create_app
from service.model.engines import Column
from service.model.predictor import Predictor
from service.settings import Settings
from tests.support.problems import assert_problem

ANSWER = {"class": [0.0, 1.0, 1.0]}
ROWS = pd.DataFrame({"sensor_1": [1, 2.0, 3], "sensor_2": [1, -1, 0]})
FORMS: dict[str, Any] = {
    "columns": {"sensor_1": [1, 2.0, 3], "sensor_2": [1, -1, 0]},
    "JSON lists in strings": {"sensor_1": "[1,2.0,3]", "sensor_2": "[1,-1,0]"},
    "columns in another order": {"sensor_2": [1, -1, 0], "sensor_1": [1, 2.0, 3]},
    "named rows": {
        "instances": [
            {"sensor_1": 1, "sensor_2": 1},
            {"sensor_2": -1, "sensor_1": 2.0},
            {"sensor_1": 3, "sensor_2": 0},
        ]
    },
    "ordered rows": {"instances": [[1, 1], [2.0, -1], [3, 0]]},
    "a list of ordered rows": [[1, 1], [2.0, -1], [3, 0]],
    "records, as pandas writes them": json.loads(ROWS.to_json(orient="records")),
}
TABLES = {
    "plain": "sensor_1,sensor_2\n1,1\n2.0,-1\n3,0\n",
    "Windows line ends, no last one": "sensor_1,sensor_2\r\n1,1\r\n2.0,-1\r\n3,0",
    "columns in another order": "sensor_2,sensor_1\n1,1\n-1,2.0\n0,3\n",
    "quoted, spaced, blank line": '"sensor_1", sensor_2\n\n"1", 1\n2.0,-1e0\n+3.,0\n',
    "pandas, with its index": ROWS.to_csv(),
    "byte order mark, as Excel writes it": "\ufeffsensor_1,sensor_2\n1,1\n2.0,-1\n3,0\n",
}


@pytest.mark.parametrize("payload", FORMS.values(), ids=FORMS)
def test_the_published_example_is_predicted_in_every_json_form(
    client: FlaskClient, payload: object
) -> None:
    response = client.post("/predict", json=payload)
    assert (response.status_code, response.json) == (200, ANSWER)
    assert response.mimetype == "application/json"


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_the_published_example_is_predicted_in_csv(client: FlaskClient, table: str) -> None:
    response = client.post("/predict", data=table.encode(), content_type="text/csv")
    assert (response.status_code, response.json) == (200, ANSWER)


def test_scalars_are_one_row(client: FlaskClient) -> None:
    response = client.post("/predict", json={"sensor_1": 1, "sensor_2": 1})
    assert response.json == {"class": [0.0]}


def test_probabilities_are_returned_on_request_and_sum_to_one(client: FlaskClient) -> None:
    response = client.post("/predict?probabilities=true", json=FORMS["columns"])
    answer = response.json
    assert answer is not None
    assert answer["class"] == ANSWER["class"]
    assert answer["labels"] == [0.0, 1.0]
    assert len(answer["probabilities"]) == 3
    for row, label in zip(answer["probabilities"], answer["class"], strict=True):
        assert sum(row) == pytest.approx(1.0)
        assert answer["labels"][row.index(max(row))] == label


def test_probabilities_can_be_declined(client: FlaskClient) -> None:
    response = client.post("/predict?probabilities=false", json=FORMS["columns"])
    assert response.json == ANSWER


@pytest.mark.parametrize(
    ("query", "parameter", "hint"),
    [
        ("probabilities=yes", "probabilities", "true or false"),
        ("probabilities=true&probabilities=false", "probabilities", "true or false"),
        ("probabilites=true", "probabilites", "did you mean probabilities?"),
    ],
)
def test_a_query_that_means_nothing_is_refused(
    client: FlaskClient, query: str, parameter: str, hint: str
) -> None:
    response = client.post(f"/predict?{query}", json=FORMS["columns"])
    problem = assert_problem(422, response.content_type, response.data)
    assert response.status_code == 422
    [error] = problem["errors"]
    assert error["parameter"] == parameter
    assert hint in error["detail"]


def test_each_row_has_one_prediction(client: FlaskClient) -> None:
    for rows in (1, 2, 1000, 10_000):
        column = [row % 7 - 3 for row in range(rows)]
        response = client.post("/predict", json={"sensor_1": column, "sensor_2": column[::-1]})
        assert response.json is not None
        assert len(response.json["class"]) == rows


def test_more_rows_than_allowed_are_refused_with_the_limit(client: FlaskClient) -> None:
    column = [0] * 10_001
    for payload, pointer in (
        ({"sensor_1": column, "sensor_2": column}, "/sensor_1"),
        ({"sensor_1": json.dumps(column), "sensor_2": 1}, "/sensor_1"),
        ({"instances": [[0, 0]] * 10_001}, "/instances"),
    ):
        response = client.post("/predict", json=payload)
        problem = assert_problem(422, response.content_type, response.data)
        [error] = problem["errors"]
        assert error["pointer"] == pointer
        assert "10001" in error["detail"]
        assert "10000" in error["detail"]


def test_every_answer_names_the_model_and_the_request(client: FlaskClient) -> None:
    version = client.get("/model").json["version"]  # type: ignore[index]
    empty: dict[str, Any] = {}
    for payload in (FORMS["columns"], empty):
        response = client.post("/predict", json=payload)
        assert response.headers["Model-Version"] == version
        assert response.headers["X-Request-ID"]


def test_a_request_id_is_kept_if_it_is_well_formed(client: FlaskClient) -> None:
    for given, kept in (("abc-1.2_3", True), ("x" * 65, False), ('"quoted"', False), ("", False)):
        response = client.post("/predict", json={}, headers={"X-Request-ID": given})
        assert response.json is not None
        assert (response.headers["X-Request-ID"] == given) is kept
        assert response.json["request_id"] == response.headers["X-Request-ID"]


def test_rows_that_the_model_refuses_are_the_client_s_fault(predictor: Predictor) -> None:
    class Refusing:
        def predict(self, columns: object) -> list[Column]:
            raise ValueError("No neighbors found for row 0: secret")

        confidence = predict

    app = create_app(Settings(), Predictor(predictor.manifest, Refusing()))
    response = app.test_client().post("/predict", json=FORMS["columns"])
    assert response.status_code == 422
    assert_problem(422, response.content_type, response.data)
    assert b"secret" not in response.data


@pytest.mark.filterwarnings("ignore:overflow")  # as far as numbers go, sums go further
def test_the_largest_numbers_the_signature_admits_are_answered(client: FlaskClient) -> None:
    first, second = client.get("/model").json["signature"]["inputs"]  # type: ignore[index]
    for one in (first["lowest"], first["highest"], 0):
        for other in (second["lowest"], second["highest"], 5e-324):
            response = client.post("/predict", json={"sensor_1": one, "sensor_2": other})
            assert response.status_code == 200
    beyond = client.post("/predict", json={"sensor_1": 1.01 * first["highest"], "sensor_2": 0})
    assert beyond.status_code == 422


@pytest.mark.parametrize("orient", ["columns", "index", "split", "table"])
@pytest.mark.parametrize("extra", ["refuse", "echo"])
def test_other_forms_of_a_frame_get_the_one_that_is_taken(
    orient: Any, extra: str, predictor: Predictor
) -> None:
    client = create_app(Settings(extra_columns=extra), predictor).test_client()
    text = ROWS.to_json(orient=orient)
    response = client.post("/predict", data=text, content_type="application/json")
    problem = assert_problem(response.status_code, str(response.mimetype), response.data)
    assert response.status_code == 422
    [error] = problem["errors"]
    [call] = re.findall(r"df(\.to_json\(.*\))$", error["detail"])
    right = eval(f"ROWS{call}")  # noqa: S307 (the form that the message recommends)
    response = client.post("/predict", data=right, content_type="application/json")
    assert (response.status_code, response.json) == (200, ANSWER)


@pytest.mark.parametrize("payload", [{"sensor_1": {}, "sensor_2": {}}, {"inputs": {"a": 1}}])
def test_other_objects_are_not_called_a_frame(client: FlaskClient, payload: Any) -> None:
    response = client.post("/predict", json=payload)
    assert response.status_code == 422
    assert "DataFrame" not in response.text


def test_a_table_without_its_line_breaks_gets_the_option_of_curl(client: FlaskClient) -> None:
    table = ROWS.to_csv(index=False).replace("\n", "")  # as curl --data @rows.csv sends it
    response = client.post("/predict", data=table, content_type="text/csv")
    problem = assert_problem(response.status_code, str(response.mimetype), response.data)
    assert "--data-binary" in problem["errors"][0]["detail"]


WIDER: dict[str, Any] = {
    "columns": {"id": ["a", "b", "c"], **FORMS["columns"]},
    "one more column than lists": {"note": "all", **FORMS["columns"]},
    "named rows": {"instances": ROWS.assign(id="a").to_dict("records")},
    "records": ROWS.assign(id="a", day=None).to_dict("records"),
}


@pytest.mark.parametrize("payload", WIDER.values(), ids=WIDER)
def test_extra_columns_are_refused_or_ignored(
    client: FlaskClient, predictor: Predictor, payload: Any
) -> None:
    assert client.post("/predict", json=payload).status_code == 422
    lenient = create_app(Settings(extra_columns="ignore"), predictor).test_client()
    response = lenient.post("/predict", json=payload)
    assert (response.status_code, response.json) == (200, ANSWER)


def test_extra_columns_of_csv_are_refused_or_ignored(
    client: FlaskClient, predictor: Predictor
) -> None:
    table = ROWS.assign(id=range(3), note="a, b").to_csv()
    table = table.replace(",id,note", ",id,id")  # they are not read, so they may have one name
    assert client.post("/predict", data=table, content_type="text/csv").status_code == 422
    lenient = create_app(Settings(extra_columns="ignore"), predictor).test_client()
    response = lenient.post("/predict", data=table, content_type="text/csv")
    assert (response.status_code, response.json) == (200, ANSWER)


def test_misspelt_inputs_are_missing_also_if_extra_columns_are_ignored(
    predictor: Predictor,
) -> None:
    lenient = create_app(Settings(extra_columns="ignore"), predictor).test_client()
    response = lenient.post("/predict", json={"sensor_1": 1, "sensor2": 1})
    problem = assert_problem(response.status_code, str(response.mimetype), response.data)
    assert problem["errors"] == [{"pointer": "/sensor_2", "detail": "is missing"}]
