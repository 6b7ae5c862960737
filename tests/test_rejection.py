"""Rejected predictions are answered without Flask, and get the same answer as from Flask."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from service.api.request_state import state_of
from service.middleware.response import ResponseContext
from service.model.predictor import Predictor
from service.scheduling.admission import RejectedError, deadline_passed, overloaded
from service.server.rejection import RejectionResponder, problem_of
from service.server.wsgi import build_environ, set_body
from tests.support.asgi import scope


@pytest.fixture
def responder(predictor: Predictor) -> RejectionResponder:
    return RejectionResponder(ResponseContext.of(predictor.manifest))


def environ_of(**headers: str) -> dict[str, Any]:
    environ = build_environ(scope([(k.replace("_", "-"), v) for k, v in headers.items()]))
    set_body(environ, b"")
    return environ


def without_times(line: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in line.items() if name not in ("time", "total_ms")}


@pytest.mark.parametrize(
    ("reject", "expected"), [(overloaded, 503), (lambda: deadline_passed(0.5), 504)]
)
def test_the_answer_and_its_log_line_are_those_of_flask(
    app: Flask,
    responder: RejectionResponder,
    lines: Callable[[], list[dict[str, Any]]],
    monkeypatch: pytest.MonkeyPatch,
    reject: Callable[[], RejectedError],
    expected: int,
) -> None:
    monkeypatch.setattr("random.choice", lambda among: among[1])
    environ = environ_of(x_request_id="mine-1", x_amzn_trace_id="Root=1-67891233-" + "a" * 24)
    answer = responder.respond(environ, reject())
    assert answer
    status, headers, body = answer
    state_of(environ).error = problem_of(reject())
    response = app.test_client().open("/predict", method="POST", environ_overrides=environ)
    assert status == response.status_code == expected
    assert body == response.data
    assert json.loads(body)["request_id"] == "mine-1"
    theirs = {name.lower().encode(): value.encode() for name, value in response.headers}
    assert dict(headers) == theirs
    assert len(headers) == len(theirs)
    [one, other] = [without_times(record) for record in lines()]
    assert one == other
    assert one["trace_id"] == "1-67891233-" + "a" * 24


def test_it_is_counted(responder: RejectionResponder) -> None:
    responder.respond(environ_of(), overloaded())
    responder.respond(environ_of(), deadline_passed(0.5))
    text = responder.context.metrics.text().decode()
    assert 'slipway_shed_total{reason="busy"} 1.0' in text
    assert 'slipway_shed_total{reason="deadline"} 1.0' in text
    assert 'slipway_requests_total{method="POST",route="/predict",status="503"} 1.0' in text


def test_another_protocol_answers_in_its_own_form(
    app: Flask, responder: RejectionResponder
) -> None:
    path = "/2015-03-31/functions/any/invocations"
    environ = {**environ_of(), "PATH_INFO": path}
    assert responder.respond(environ, overloaded()) is None  # Flask is to answer
    error = problem_of(overloaded())
    state_of(environ).error = error
    response = app.test_client().open(path, method="POST", environ_overrides=environ)
    assert response.status_code == 503
    assert response.get_json() == {"Type": "User", "Message": "too many predictions at once"}
    assert response.headers["Retry-After"] == error.headers["Retry-After"]
    text = responder.context.metrics.text().decode()
    assert 'slipway_shed_total{reason="busy"} 1.0' in text
