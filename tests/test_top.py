"""The most probable labels of each row: `top`, in every protocol that has a place for it."""

import json
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from openapi_schema_validator import OAS31Validator

from service.model import ranking
from tests.support.lambda_events import ADDRESS, version_2
from tests.support.packed import client_of, packed
from tests.support.problems import assert_problem

IRIS, SEVERAL = "logistic regression, string labels", "several classes"
FLOWERS = [[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3], [5.9, 2.8, 4.5, 1.4]]
MACHINES = [[3.0, 100.0], [12.0, 3.5]]


def ranked(labels: Any, probabilities: Any, count: int) -> dict[str, list[list[Any]]]:
    """What `top` must be, by Python's own sort, which keeps the order of what is equal."""
    rows = [
        sorted(zip(labels, row, strict=True), key=lambda pair: -pair[1])[:count]
        for row in np.asarray(probabilities).tolist()
    ]
    return {
        "labels": [[label for label, _ in row] for row in rows],
        "probabilities": [[number for _, number in row] for row in rows],
    }


def right(name: str, rows: list[list[float]], count: int) -> Any:
    """The same for rows of an estimator, by output if it has several."""
    estimator = packed(name)[0].estimator
    answer = estimator.predict_proba(np.array(rows))
    if not isinstance(answer, list):
        return ranked(estimator.classes_.tolist(), answer, count)
    return {
        f"prediction_{place}": ranked(classes.tolist(), one, count)
        for place, (classes, one) in enumerate(zip(estimator.classes_, answer, strict=True))
    }


def same(found: Any, wanted: Any) -> None:
    """Equal labels, and probabilities that another engine may round."""
    if "labels" not in wanted:
        assert found.keys() == wanted.keys()
        for name in wanted:
            same(found[name], wanted[name])
        return
    assert found["labels"] == wanted["labels"]
    for answer, right_ones in zip(found["probabilities"], wanted["probabilities"], strict=True):
        assert answer == pytest.approx(right_ones, abs=1e-6)


@pytest.mark.parametrize("count", [1, 2, 3, 99])
@pytest.mark.parametrize(("name", "rows"), [(IRIS, FLOWERS), (SEVERAL, MACHINES)])
def test_the_most_probable_labels_are_those_of_the_estimator(
    name: str, rows: list[list[float]], count: int
) -> None:
    client = client_of(name)
    answer = client.post(f"/predict?top={count}", json={"instances": rows})
    assert answer.status_code == 200, answer.data
    reply = json.loads(answer.data)
    same(reply.pop("top"), right(name, rows, count))
    assert reply == client.post("/predict", json={"instances": rows}).json
    contract = json.loads(client.get("/openapi.json").data)
    schema = contract["components"]["schemas"]["answer"]
    OAS31Validator(schema).validate(json.loads(answer.data))
    assert "top" in schema["properties"]


def test_many_rows_are_answered_like_few() -> None:
    client = client_of(IRIS)
    rows = FLOWERS * 200
    answer = json.loads(client.post("/predict?top=2", json={"instances": rows}).data)
    same(answer["top"], right(IRIS, rows, 2))


def test_rows_are_ranked_in_blocks_and_stay_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranking, "BLOCK_VALUES", 7)  # of three labels: two rows each
    answer = json.loads(client_of(IRIS).post("/predict?top=2", json={"instances": FLOWERS}).data)
    same(answer["top"], right(IRIS, FLOWERS, 2))


def test_equal_probabilities_keep_the_order_of_the_labels() -> None:
    probabilities = np.array([[0.1, 0.3, 0.3, 0.3], [0.25, 0.25, 0.25, 0.25]])
    assert ranking.most_probable(probabilities, ["d", "c", "b", "a"], 3) == {
        "labels": [["c", "b", "a"], ["d", "c", "b"]],
        "probabilities": [[0.3, 0.3, 0.3], [0.25, 0.25, 0.25]],
    }


def test_labels_keep_their_type() -> None:
    answer = ranking.most_probable(np.array([[0.4, 0.6]]), [False, True], 2)
    assert answer["labels"] == [[True, False]]


@pytest.mark.parametrize("also", ["probabilities=true", "probabilities=false"])
def test_it_takes_the_place_of_all_probabilities(also: str) -> None:
    answer = client_of(IRIS).post(f"/predict?top=1&{also}", json={"instances": FLOWERS}).json
    assert answer is not None
    assert set(answer) == {"prediction", "top"}


