"""How much work a request is, in calls: a number that no other work on the machine changes."""

import cProfile
import pstats
from collections.abc import Callable

import orjson
from flask import Flask

from service.server.wsgi import Response, build_environ, run_wsgi, set_body
from tests.support.asgi import scope
from tests.support.bad_bodies import EXAMPLE

TIMES = 50
OF_ONE_PREDICTION = 300  # 244 were counted
OF_ONE_LOOK = 430  # 364, of which Flask and Werkzeug make most
FOR_EACH_ROW = 0.1  # columns are checked whole: nothing is called for each value


def calls(ask: Callable[[], Response]) -> float:
    """How many functions one request calls, once everything is warm."""
    for _ in range(3):
        assert ask()[0] == 200
    profile = cProfile.Profile()
    profile.enable()
    for _ in range(TIMES):
        ask()
    profile.disable()
    counted: int = pstats.Stats(profile).total_calls  # type: ignore[attr-defined]
    return counted / TIMES


def post(app: Flask, body: bytes) -> Callable[[], Response]:
    def ask() -> Response:
        environ = build_environ(scope([("content-type", "application/json")]))
        set_body(environ, body)
        return run_wsgi(app, environ)

    return ask


def look(app: Flask) -> Response:
    environ = build_environ({**scope(path="/health/live"), "method": "GET"})
    set_body(environ, b"")
    return run_wsgi(app, environ)


def test_a_prediction_calls_no_more_than_it_did(app: Flask) -> None:
    assert calls(post(app, EXAMPLE)) < OF_ONE_PREDICTION
    assert calls(lambda: look(app)) < OF_ONE_LOOK


def test_ten_thousand_rows_are_checked_without_a_call_for_each(app: Flask) -> None:
    rows = 10_000
    body = orjson.dumps({"sensor_1": [1.5] * rows, "sensor_2": [0.5] * rows})
    assert calls(post(app, body)) < OF_ONE_PREDICTION + FOR_EACH_ROW * rows
