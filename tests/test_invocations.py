"""`/invocations` and `/ping`: which protocol answers, SageMaker or MLflow, and what both share."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from service.api.request_state import KEY, RequestState
from service.app import create_app
from service.model.predictor import Predictor
from service.protocols import enabled
from service.scheduling.admission import overloaded
from service.server.drain import Drain
from service.server.rejection import problem_of
from service.settings import Settings
from tests.support.bad_bodies import EXAMPLE

PATH = "/invocations"
BARE, WRAPPED = [1.0], {"predictions": [1.0]}
SAGEMAKER, MLFLOW = ("sagemaker",), ("mlflow",)
BOTH = SAGEMAKER + MLFLOW
DOORS = pytest.mark.parametrize("protocols", [SAGEMAKER, MLFLOW, BOTH], ids="+".join)

Client = Callable[..., FlaskClient]


@pytest.fixture
def client_of(predictor: Predictor) -> Client:
    def make(*protocols: str, drain: Drain | None = None, **more: Any) -> FlaskClient:
        return create_app(Settings(protocols=protocols, **more), predictor, drain).test_client()

    return make


@pytest.mark.parametrize(
    ("body", "kind", "answer"),
    [
        ('{"dataframe_split": {"columns": ["sensor_1", "sensor_2"], "data": [[3, 0]]}}', "json", 1),
        ('{"dataframe_records": [{"sensor_1": 3, "sensor_2": 0}]}', "json", 1),
        ('{"instances": [[3, 0]]}', "json", 1),
        ('{"inputs": [[3, 0]]}', "json", 1),
        ('\n{ "params" : {}, "inputs": [[3, 0]]}', "json", 1),
        ("sensor_1,sensor_2\n3,0\n", "csv", 1),
        ("sensor_2,sensor_1\n0,3\n", "csv", 1),
        ("[[3, 0]]", "json", 0),
        ("[3, 0]", "json", 0),
        ('{"sensor_1": [3], "sensor_2": [0]}', "json", 0),
        ("3,0\n", "csv", 0),
    ],
)
def test_the_body_decides_which_protocol_answers(
    client_of: Client, body: str, kind: str, answer: int
) -> None:
    content_type = {"json": "application/json", "csv": "text/csv"}[kind]
    response = client_of(*BOTH).post(PATH, data=body, content_type=content_type)
    assert response.json == (BARE, WRAPPED)[answer]


def test_one_of_them_alone_answers_whatever_comes(client_of: Client) -> None:
    table = {"data": "sensor_1,sensor_2\n3,0\n", "content_type": "text/csv"}
    assert client_of(*SAGEMAKER).post(PATH, **table).json == BARE
    assert client_of(*SAGEMAKER).post(PATH, json={"instances": [[3, 0]]}).json == BARE
    refused = client_of(*MLFLOW).post(PATH, json=[[3, 0]])
    assert (refused.status_code, refused.json["error_code"]) == (400, "BAD_REQUEST")  # type: ignore[index]


def test_an_input_that_is_called_like_a_key_is_an_input(predictor: Predictor) -> None:
    first, second = predictor.signature.inputs
    signature = replace(predictor.signature, inputs=(replace(first, name="inputs"), second))
    renamed = Predictor(replace(predictor.manifest, signature=signature), predictor.engine)
    client = create_app(Settings(protocols=BOTH), renamed).test_client()
    assert client.post(PATH, json={"inputs": [3], "sensor_2": [0]}).json == BARE
    assert client.post(PATH, json={"instances": [[3, 0]]}).json == WRAPPED


@pytest.mark.parametrize("protocols", [("none",), ("lambda",), ("oip",)])
def test_off_means_off(client_of: Client, protocols: tuple[str, ...]) -> None:
    client = client_of(*protocols)
    for path in ("/ping", "/version", "/execution-parameters"):
        assert client.get(path).status_code == 404
    for path in (PATH, "/endpoints/any/invocations"):
        assert client.post(path, data=EXAMPLE).status_code == 404


def test_what_is_one_s_alone_is_off_with_it(client_of: Client) -> None:
    assert client_of(*SAGEMAKER).get("/version").status_code == 404
    assert client_of(*MLFLOW).get("/execution-parameters").status_code == 404
    assert client_of(*MLFLOW).post("/endpoints/any/invocations").status_code == 404


@DOORS
def test_ping_is_ready_as_health_is(client_of: Client, protocols: tuple[str, ...]) -> None:
    drain = Drain(5)
    client = client_of(*protocols, drain=drain)
    assert (client.get("/ping").status_code, client.get("/ping").data) == (200, b"")
    drain._shared[0] = 1
    assert client.get("/health").status_code == 503
    response = client.get("/ping")
    assert (response.status_code, response.headers["Retry-After"]) == (503, "1")


@DOORS
def test_keys_lock_all_but_ping(client_of: Client, protocols: tuple[str, ...]) -> None:
    client = client_of(*protocols, api_keys=(hashlib.sha256(b"key").hexdigest(),))
    assert client.get("/ping").status_code == 200
    body = {"instances": [[3, 0]]}
    refused = client.post(PATH, json=body)
    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert client.post(PATH, json=body, headers={"X-API-Key": "key"}).status_code == 200


def test_pings_fill_no_log(client_of: Client, lines: Callable[[], list[dict[str, Any]]]) -> None:
    client = client_of(*BOTH)
    client.get("/ping")
    client.post(PATH, data="[[3, 0], [3, 0]]")
    [line] = lines()
    assert (line["route"], line["rows"]) == (PATH, 2)


@DOORS
def test_a_prediction_needs_its_turn_and_nothing_else_does(protocols: tuple[str, ...]) -> None:
    paths = enabled.prediction_paths(Settings(protocols=protocols))
    assert paths
    assert paths.fullmatch(PATH)
    assert paths.fullmatch("/endpoints/any/invocations")
    assert not any(map(paths.fullmatch, ("/ping", "/version", "/execution-parameters")))


@pytest.mark.parametrize(
    ("protocols", "expected"),
    [
        (SAGEMAKER, {"error": "ServerError", "error-message": "too many predictions at once"}),
        (
            MLFLOW,
            {"error_code": "TEMPORARILY_UNAVAILABLE", "message": "too many predictions at once"},
        ),
    ],
)
def test_a_rejection_has_the_format_of_the_protocol(
    client_of: Client, protocols: tuple[str, ...], expected: dict[str, str]
) -> None:
    error = problem_of(overloaded())
    rejected = {KEY: RequestState(error=error)}
    response = client_of(*protocols).post(PATH, data="", environ_overrides=rejected)
    assert (response.status_code, response.json) == (503, expected)
    assert response.headers["Retry-After"] == error.headers["Retry-After"]


@DOORS
def test_a_crash_is_reported_without_its_trace(
    predictor: Predictor, protocols: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = create_app(Settings(protocols=protocols), predictor)
    monkeypatch.setattr(
        "service.api.prediction_service.PredictionService.predict_columns", lambda *_: 1 / 0
    )
    response = app.test_client().post(PATH, json={"instances": [[3, 0]]})
    assert response.status_code == 500
    assert response.json.keys() in ({"error", "error-message"}, {"error_code", "message"})  # type: ignore[union-attr]
    assert b"ZeroDivisionError" not in response.data
    assert b"division" not in response.data
