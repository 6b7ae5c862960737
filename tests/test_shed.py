"""Refused without Flask, and yet the same answer; and only what would reach the model waits."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from service.api.problems import Problem
from service.api.request_state import ARRIVED, REFUSED
from service.dialects import enabled as dialects
from service.middleware.auth import Access
from service.middleware.response import Seal
from service.model.predictor import Predictor
from service.scheduling.admission import RefusedError, busy
from service.server.rejection import Shed
from service.server.wsgi import set_body, wsgi_environ
from service.settings import Settings
from tests.asgi import scope


@pytest.fixture
def shed(predictor: Predictor) -> Shed:
    return Shed(Access(), Seal.of(predictor.manifest))


def environ_of(**headers: str) -> dict[str, Any]:
    environ = wsgi_environ(scope([(k.replace("_", "-"), v) for k, v in headers.items()]))
    environ[ARRIVED] = 0.0
    set_body(environ, b"")
    return environ


def without_times(line: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in line.items() if name not in ("time", "total_ms")}


@pytest.mark.parametrize(
    "refused", [busy, lambda: RefusedError(504, "the deadline passed")], ids=["503", "504"]
)
def test_the_answer_and_its_log_line_are_those_of_flask(
    app: Flask,
    shed: Shed,
    lines: Callable[[], list[dict[str, Any]]],
    refused: Callable[[], RefusedError],
) -> None:
    error = refused()
    environ = environ_of(x_request_id="mine-1", x_amzn_trace_id="Root=1-67891233-" + "a" * 24)
    answer = shed.refuse(environ, error)
    assert answer
    status, headers, body = answer
    environ[REFUSED] = Problem(error.status, error.detail, headers=error.headers)
    response = app.test_client().open("/predict", method="POST", environ_overrides=environ)
    assert status == response.status_code == error.status
    assert body == response.data
    assert json.loads(body)["request_id"] == "mine-1"
    theirs = {name.lower().encode(): value.encode() for name, value in response.headers}
    assert dict(headers) == theirs
    assert len(headers) == len(theirs)
    [one, other] = [without_times(record) for record in lines()]
    assert one == other
    assert one["trace_id"] == "1-67891233-" + "a" * 24


def test_it_is_counted(shed: Shed) -> None:
    shed.refuse(environ_of(), busy())
    shed.refuse(environ_of(), RefusedError(504, "the deadline passed"))
    text = shed.seal.metrics.text().decode()
    assert 'slipway_shed_total{reason="busy"} 1.0' in text
    assert 'slipway_shed_total{reason="deadline"} 1.0' in text
    assert 'slipway_requests_total{method="POST",route="/predict",status="503"} 1.0' in text


def test_what_never_reaches_the_model_needs_no_turn(shed: Shed) -> None:
    assert shed.is_prediction(environ_of())
    assert not shed.is_prediction(wsgi_environ(scope(path="/elsewhere")))
    assert not shed.is_prediction({**environ_of(), "REQUEST_METHOD": "PUT"})


def test_who_has_no_key_takes_nobody_s_turn(predictor: Predictor) -> None:
    access = Access([hashlib.sha256(b"key").hexdigest()])
    locked = Shed(access, Seal.of(predictor.manifest))
    assert not locked.is_prediction(environ_of())
    assert not locked.is_prediction(environ_of(x_api_key="another"))
    assert locked.is_prediction(environ_of(x_api_key="key"))


def test_a_dialect_s_prediction_needs_a_turn_too_and_is_refused_in_its_own_way(
    app: Flask, predictor: Predictor
) -> None:
    path = "/2015-03-31/functions/any/invocations"
    shed = Shed(Access(), Seal.of(predictor.manifest), dialects.predictions(Settings()))
    environ = {**environ_of(), "PATH_INFO": path}
    assert shed.is_prediction(environ)
    assert not shed.is_prediction({**environ, "PATH_INFO": path + "/"})
    error = busy()
    assert shed.refuse(environ, error) is None  # Flask is to tell it
    environ[REFUSED] = Problem(error.status, error.detail, headers=error.headers)
    response = app.test_client().open(path, method="POST", environ_overrides=environ)
    assert response.status_code == 503
    assert response.get_json() == {"Type": "User", "Message": "too many predictions at once"}
    assert response.headers["Retry-After"] == error.headers["Retry-After"]
    assert 'slipway_shed_total{reason="busy"} 1.0' in shed.seal.metrics.text().decode()
