"""The health and metadata of the service and its model in the Open Inference Protocol."""

import pytest
from flask.testing import FlaskClient

from service.app import create_app
from service.model.predictor import Predictor
from service.protocols import enabled
from service.server.drain import Drain
from service.settings import Settings
from tests.support.oip import INFER, error_of, oip_client, version
from tests.support.packed import packed

MIXED = "mixed table, open categories"


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    return oip_client()


def test_the_metadata_of_the_server(client: FlaskClient) -> None:
    answer = client.get("/v2").get_json()
    assert answer["name"] == "slipway"
    assert isinstance(answer["version"], str)
    assert answer["extensions"] == ["binary_tensor_data"]
    assert client.get("/v2/").get_json() == answer


def test_it_is_live_and_ready(client: FlaskClient) -> None:
    assert client.get("/v2/health/live").get_json() == {"live": True}
    assert client.get("/v2/health/ready").get_json()["ready"] is True


@pytest.mark.parametrize("path", ["/v2/health/ready", "/v2/models/x/ready", "/v1/models/x"])
def test_a_service_that_is_shutting_down_is_live_and_not_ready(path: str) -> None:
    drain = Drain(1)
    settings = Settings(protocols=("oip",))
    client = create_app(settings, packed("sensors")[1], drain).test_client()
    assert client.get(path).status_code == 200
    drain._shared[0] = 1
    response = client.get(path)
    assert "shutting down" in error_of(response, 503)
    assert response.headers["Retry-After"] == "1"
    assert client.get("/v2/health/live").status_code == 200


def test_the_model_is_listed_by_name_and_version(client: FlaskClient) -> None:
    assert client.get("/v2/models").get_json() == {"models": ["x"]}
    [one] = client.post("/v2/repository/index", json={}).get_json()
    assert one == {"name": "x", "version": version(), "state": "READY", "reason": ""}


def test_metadata_has_an_input_for_each_column_and_every_output() -> None:
    answer = oip_client(MIXED).get("/v2/models/x").get_json()
    assert answer["name"] == "x"
    assert answer["versions"] == [packed(MIXED)[1].manifest.version]
    assert [(one["name"], one["datatype"], one["shape"]) for one in answer["inputs"]] == [
        ("site", "BYTES", [-1, 1]),
        ("kind", "BYTES", [-1, 1]),
        ("age_years", "FP64", [-1, 1]),
        ("temperature", "FP64", [-1, 1]),
        ("guarded", "BOOL", [-1, 1]),
    ]
    assert [(one["name"], one["datatype"], one["shape"]) for one in answer["outputs"]] == [
        ("prediction", "BYTES", [-1, 1]),
        ("probabilities", "FP64", [-1, 2]),
        ("labels", "BYTES", [2]),
    ]


def test_metadata_lists_the_outputs_of_the_setting_first() -> None:
    answer = oip_client(MIXED, outputs=("predict",)).get("/v2/models/x").get_json()
    assert [one["name"] for one in answer["outputs"]] == [
        *("predict", "prediction", "probabilities", "labels")
    ]
    assert answer["outputs"][0] == {"name": "predict", "datatype": "BYTES", "shape": [-1, 1]}


@pytest.mark.parametrize("what", ["load", "unload"])
def test_the_model_cannot_be_changed(client: FlaskClient, what: str) -> None:
    assert "one model" in error_of(client.post(f"/v2/repository/models/x/{what}", json={}))


def test_a_missing_key_has_the_protocol_s_own_error(predictor: Predictor) -> None:
    settings = Settings(protocols=("oip",), api_keys=("0" * 64,))
    client = create_app(settings, predictor).test_client()
    assert "needs a key" in error_of(client.get("/v2/models"), 401)
    assert client.get("/v2/health/ready").status_code == 200
    assert client.get("/v2/health/live").status_code == 200


PATHS = {"/v2": "GET", "/v2/health/ready": "GET", "/v2/models/x": "GET", INFER: "POST"}
PATHS |= {"/v1/models": "GET", "/v1/models/x": "GET", "/v1/models/x:predict": "POST"}


@pytest.mark.parametrize("path", PATHS)
def test_off_means_off(path: str) -> None:
    settings = Settings(protocols=("lambda",))
    client = create_app(settings, packed("sensors")[1]).test_client()
    response = client.open(path, method=PATHS[path], json={})
    assert (response.status_code, response.content_type) == (404, "application/problem+json")


@pytest.mark.parametrize("path", [*PATHS, "/v2/models/x/versions/1/infer", "/v2/models/infer"])
def test_what_reaches_the_model_waits_for_its_turn(path: str) -> None:
    pattern = enabled.prediction_paths(Settings(protocols=("oip",)))
    assert pattern
    assert bool(pattern.fullmatch(path)) is (path.endswith(("x/infer", "1/infer", ":predict")))
