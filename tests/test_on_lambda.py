"""The service as a function on AWS Lambda, run by AWS's own runtime client."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from service.app import create_app
from service.model.predictor import Predictor
from service.settings import Settings
from tests.support.lambda_events import ADDRESS, ANSWER, EVENT, version_2
from tests.support.runtime_api import Runtime, function, runtime_api, runtime_client
from tests.support.serving import TIMEOUT_SECONDS


@pytest.fixture(scope="module")
def runtime(artifact: Path) -> Iterator[Runtime]:
    with function(SERVICE_MODEL=str(artifact)) as own:
        yield own


def get(path: str) -> dict[str, Any]:
    http = {"method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.1"}
    return version_2(rawPath=path, requestContext={"http": http})


def test_the_published_event_gives_the_published_answer(runtime: Runtime) -> None:
    assert runtime.invoke(EVENT) == ("response", ANSWER)


@pytest.mark.parametrize("path", ["/", "/predict", "/prod/score"])
def test_a_function_url_predicts_at_any_address_that_is_no_other(
    runtime: Runtime, path: str
) -> None:
    kind, answer = runtime.invoke(version_2(rawPath=path, body=json.dumps(EVENT)))
    assert (kind, answer["statusCode"]) == ("response", 200)
    assert json.loads(answer["body"]) == ANSWER
    assert answer["headers"]["model-version"]


@pytest.mark.parametrize(
    ("path", "status"), [("/health", 200), ("/model", 200), ("/", 200), ("/x", 404)]
)
def test_all_other_addresses_are_there_too(runtime: Runtime, path: str, status: int) -> None:
    kind, answer = runtime.invoke(get(path))
    assert (kind, answer["statusCode"]) == ("response", status)


def test_the_metrics_are_out_of_reach(runtime: Runtime) -> None:
    event = get("/metrics") | {"headers": {"x-forwarded-port": "9464"}}
    assert runtime.invoke(event)[1]["statusCode"] == 404


@pytest.mark.parametrize(
    "event",
    [
        EVENT,
        {"sensor_1": 1, "sensor_2": 1},
        {"instances": [[1, 1], [3, 0]]},
        {"sensor_1": ["x"], "sensor_2": [1]},
        {"sensor_1": [1]},
        {},
        [],
        None,
        5,
        "text",
        {"httpMethod": 5},
        {"httpMethod": "POST", "body": json.dumps(EVENT)},
        {"httpMethod": "POST", "body": "nonsense"},
        {"httpMethod": "GET", "path": "/predict"},
        version_2(rawPath="/predict", rawQueryString="probabilities=true", body=json.dumps(EVENT)),
        version_2(rawPath="/predict", rawQueryString="x=1", body=json.dumps(EVENT)),
    ],
    ids=json.dumps,
)
def test_it_answers_as_the_container_does(
    runtime: Runtime, predictor: Predictor, event: Any
) -> None:
    client = create_app(Settings(), predictor).test_client()
    response = client.post(ADDRESS, data=json.dumps(event))
    kind, answer = runtime.invoke(event)
    assert (kind == "error") == ("X-Amz-Function-Error" in response.headers)
    assert essence(answer) == essence(response.get_json())


def essence(reply: dict[str, Any]) -> dict[str, Any]:
    """An answer without what differs from one request to the next."""
    if "statusCode" in reply:
        body = json.loads(reply["body"])
        body.pop("request_id", None)
        return {"status": reply["statusCode"], "body": body}
    return {name: reply[name] for name in reply if name not in ("requestId", "stackTrace")}


def test_a_function_that_cannot_serve_exits_with_the_reason_in_one_line(tmp_path: Path) -> None:
    with runtime_api() as (address, _):
        command = runtime_client(address, SERVICE_MODEL=str(tmp_path / "none"))
        finished = subprocess.run(
            **command, capture_output=True, text=True, timeout=TIMEOUT_SECONDS
        )
    assert finished.returncode == os.EX_NOINPUT
    [line] = finished.stderr.splitlines()
    assert line.startswith("slipway: ")
    assert "there is no artifact" in line
