"""Predictions without Flask's dispatch: the same answers, to the byte, as with it."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import pytest
from flask import Flask

from service.api import parse
from service.app import create_app
from service.model.predictor import Predictor
from service.protocols import registry
from service.server.wsgi import Response, build_environ, run_wsgi, set_body
from service.settings import Settings
from tests.support.asgi import scope
from tests.support.bad_bodies import ANSWER, EXAMPLE, NAMES, Bad
from tests.support.packed import client_of

JSON = {"content-type": "application/json"}
ID = {"x-request-id": "mine-1"}
FORMS = {
    "columns": EXAMPLE,
    "lists in strings": b'{"sensor_1": "[1,2.0,3]", "sensor_2": "[1,-1,0]"}',
    "one row": b'{"sensor_1": 1, "sensor_2": 1}',
    "instances": b'{"instances": [[1, 1], [2, -1]]}',
    "a key that is there twice": b'{"sensor_1": 1, "sensor_2": 1, "sensor_2": 2}',
    "columns of different length": b'{"sensor_1": [1, 2], "sensor_2": [1]}',
    "a number beyond float64": b'{"sensor_1": 1e999, "sensor_2": 1}',
    "no rows": b'{"sensor_1": [], "sensor_2": []}',
    "blanks": b" \n ",
    "no JSON": b"canary",
    "no UTF-8": b"\xff",
}


def ask(app: Flask, body: bytes, headers: Mapping[str, str], **line: str) -> Response:
    """Ask as the bridge does."""
    environ = build_environ({**scope(headers.items()), "method": "POST"})
    environ.update(line)
    set_body(environ, body)
    return run_wsgi(app, environ)


def ask_flask(app: Flask, body: bytes) -> Response:
    """Send a request as another WSGI server does, with an unread body: Flask handles it."""
    answer = app.test_client().post("/predict", data=body, headers={**JSON, **ID})
    headers = [(name.lower().encode(), value.encode()) for name, value in answer.headers]
    return answer.status_code, headers, answer.data


@pytest.mark.parametrize("body", FORMS.values(), ids=FORMS)
def test_both_ways_give_the_same_answer(app: Flask, body: bytes) -> None:
    status, headers, content = ask(app, body, {**JSON, **ID})
    other = ask_flask(app, body)
    assert (status, sorted(headers), content) == (other[0], sorted(other[1]), other[2])


@pytest.mark.parametrize("case", NAMES.values(), ids=NAMES)
def test_both_ways_refuse_the_same(app: Flask, case: Bad) -> None:
    assert ask(app, case.body, {**JSON, **ID})[2] == ask_flask(app, case.body)[2]


@pytest.mark.parametrize(
    "body",
    [*FORMS.values(), *(case.body for case in NAMES.values())],
    ids=[*FORMS, *NAMES],
)
def test_other_protocols_and_their_settings_change_no_byte_of_predict(body: bytes) -> None:
    alone = client_of("sensors")
    beside = client_of("sensors", *registry.NAMES, oip_outputs=("predict",))
    answers = [one.post("/predict", data=body, headers={**JSON, **ID}) for one in (alone, beside)]
    first, second = ((one.status_code, list(one.headers), one.data) for one in answers)
    assert first == second


def test_a_prediction_does_not_pass_flask(predictor: Predictor) -> None:
    app = create_app(Settings(), predictor)
    passed = []
    app.before_request(lambda: passed.append(1))
    assert ask(app, EXAMPLE, JSON)[::2] == (200, ANSWER)
    assert not passed
    assert ask(app, EXAMPLE, JSON, QUERY_STRING="probabilities=true")[0] == 200
    assert ask(app, b"sensor_1,sensor_2\n1,1\n", {"content-type": "text/csv"})[0] == 200
    assert len(passed) == 2


def test_what_is_refused_is_read_only_once(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    read = []
    parse_json = parse.parse_json

    def counting(text: str, most: parse.PayloadLimits) -> Any:
        read.append(text)
        return parse_json(text, most)

    monkeypatch.setattr(parse, "parse_json", counting)
    assert ask(app, b'{"sensor_1": 1}', JSON)[0] == 422
    assert len(read) == 1


def test_a_crash_is_a_problem_and_is_logged(
    predictor: Predictor, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(Predictor):
        def predict(self, *_: object) -> dict[str, object]:
            raise MemoryError("canary")

    app = create_app(Settings(), Broken(predictor.manifest, predictor.engine))
    status, _, content = ask(app, EXAMPLE, JSON)
    assert status == 500
    assert b"canary" not in content
    assert json.loads(content)["status"] == 500
    assert "canary" in caplog.text


def test_it_needs_a_key_as_always(predictor: Predictor) -> None:
    key = hashlib.sha256(b"key").hexdigest()
    app = create_app(Settings(api_keys=(key,)), predictor)
    assert ask(app, EXAMPLE, JSON)[0] == 401
    assert ask(app, EXAMPLE, {**JSON, "x-api-key": "another"})[0] == 401
    assert ask(app, EXAMPLE, {**JSON, "x-api-key": "key"})[0] == 200


def test_the_metrics_port_predicts_nothing(app: Flask) -> None:
    port = str(Settings().metrics_port)
    assert ask(app, EXAMPLE, JSON, SERVER_PORT=port)[0] == 404
