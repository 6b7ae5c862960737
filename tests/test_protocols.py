"""The registry of protocols: each is declared by one value, and everything else follows from it."""

import hashlib
import re
import sys
from types import ModuleType

import pytest
from flask import Blueprint, Response, request
from werkzeug.exceptions import HTTPException

from service.api import health
from service.app import create_app
from service.model.predictor import Predictor
from service.protocols import enabled, registry
from service.protocols.protocol import Protocol, ProtocolContext
from service.server.drain import Drain
from service.settings import Settings, SettingsError

CASES = pytest.mark.parametrize("name", registry.NAMES)


@CASES
def test_a_protocol_has_the_name_under_which_it_is_registered(name: str) -> None:
    assert [protocol.name for protocol in registry.declared([name])] == [name]


@CASES
def test_the_setting_takes_every_name(name: str) -> None:
    assert Settings.from_environment({"SERVICE_PROTOCOLS": name}).protocols == (name,)


def test_the_setting_takes_no_other_name() -> None:
    with pytest.raises(SettingsError, match=f"some of {', '.join(registry.NAMES)}, or none"):
        Settings.from_environment({"SERVICE_PROTOCOLS": "grpc"})


@CASES
def test_the_declared_paths_are_those_of_routes(name: str, predictor: Predictor) -> None:
    [protocol] = registry.declared([name])
    app = create_app(Settings(protocols=(name,)), predictor)
    rules = [rule for rule in app.url_map.iter_rules() if "." in rule.endpoint]
    gets = {rule.rule for rule in rules if "GET" in (rule.methods or ())}
    posts = {re.sub("<[^>]+>", "x", rule.rule) for rule in rules if "POST" in (rule.methods or ())}
    assert protocol.health_paths <= gets
    assert [path for path in posts if re.fullmatch(protocol.prediction_paths, path)]


def test_health_checks_of_all_enabled_protocols_are_open_and_no_others() -> None:
    assert enabled.health_paths(Settings(protocols=("none",))) == health.PATHS
    paths = enabled.health_paths(Settings(protocols=registry.NAMES))
    assert paths == health.PATHS | {"/ping", "/v2/health/ready", "/v2/health/live"}


def write_error(error: HTTPException) -> Response:
    return Response(f"own format: {error.code}", 418)


def add_routes(blueprint: Blueprint, context: ProtocolContext) -> None:
    @blueprint.get("/own/health")
    def healthy() -> str:
        context.check_ready()
        return "healthy"

    @blueprint.post("/own/predict")
    def predict() -> Response:
        content = request.get_data()
        return Response(context.service.predict(request.environ, content))


def test_a_new_protocol_needs_one_module_and_one_entry(
    predictor: Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = ModuleType("own_protocol")
    module.PROTOCOL = Protocol(  # type: ignore[attr-defined]
        name="own",
        prediction_paths="/own/predict",
        health_paths=frozenset({"/own/health"}),
        add_routes=add_routes,
        write_error=write_error,
    )
    monkeypatch.setitem(sys.modules, "own_protocol", module)
    monkeypatch.setitem(registry.MODULES, "own", "own_protocol")
    settings = Settings(protocols=("own",), api_keys=(hashlib.sha256(b"key").hexdigest(),))
    drain = Drain(1)
    client = create_app(settings, predictor, drain).test_client()
    assert client.get("/own/health").text == "healthy"
    assert client.post("/own/predict", json={}).text == "own format: 401"
    key = {"X-API-Key": "key"}
    answer = client.post("/own/predict", json={"sensor_1": 1, "sensor_2": 1}, headers=key)
    assert answer.get_json(force=True) == {"class": [0.0]}
    assert client.post("/own/predict", json={}, headers=key).text == "own format: 422"
    drain._shared[0] = 1
    assert client.get("/own/health").text == "own format: 503"
    paths = enabled.prediction_paths(settings)
    assert paths is not None
    assert paths.fullmatch("/own/predict")
