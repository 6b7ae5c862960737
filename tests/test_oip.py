"""Inference by the Open Inference Protocol over REST, with tensors as JSON."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from service.settings import SettingsError
from tests.support.oip import INFER, ROWS, columns, error_of, infer, oip_client, tensor, version
from tests.support.packed import packed

IRIS = "logistic regression, string labels"
MIXED = "mixed table, open categories"


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    return oip_client()


def outputs(response: Any) -> dict[str, Any]:
    assert response.status_code == 200, response.data
    return {one["name"]: one["data"] for one in response.get_json()["outputs"]}


def test_a_version_may_be_requested_and_another_one_is_not_found(client: FlaskClient) -> None:
    at = f"/v2/models/x/versions/{version()}"
    assert client.get(at).get_json() == client.get("/v2/models/x").get_json()
    assert client.get(f"{at}/ready").get_json() == {"name": "x", "ready": True}
    assert client.post(f"{at}/infer", json={"inputs": columns()}).status_code == 200
    for path in ("/v2/models/x/versions/1", "/v2/models/y"):
        assert "there is" in error_of(client.get(path), 404)
        assert "there is" in error_of(client.get(f"{path}/ready"), 404)
        assert "there is" in error_of(client.post(f"{path}/infer", json={}), 404)


def test_the_published_example_as_the_specification_has_a_request(client: FlaskClient) -> None:
    response = infer(client, columns(), id="42")
    assert response.headers["Model-Version"] == version()
    assert response.get_json() == {
        "model_name": "x",
        "model_version": version(),
        "id": "42",
        "outputs": [
            {"name": "prediction", "shape": [3, 1], "datatype": "FP64", "data": [0.0, 1.0, 1.0]}
        ],
    }


def test_a_request_without_an_id_gets_that_of_its_answer(client: FlaskClient) -> None:
    response = infer(client, columns())
    assert response.get_json()["id"] == response.headers["X-Request-ID"]


FLAT = [number for row in ROWS for number in row]


@pytest.mark.parametrize(
    "inputs",
    [
        columns()[::-1],
        [{**one, "shape": [3]} for one in columns()],
        [{**one, "data": [[number] for number in one["data"]]} for one in columns()],
        [{**one, "parameters": {"content_type": "np"}} for one in columns()],
        [{**one, "datatype": "INT8", "data": list(map(int, one["data"]))} for one in columns()],
        [tensor("input-0", "FP32", [3, 2], FLAT)],
        [tensor("input__0", "FP64", [3, 2], [list(row) for row in ROWS])],
        [tensor("sensor_1", "INT64", [3, 2], [1, 1, 2, -1, 3, 0])],
    ],
    ids=["order", "[rows]", "nested", "parameters", "INT8", "flat", "rows", "another's name"],
)
def test_every_form_of_the_same_rows(client: FlaskClient, inputs: Any) -> None:
    response = infer(client, inputs, parameters={"content_type": "pd"})
    assert outputs(response) == {"prediction": [0.0, 1.0, 1.0]}


@pytest.mark.parametrize("name", ["prediction", "predict", "output-0", "output__0"])
def test_the_prediction_by_the_name_that_a_client_requests(client: FlaskClient, name: str) -> None:
    assert outputs(infer(client, columns(), outputs=[{"name": name}])) == {name: [0.0, 1.0, 1.0]}


@pytest.mark.parametrize("asked", [{}, {"outputs": None}, {"outputs": []}])
def test_a_request_that_names_no_output_gets_those_of_the_setting(asked: Any) -> None:
    mlserver, ours = oip_client(outputs=("predict",)), oip_client()
    assert outputs(infer(mlserver, columns(), **asked)) == {"predict": [0.0, 1.0, 1.0]}
    assert outputs(infer(ours, columns(), **asked)) == {"prediction": [0.0, 1.0, 1.0]}
    named = infer(mlserver, columns(), outputs=[{"name": "prediction"}])
    assert outputs(named) == {"prediction": [0.0, 1.0, 1.0]}


def test_the_setting_s_outputs_are_in_its_order_and_may_be_probabilities() -> None:
    client = oip_client(IRIS, outputs=("predict_proba", "predict"))
    rows = [[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3]]
    found = outputs(infer(client, [tensor("any", "FP64", [2, 4], rows)]))
    ours = client.post("/predict?probabilities=true", json={"instances": rows}).get_json()
    assert list(found) == ["predict_proba", "predict"]
    assert found["predict"] == ours["prediction"]
    assert found["predict_proba"] == [number for row in ours["probabilities"] for number in row]


@pytest.mark.parametrize("name", ["predicted", "predict_proba", "top.labels"])
def test_a_setting_of_outputs_that_the_model_has_not_stops_the_start(name: str) -> None:
    model = IRIS if name == "top.labels" else "ridge regression"
    with pytest.raises(SettingsError, match=f"SERVICE_OIP_OUTPUTS: {name} is no output; "):
        oip_client(model, outputs=("predict", name))


@pytest.mark.parametrize("name", ["probabilities", "predict_proba"])
def test_probabilities_and_labels_on_request(name: str) -> None:
    client = oip_client(IRIS)
    rows = [[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3]]
    wanted = [{"name": name}, {"name": "labels"}, {"name": "predict"}]
    response = infer(client, [tensor("any", "FP64", [2, 4], rows)], outputs=wanted)
    ours = client.post("/predict?probabilities=true", json={"instances": rows}).get_json()
    assert outputs(response) == {
        name: [number for row in ours["probabilities"] for number in row],
        "labels": ours["labels"],
        "predict": ours["prediction"],
    }
    shapes = [one["shape"] for one in response.get_json()["outputs"]]
    assert shapes == [[2, 3], [3], [2, 1]]
    assert [one["datatype"] for one in response.get_json()["outputs"]] == ["FP64", "BYTES", "BYTES"]


def test_scores_of_a_model_without_probabilities() -> None:
    client = oip_client("support vectors without probabilities")
    rows = [[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3]]
    given = [tensor("any", "FP64", [2, 4], rows)]
    ours = client.post("/predict?scores=true", json={"instances": rows}).get_json()["scores"]
    found = outputs(infer(client, given, outputs=[{"name": "scores"}]))
    assert found == {"scores": [number for row in ours for number in row]}
    answer = error_of(infer(client, given, outputs=[{"name": "predict_proba"}]))
    assert "/outputs/0/name is no output" in answer


def test_several_outputs_each_by_name_or_as_one_tensor() -> None:
    client = oip_client("several classes")
    rows = [[1, 100.0], [12, 3.5]]
    given = [tensor("any", "FP64", [2, 2], rows)]
    ours = client.post("/predict?probabilities=true", json={"instances": rows}).get_json()
    names = ("prediction_0", "prediction_1")
    assert outputs(infer(client, given)) == {name: ours[name] for name in names}
    whole = infer(client, given, outputs=[{"name": "predict"}]).get_json()["outputs"][0]
    assert whole["shape"] == [2, 2]
    assert whole["data"] == [ours[name][row] for row in range(2) for name in names]
    wanted = [{"name": f"prediction_1.{what}"} for what in ("probabilities", "labels")]
    flat = [number for row in ours["probabilities"]["prediction_1"] for number in row]
    assert outputs(infer(client, given, outputs=wanted)) == {
        "prediction_1.probabilities": flat,
        "prediction_1.labels": ours["labels"]["prediction_1"],
    }


def test_null_of_a_column_that_takes_it_in_every_way_to_write_it() -> None:
    client = oip_client(MIXED)
    row = {"site": None, "kind": "press", "age_years": 3, "temperature": None, "guarded": True}
    expected = client.post("/predict", json={"instances": [row]}).get_json()["prediction"]
    inputs = [
        tensor("kind", "BYTES", [1], ["press"]),
        tensor("age_years", "INT32", [1], [3]),
        tensor("temperature", "FP32", [1], [None]),
        tensor("guarded", "BOOL", [1], [True]),
    ]
    given = [tensor("site", "BYTES", [1], [None]), *inputs]
    assert outputs(infer(client, given)) == {"prediction": expected}


def test_an_empty_string_is_no_null_of_a_number() -> None:
    client = oip_client("extra trees on 64 columns")  # which take NaN
    assert packed("extra trees on 64 columns")[1].signature.inputs[0].nullable
    answer = error_of(infer(client, [tensor("a", "BYTES", [1, 64], [""] * 64)]))
    assert "/f0/0 is a string, not a number" in answer
    assert outputs(infer(client, [tensor("a", "FP64", [1, 64], [None] * 64)]))


def test_null_of_a_column_that_does_not_take_it(client: FlaskClient) -> None:
    first, second = columns()
    answer = error_of(infer(client, [first, second | {"data": [1, None, 0]}]))
    assert "/sensor_2/1 is null, not a number" in answer


def test_one_tensor_cannot_hold_text_and_numbers() -> None:
    answer = error_of(infer(oip_client(MIXED), [tensor("a", "FP64", [1, 5], [1, 2, 3, 4, 5])]))
    assert "send one for each: site, kind, age_years, temperature, guarded" in answer


def test_float64_is_neither_rounded_in_requests_nor_in_responses() -> None:
    client = oip_client("ridge regression")
    row = [0.1 + place / 7 for place in range(10)]
    [ours] = client.post("/predict", json={"instances": [row]}).get_json()["prediction"]
    [found] = outputs(infer(client, [tensor("a", "FP64", [1, 10], row)]))["prediction"]
    assert found.hex() == ours.hex()


def test_a_compressed_body_is_not_taken(client: FlaskClient) -> None:
    response = client.post(INFER, data=b"\x1f\x8b", headers={"Content-Encoding": "gzip"})
    assert "Content-Encoding" in error_of(response, 415)
