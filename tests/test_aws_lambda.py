"""What a caller of the function on AWS Lambda gets, at the address that its container has."""

import json
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest
from flask.testing import FlaskClient

from service.app import create_app
from service.model.predictor import Predictor
from service.settings import Settings, SettingsError
from tests.support.bad_bodies import COLUMNS, NAMES, NUMBERS, SHAPES, STRINGS
from tests.support.lambda_events import ADDRESS, ANSWER, EVENT, version_2


@pytest.fixture
def client(predictor: Predictor) -> FlaskClient:
    return create_app(Settings(), predictor).test_client()


def test_the_published_event_gives_the_published_answer(client: FlaskClient) -> None:
    response = client.post(ADDRESS, data=json.dumps(EVENT))
    assert (response.status_code, response.json) == (200, ANSWER)


def test_curl_s_own_content_type_is_taken_as_lambda_takes_it(client: FlaskClient) -> None:
    form = "application/x-www-form-urlencoded"
    response = client.post(ADDRESS, data=json.dumps(EVENT), content_type=form)
    assert response.json == ANSWER


@pytest.mark.parametrize("protocols", [(), ("none",), ("oip",)])
def test_off_means_off(predictor: Predictor, protocols: tuple[str, ...]) -> None:
    client = create_app(Settings(protocols=protocols), predictor).test_client()
    assert client.post(ADDRESS, data=json.dumps(EVENT)).status_code == 404


def test_none_stands_alone(predictor: Predictor) -> None:
    with pytest.raises(SettingsError, match="SERVICE_PROTOCOLS names none and others"):
        create_app(Settings(protocols=("lambda", "none")), predictor)


def test_what_a_function_would_raise_is_200_with_its_message(client: FlaskClient) -> None:
    event: dict[str, Any] = {"sensor_1": [1, "x"], "sensor_2": [1, 2]}
    response = client.post(ADDRESS, data=json.dumps(event), headers={"X-Request-ID": "mine"})
    assert response.status_code == 200
    assert response.headers["X-Amz-Function-Error"] == "Unhandled"
    assert response.json == {
        "errorMessage": "the input does not fit the model: /sensor_1/1 is a string, not a number",
        "errorType": "ValidationError",
        "requestId": "mine",
        "stackTrace": [],
    }


def test_with_keys_the_request_needs_one_and_its_event_does_not(predictor: Predictor) -> None:
    digest = sha256(b"opens").hexdigest()
    client = create_app(Settings(api_keys=(digest,)), predictor).test_client()
    event = json.dumps(version_2(body=json.dumps(EVENT)))
    refused = client.post(ADDRESS, data=event)
    assert refused.status_code == 401
    assert refused.get_json()["Message"].startswith("this needs a key")
    admitted = client.post(ADDRESS, data=event, headers={"X-API-Key": "opens"})
    assert admitted.get_json()["statusCode"] == 200


@pytest.mark.parametrize("bad", NAMES | COLUMNS | NUMBERS | STRINGS | SHAPES, ids=str)
def test_what_predict_refuses_is_refused_here(client: FlaskClient, bad: str) -> None:
    body = (NAMES | COLUMNS | NUMBERS | STRINGS | SHAPES)[bad].body
    response = client.post(ADDRESS, data=body)
    answer = response.get_json()
    assert response.status_code == 200
    assert (answer["errorType"], answer["stackTrace"]) == ("ValidationError", [])
    assert 0 < len(answer["errorMessage"]) < 5000


def test_an_event_has_one_log_line(
    client: FlaskClient, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    client.post(ADDRESS, data=json.dumps(version_2(body=json.dumps(EVENT))))
    [line] = lines()
    assert line["route"] == "/2015-03-31/functions/<name>/invocations"
    assert (line["status"], line["rows"]) == (200, 3)
    assert line["predict_ms"] > 0
