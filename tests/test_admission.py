"""Admission: a bounded wait, then 503; a deadline, then 504; health never waits."""

import asyncio
import threading
from functools import partial
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest

from service.api.problems import Problem
from service.api.request_state import state_of
from service.server.asgi_app import ASGIApp
from tests.support.asgi import TIMEOUT_SECONDS, Recorder, ask, make_bridge, run
from tests.support.problems import assert_problem

BODY = b"body"


def seconds(expected: float, size: int) -> float:
    """The same for every body."""
    return expected


class Gate:
    """A WSGI app that blocks a request until it is opened, and never gets a rejected one."""

    def __init__(self) -> None:
        self.opened = threading.Event()
        self.entered = threading.Event()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        if error := state_of(environ).error:
            assert isinstance(error, Problem)
            start_response(f"{error.code} Refused", [])
        else:
            self.entered.set()
            if environ["CONTENT_LENGTH"] != "0":
                assert self.opened.wait(TIMEOUT_SECONDS)
            start_response("200 OK", [])
        return []


def slow(app: Gate, queue_seconds: float) -> ASGIApp:
    return make_bridge(app, lambda size: 1.0, queue_seconds=queue_seconds)


def test_a_slow_one_that_waits_too_long_gets_retry_after() -> None:
    async def scene() -> None:
        app = Gate()
        bridge = slow(app, queue_seconds=0.02)
        first = asyncio.create_task(ask(bridge, BODY))
        assert await asyncio.to_thread(app.entered.wait, TIMEOUT_SECONDS)
        refused = await ask(bridge, BODY)
        assert refused.status == 503
        problem = assert_problem(503, refused.headers["content-type"], refused.body)
        assert problem["detail"] == "too many predictions at once"
        assert refused.headers["retry-after"] in {"1", "2", "3"}
        app.opened.set()
        assert (await first).status == 200
        assert (await ask(bridge, BODY)).status == 200, "the gate is open again"

    run(scene())


def test_the_gate_stays_shut_while_a_client_that_left_is_computed_for() -> None:
    async def scene() -> None:
        app = Gate()
        bridge = slow(app, queue_seconds=0.02)
        first = asyncio.create_task(ask(bridge, BODY))
        assert await asyncio.to_thread(app.entered.wait, TIMEOUT_SECONDS)
        first.cancel()
        await asyncio.wait([first])
        second = asyncio.create_task(ask(bridge, BODY))
        await asyncio.wait([second], timeout=1)
        app.opened.set()
        assert (await second).status == 503
        assert (await ask(slow(app, queue_seconds=5), BODY)).status == 200

    run(scene())


def test_clients_are_sent_away_for_different_times() -> None:
    async def scene() -> None:
        app = Gate()
        bridge = slow(app, queue_seconds=0.001)
        first = asyncio.create_task(ask(bridge, BODY))
        assert await asyncio.to_thread(app.entered.wait, TIMEOUT_SECONDS)
        refused = [await ask(bridge, BODY) for _ in range(40)]
        app.opened.set()
        await first
        assert {answer.headers["retry-after"] for answer in refused} == {"1", "2", "3"}

    run(scene())


def test_health_is_answered_while_the_gate_is_shut() -> None:
    async def scene() -> None:
        app = Gate()
        bridge = slow(app, queue_seconds=0.02)
        first = asyncio.create_task(ask(bridge, BODY))
        assert await asyncio.to_thread(app.entered.wait, TIMEOUT_SECONDS)
        assert (await ask(bridge, b"")).status == 200
        app.opened.set()
        await first

    run(scene())


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/health"), ("PUT", "/predict"), ("POST", "/nowhere")]
)
def test_what_is_no_prediction_never_waits_even_if_it_has_a_body(method: str, path: str) -> None:
    async def scene() -> None:
        app, hurry = Recorder(), {"x-request-timeout-ms": "0"}
        for expected in (0.0, 1.0):
            bridge = make_bridge(app, partial(seconds, expected))
            answer = await ask(bridge, BODY, hurry, method=method, path=path)
            assert (answer.status, answer.body) == (200, BODY)
            assert state_of(app.environs[-1]).queue_seconds is None

    run(scene())


@pytest.mark.parametrize(
    ("asked", "status"),
    [("0", 504), ("60000", 200), ("abc", 400), ("-1", 400), ("1e3", 400), ("", 400)],
)
@pytest.mark.parametrize("expected", [0.0, 1.0], ids=["quick", "slow"])
def test_a_client_may_set_an_earlier_deadline(asked: str, status: int, expected: float) -> None:
    async def scene() -> int:
        app = Gate()
        app.opened.set()
        bridge = make_bridge(app, partial(seconds, expected))
        return (await ask(bridge, BODY, {"x-request-timeout-ms": asked})).status

    assert run(scene()) == status


def test_a_client_cannot_set_a_later_deadline() -> None:
    async def scene() -> None:
        app = Gate()
        bridge = make_bridge(app, lambda size: 1.0, deadline_seconds=0.001)
        first = asyncio.create_task(ask(bridge, BODY))
        assert await asyncio.to_thread(app.entered.wait, TIMEOUT_SECONDS)
        second = asyncio.create_task(ask(bridge, BODY, {"x-request-timeout-ms": "60000"}))
        await asyncio.sleep(0.01)
        app.opened.set()
        assert [(await first).status, (await second).status] == [200, 504]

    run(scene())
