"""boto3's Lambda client, pointed at the service."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config

from tests.clients.conftest import MODELS
from tests.support.packed import packed
from tests.support.serving import Server


@pytest.fixture
def function(spoken: tuple[str, Server]) -> Iterator[Any]:
    client = boto3.client(
        "lambda",
        endpoint_url=f"http://127.0.0.1:{spoken[1].port}",
        region_name="eu-central-1",
        aws_access_key_id="any",
        aws_secret_access_key="any",  # noqa: S106
        config=Config(retries={"total_max_attempts": 1}),
    )
    yield client
    client.close()


def columns(name: str) -> dict[str, list[Any]]:
    """Some rows that the model was packed with."""
    rows = packed(MODELS[name])[0].rows.head(20)
    listed: dict[str, list[Any]] = json.loads(rows.to_json(orient="split"))
    return dict(zip(listed["columns"], map(list, zip(*listed["data"], strict=True)), strict=True))


def test_it_is_answered_as_predict_answers(spoken: tuple[str, Server], function: Any) -> None:
    name, server = spoken
    body = json.dumps(columns(name))
    answer = function.invoke(FunctionName="any-name", Payload=body)
    assert answer["StatusCode"] == 200
    assert "FunctionError" not in answer
    assert answer["Payload"].read() == server.predict(body).body


def test_lists_in_strings_are_taken_as_they_ever_were(
    spoken: tuple[str, Server], function: Any
) -> None:
    name, server = spoken
    own = columns(name)
    body = json.dumps({column: json.dumps(values) for column, values in own.items()})
    answer = function.invoke(FunctionName="function", Payload=body)
    assert answer["Payload"].read() == server.predict(json.dumps(own)).body


def test_an_error_of_the_function_is_reported_as_such(function: Any) -> None:
    answer = function.invoke(FunctionName="function", Payload='{"nothing": 1}')
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert json.load(answer["Payload"])["errorType"] == "ValidationError"


def test_too_large_a_payload_is_an_error_of_the_client_s_own_kind(function: Any) -> None:
    with pytest.raises(function.exceptions.ClientError) as refused:
        function.invoke(FunctionName="function", Payload=b"[" + b"1," * 600_000 + b"1]")
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413
