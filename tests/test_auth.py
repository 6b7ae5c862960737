"""Keys: without one nothing but health answers, whatever is sent in its place."""

import hashlib
from collections.abc import Sequence
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from service.__main__ import main
from service.api.request_state import state_of
from service.app import create_app
from service.middleware.auth import AccessControl, matching_names
from service.model.predictor import Predictor
from service.settings import Settings
from slipway.serving import new_key
from tests.support.asgi import ask, run
from tests.support.problems import assert_problem
from tests.support.sharing import QUICK, bridged

KEY, OLD = "correct-horse", "battery-staple"
EXAMPLE = {"sensor_1": 1, "sensor_2": 1}
PATHS = [("POST", "/predict"), ("GET", "/model"), ("GET", "/nowhere"), ("OPTIONS", "/predict")]


def digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


@pytest.fixture
def locked(predictor: Predictor) -> FlaskClient:
    settings = Settings(api_keys=(digest(OLD), digest(KEY)))
    return create_app(settings, predictor).test_client()


@pytest.mark.parametrize("key", [KEY, OLD])
@pytest.mark.parametrize("header", ["bearer", "own"])
def test_either_key_opens_in_either_header(locked: FlaskClient, key: str, header: str) -> None:
    headers = {"Authorization": f"Bearer {key}"} if header == "bearer" else {"X-API-Key": key}
    assert locked.post("/predict", json=EXAMPLE, headers=headers).status_code == 200
    assert locked.get("/model", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-API-Key": ""},
        {"X-API-Key": KEY + "x"},
        {"X-API-Key": KEY[:-1]},
        {"X-API-Key": digest(KEY)},
        {"X-API-Key": "é"},
        {"X-API-Key": "k" * 8000},
        {"X-API-Key": f"{KEY},{OLD}"},
        {"Authorization": KEY},
        {"Authorization": f"Basic {KEY}"},
        {"Authorization": f"AWS4-HMAC-SHA256 {KEY}"},
        {"Authorization": "Bearer"},
        {"Authorization": f"Bearer  {KEY}"},
        {"Authorization": f"Bearer {KEY}", "X-API-Key": KEY},
    ],
    ids=str,
)
@pytest.mark.parametrize(("method", "path"), PATHS)
def test_anything_else_does_not(
    locked: FlaskClient, headers: dict[str, str], method: str, path: str
) -> None:
    response = locked.open(path, method=method, headers=headers)
    assert response.status_code == 401
    problem = assert_problem(401, response.content_type, response.data)
    assert response.headers["WWW-Authenticate"] == "Bearer"
    del problem["request_id"]
    assert problem == {
        "type": "about:blank",
        "title": "Unauthorized",
        "status": 401,
        "detail": "this needs a key: send Authorization: Bearer KEY, or X-API-Key: KEY",
    }


def test_a_key_in_the_query_does_not(locked: FlaskClient) -> None:
    assert locked.get(f"/model?key={KEY}&X-API-Key={KEY}").status_code == 401


@pytest.mark.parametrize("path", ["/health", "/health/live"])
def test_health_needs_no_key(locked: FlaskClient, path: str) -> None:
    assert locked.get(path).status_code == 200


def test_without_keys_all_is_open(app: Flask) -> None:
    assert app.test_client().get("/model").status_code == 200


def test_an_empty_key_is_none_even_if_its_digest_is_configured() -> None:
    assert not matching_names("", [(None, hashlib.sha256(b"").digest())])


def test_a_key_s_name_is_noted_and_none_for_one_without(predictor: Predictor) -> None:
    access = AccessControl([f"mobile:{digest(KEY)}", digest(OLD), f"mobile:{digest('third')}"])
    for key, name in ((KEY, "mobile"), (OLD, None), ("third", "mobile")):
        environ: dict[str, Any] = {"HTTP_X_API_KEY": key}
        for _ in range(2):
            assert access.is_allowed(environ)
            assert state_of(environ).api_key_name == name
    unknown: dict[str, Any] = {"HTTP_X_API_KEY": "fourth"}
    assert not access.is_allowed(unknown)
    assert state_of(unknown).api_key_name is None


def test_a_key_is_hashed_once_for_a_request(
    predictor: Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed = []

    def counting(key: str, known: Sequence[tuple[str | None, bytes]]) -> list[str | None]:
        hashed.append(key)
        return matching_names(key, known)

    monkeypatch.setattr("service.middleware.auth.matching_names", counting)
    app = bridged(predictor, QUICK, api_keys=(digest(KEY),))
    wanted = {
        200: (b'{"sensor_1": 1, "sensor_2": 1}', "application/json", KEY),
        422: (b'{"sensor_1": 1}', "application/json", KEY),
        400: (b"{", "application/json", KEY),
        415: (b"1", "text/html", KEY),
        401: (b'{"sensor_1": 1, "sensor_2": 1}', "application/json", "another"),
    }
    for status, (body, kind, key) in wanted.items():
        answer = run(ask(app, body, {"content-type": kind, "x-api-key": key}))
        assert (answer.status, hashed) == (status, [key])
        hashed.clear()


def test_a_new_key_opens_what_its_digest_locks(predictor: Predictor) -> None:
    key, made = (line.split()[-1] for line in new_key().splitlines())
    client = create_app(Settings(api_keys=(made,)), predictor).test_client()
    assert client.get("/model", headers={"X-API-Key": key}).status_code == 200
    assert len(key) >= 43
    assert new_key() != new_key()


def test_a_new_key_may_have_a_name(
    predictor: Predictor, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["key", "mobile"]) == 0
    key, made = (line.split()[-1] for line in capsys.readouterr().out.splitlines())
    assert made == f"mobile:{digest(key)}"
    client = create_app(Settings.from_environment({"SERVICE_API_KEYS": made}), predictor)
    assert client.test_client().get("/model", headers={"X-API-Key": key}).status_code == 200


@pytest.mark.parametrize("name", ["", "a:b", "a,b", "a b", "é", "a" * 65])
def test_a_name_that_no_setting_could_hold_is_refused(name: str) -> None:
    assert main(["key", name]) == 2


@pytest.mark.parametrize("path", ["/predict", "/health", "/model", "/nowhere"])
def test_every_answer_has_the_headers_of_a_careful_server(client: FlaskClient, path: str) -> None:
    response = client.get(path)
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert not [name for name, _ in response.headers if name.startswith("Access-Control")]
    assert "Set-Cookie" not in response.headers