@pytest.mark.parametrize(
    ("name", "query", "detail"),
    [
        (IRIS, "top=0", "at least 1"),
        (IRIS, "top=-1", "whole number"),
        (IRIS, "top=1.0", "whole number"),
        (IRIS, "top=", "whole number"),
        (IRIS, "top=true", "whole number"),
        (IRIS, "top=1&top=2", "more than once"),
        ("several labels", "top=1", "no list of labels"),
        ("support vectors without probabilities", "top=1", "it has scores"),
        ("several outputs", "top=1", "no probabilities"),
    ],
)
def test_what_cannot_be_ranked_is_refused(name: str, query: str, detail: str) -> None:
    client = client_of(name)
    width = len(packed(name)[1].signature.inputs)
    answer = client.post(f"/predict?{query}", json={"instances": [[1.0] * width]})
    problem = assert_problem(422, answer.content_type, answer.data)
    assert problem["errors"][0]["parameter"] == "top"
    assert detail in problem["errors"][0]["detail"]


@pytest.mark.parametrize(("name", "rows"), [(IRIS, FLOWERS), (SEVERAL, MACHINES)])
def test_a_parameter_of_mlflow_asks_for_them(name: str, rows: list[list[float]]) -> None:
    client = client_of(name, "mlflow")
    answer = client.post("/invocations", json={"inputs": rows, "params": {"top": 2}})
    wanted = json.loads(client.post("/predict?top=2", json={"instances": rows}).data)["top"]
    for place, row in enumerate(json.loads(answer.data)["predictions"]):
        if name == IRIS:
            assert row == {what: values[place] for what, values in wanted.items()}
        else:
            assert row == {
                output: {what: values[place] for what, values in own.items()}
                for output, own in wanted.items()
            }


@pytest.mark.parametrize("top", [0, True, 1.5, [1], None])
def test_a_parameter_of_mlflow_is_a_whole_number(top: object) -> None:
    client = client_of(IRIS, "mlflow")
    answer = client.post("/invocations", json={"inputs": FLOWERS, "params": {"top": top}})
    assert answer.status_code == 400
    assert "/params/top must be a whole number" in json.loads(answer.data)["message"]


def infer(client: FlaskClient, rows: list[list[float]], outputs: list[str], **more: Any) -> Any:
    flat = [value for row in rows for value in row]
    tensor = {"name": "x", "shape": [len(rows), len(rows[0])], "datatype": "FP64", "data": flat}
    wanted = [{"name": name} for name in outputs]
    return client.post("/v2/models/x/infer", json={"inputs": [tensor], "outputs": wanted, **more})


@pytest.mark.parametrize(
    ("name", "rows", "prefix"), [(IRIS, FLOWERS, ""), (SEVERAL, MACHINES, "prediction_1.")]
)
def test_tensors_of_the_open_inference_protocol(
    name: str, rows: list[list[float]], prefix: str
) -> None:
    client = client_of(name, "oip")
    names = [f"{prefix}top.labels", f"{prefix}top.probabilities"]
    answer = infer(client, rows, names, parameters={"top": 2})
    wanted = json.loads(client.post("/predict?top=2", json={"instances": rows}).data)["top"]
    own = wanted["prediction_1"] if prefix else wanted
    assert json.loads(answer.data)["outputs"] == [
        {
            "name": names[0],
            "datatype": "BYTES",
            "shape": [len(rows), 2],
            "data": [str(label) for row in own["labels"] for label in row],
        },
        {
            "name": names[1],
            "datatype": "FP64",
            "shape": [len(rows), 2],
            "data": [number for row in own["probabilities"] for number in row],
        },
    ]


@pytest.mark.parametrize(
    ("outputs", "parameters", "detail"),
    [
        (["top.labels"], {}, "/parameters/top must be a whole number"),
        (["top.labels"], {"top": 0}, "/parameters/top must be a whole number"),
        (["top.labels", "probabilities"], {"top": 1}, "two requests"),
    ],
)
def test_a_tensor_of_labels_without_a_count_is_refused(
    outputs: list[str], parameters: dict[str, Any], detail: str
) -> None:
    answer = infer(client_of(IRIS, "oip"), FLOWERS, outputs, parameters=parameters)
    assert answer.status_code == 400
    assert detail in json.loads(answer.data)["error"]


def test_an_event_of_api_gateway_asks_by_its_query() -> None:
    client = client_of(IRIS, "lambda")
    event = version_2(rawQueryString="top=1", body=json.dumps({"instances": FLOWERS}))
    answer = json.loads(client.post(ADDRESS, data=json.dumps(event)).data)
    same(json.loads(answer["body"])["top"], right(IRIS, FLOWERS, 1))
