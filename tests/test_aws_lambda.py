"""What a caller of the function on AWS Lambda gets, at the address that its container has."""

import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from service.app import create_app
from service.model.predictor import Predictor
from service.settings import Settings

ADDRESS = "/2015-03-31/functions/function/invocations"
EVENT = {"sensor_1": "[1,2.0,3]", "sensor_2": "[1,-1,0]"}
ANSWER = {"class": [0.0, 1.0, 1.0]}


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


@pytest.mark.parametrize("dialects", [(), ("none",), ("oip",)])
def test_off_means_off(predictor: Predictor, dialects: tuple[str, ...]) -> None:
    client = create_app(Settings(dialects=dialects), predictor).test_client()
    assert client.post(ADDRESS, data=json.dumps(EVENT)).status_code == 404


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
