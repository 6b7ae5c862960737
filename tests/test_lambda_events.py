"""Events of API Gateway, load balancers and function URLs: requests in requests."""

import json
from base64 import b64encode
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
from flask.testing import FlaskClient
from hypothesis import strategies as st

from service.app import create_app
from service.model.predictor import Predictor
from service.protocols.aws_lambda import events
from service.settings import Settings
from tests.support.lambda_events import ADDRESS, ANSWER, EVENT, version_2
from tests.support.serving import Server
from tests.test_any_body import hold

NOT_AN_EVENT = "the event is not one of API Gateway's, version 1.0 or 2.0"


@pytest.fixture
def client(predictor: Predictor) -> FlaskClient:
    return create_app(Settings(), predictor).test_client()


def test_an_event_of_api_gateway_gets_an_answer_for_it(client: FlaskClient) -> None:
    """Version 1.0, with what a test event of the console has: most of it null."""
    event = {
        "resource": "/score",
        "path": "/score",
        "httpMethod": "POST",
        "headers": None,
        "multiValueHeaders": None,
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "requestContext": {"stage": "prod"},
        "body": json.dumps(EVENT),
        "isBase64Encoded": False,
    }
    response = client.post(ADDRESS, data=json.dumps(event), headers={"X-Request-ID": "mine"})
    printed = response.get_json()
    assert (response.status_code, printed["statusCode"]) == (200, 200)
    assert json.loads(printed["body"]) == ANSWER
    assert printed["isBase64Encoded"] is False
    assert printed["multiValueHeaders"]["Content-Type"] == ["application/json"]
    assert printed["multiValueHeaders"]["X-Request-ID"] == ["mine"]


def test_so_does_one_of_version_2_in_base64_with_a_query(client: FlaskClient) -> None:
    event = version_2(
        rawQueryString="probabilities=true",
        body=b64encode(json.dumps(EVENT).encode()).decode(),
        isBase64Encoded=True,
    )
    reply = client.post(ADDRESS, data=json.dumps(event)).get_json()
    assert reply["statusCode"] == 200
    assert reply["headers"]["content-type"] == "application/json"
    answer = json.loads(reply["body"])
    assert (answer["class"], answer["labels"]) == (ANSWER["class"], [0.0, 1.0])


def test_what_is_wrong_in_an_event_s_body_has_the_status_of_predict(client: FlaskClient) -> None:
    answer = client.post(ADDRESS, data=json.dumps(version_2(body='{"sensor_1": 1}'))).get_json()
    assert answer["statusCode"] == 422
    assert answer["headers"]["content-type"] == "application/problem+json"
    assert json.loads(answer["body"])["errors"] == [
        {"pointer": "/sensor_2", "detail": "is missing"}
    ]


BROKEN = [
    {"httpMethod": 5, "body": "{}"},
    {"httpMethod": "POST", "body": 1},
    {"httpMethod": "POST", "body": "!", "isBase64Encoded": True},
    {"httpMethod": "POST", "headers": [], "body": "\ud800"},
    {"httpMethod": "POST", "headers": {"content-type": 5}},
    {"httpMethod": "POST", "multiValueHeaders": {"host": 5}},
    {"httpMethod": "POST", "path": 5},
    {"httpMethod": "POST", "queryStringParameters": 5},
    {"requestContext": 5},
    {"requestContext": {"http": "POST"}, "version": "2.0"},
    {"requestContext": {}, "version": "3.0"},
    {"requestContext": {"elb": None}},
]


@pytest.mark.parametrize("event", BROKEN, ids=json.dumps)
def test_a_broken_event_is_refused_in_lambda_s_way(
    client: FlaskClient, event: dict[str, Any]
) -> None:
    response = client.post(ADDRESS, data=json.dumps(event))
    answer = response.get_json()
    assert response.status_code == 200
    refused = answer.get("errorType") == "ValidationError" or 400 <= answer["statusCode"] < 500
    assert refused, answer


@pytest.mark.parametrize("event", BROKEN, ids=json.dumps)
def test_the_error_of_a_broken_event_names_no_exception_of_python(
    client: FlaskClient, event: dict[str, Any]
) -> None:
    answer = client.post(ADDRESS, data=json.dumps(event)).get_json()
    if "errorMessage" in answer:
        assert answer["errorMessage"] == NOT_AN_EVENT
    else:
        assert json.loads(answer["body"])["status"] == answer["statusCode"]


def test_an_exception_s_text_does_not_reach_the_client_of_a_server(server: Server) -> None:
    """Python would quote what the client sent."""
    event = {"httpMethod": "POST", "queryStringParameters": "canary", "body": "{}"}
    answer = server.request("POST", ADDRESS, json.dumps(event))
    assert answer.status == 200
    assert json.loads(answer.body)["errorMessage"] == NOT_AN_EVENT


def test_a_crash_is_not_blamed_on_the_event() -> None:
    def crashing(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        raise AttributeError("ours")

    with pytest.raises(AttributeError, match="ours"):
        events.respond(crashing, version_2())


def test_an_event_reaches_nothing_but_predict(client: FlaskClient) -> None:
    """Not the metrics, which a header of its own would be let to by their port."""
    event = version_2(
        rawPath="/metrics",
        headers={"x-forwarded-port": "9464"},
        requestContext={"http": {"method": "GET", "sourceIp": "", "protocol": "HTTP/1.1"}},
    )
    assert client.post(ADDRESS, data=json.dumps(event)).get_json()["statusCode"] == 405


def test_a_model_may_have_an_input_of_an_event_s_name() -> None:
    assert not events.is_proxied({"requestContext": 1}, ["requestContext", "y"])
    assert events.is_proxied({"requestContext": {}}, ["x"])


def test_of_any_event_it_answers_what_lambda_would(client: FlaskClient) -> None:
    def rule(body: bytes) -> None:
        response = client.post(ADDRESS, data=body)
        assert response.status_code == 200
        answer = response.get_json()
        if "statusCode" in answer:
            assert 400 <= answer["statusCode"] < 500 or json.loads(answer["body"])
        else:
            assert answer.keys() == ANSWER.keys() or answer["errorType"] == "ValidationError"

    hold(200, any_event(), rule)


@pytest.mark.parametrize(
    ("path", "status"), [("/model", 200), ("/%6dodel", 404), ("/mode%6C", 404)]
)
def test_no_address_has_a_second_spelling_in_an_event(
    client: FlaskClient, path: str, status: int
) -> None:
    http = {"method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.1"}
    second = version_2(rawPath=path, requestContext={"http": http, "stage": "$default"})
    for event in ({"httpMethod": "GET", "path": path}, second):
        assert events.respond(client.application, event)["statusCode"] == status


def any_event() -> st.SearchStrategy[bytes]:
    """Events that are nearly right."""
    odd: st.SearchStrategy[Any] = st.sampled_from(
        [None, 5, "", "POST", "2.0", "/predict", "é\0", [], {}, {"a": 5}]
    )
    members = ("httpMethod", "path", "version", "headers", "body", "isBase64Encoded")
    inner = st.fixed_dictionaries({}, optional={"http": odd, "elb": odd, "stage": odd})
    events = st.fixed_dictionaries(
        {}, optional=dict.fromkeys(members, odd) | {"requestContext": inner | odd}
    )
    return (events | st.just(EVENT)).map(lambda event: json.dumps(event).encode()) | st.binary()
