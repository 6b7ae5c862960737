"""The ASGI app alone, driven as gunicorn drives it: what it refuses, what it passes to Flask."""

import asyncio
import hashlib
import weakref
from collections.abc import Iterator
from wsgiref.types import StartResponse, WSGIEnvironment
from wsgiref.validate import validator

import pytest

from service.api.problems import Problem
from service.api.request_state import state_of
from service.middleware.auth import AccessControl
from service.protocols import enabled as protocols
from service.server import request_body
from service.server.asgi_app import ASGIApp
from service.settings import Settings
from tests.support.asgi import LARGEST, Exchange, Recorder, ask, make_bridge, of_length, run, scope

HEADERS = [
    ("host", "localhost:8080"),
    ("content-type", "text/csv"),
    ("x-note", "one"),
    ("x-note", "two"),
    ("accept-language", "d\xe9"),
    ("transfer-encoding", "chunked"),
]


def test_the_environ_is_what_pep_3333_wants() -> None:
    app = Recorder()
    exchange = Exchange([b"sens", b"or_1"])
    head = scope(HEADERS, path="/caf\u00e9 au lait", query=b"a=%C3%A9&b")
    run(make_bridge(app)(head, exchange.receive, exchange.send))
    [environ] = app.environs
    kept = {name: value for name, value in environ.items() if "." not in name}
    assert kept == {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/caf\xc3\xa9 au lait",
        "QUERY_STRING": "a=%C3%A9&b",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8080",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_LENGTH": "8",
        "CONTENT_TYPE": "text/csv",
        "HTTP_HOST": "localhost:8080",
        "HTTP_X_NOTE": "one,two",
        "HTTP_ACCEPT_LANGUAGE": "d\xe9",
    }
    assert environ["wsgi.version"] == (1, 0)
    assert environ["wsgi.url_scheme"] == "http"
    assert exchange.body == b"sensor_1"


def test_status_headers_and_body_have_the_form_of_asgi() -> None:
    exchange = run(ask(make_bridge(Recorder()), b"hello"))
    assert exchange.sent == [
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [(b"content-type", b"text/plain"), (b"x-twice", b"1")],
        },
        {"type": "http.response.body", "body": b"hello"},
    ]


@pytest.mark.parametrize("framing", [("content-length", "10"), ("transfer-encoding", "chunked")])
def test_the_standard_library_s_validator_finds_no_fault(framing: tuple[str, str]) -> None:
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
        start_response("201 Created", [("Content-Type", "text/plain")])
        yield environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        yield b"!"

    exchange = Exchange([b"0123456", b"789"])
    bridge = make_bridge(validator(app))
    run(bridge(scope([framing]), exchange.receive, exchange.send))
    assert (exchange.status, exchange.body) == (201, b"0123456789!")


class Closing:
    """What a WSGI app may return: pieces, and something to do at the end."""

    def __init__(self, *pieces: bytes | Exception) -> None:
        self.pieces = pieces
        self.closed = 0

    def __call__(self, _: WSGIEnvironment, start_response: StartResponse) -> "Closing":
        start_response("200 OK", [])
        return self

    def __iter__(self) -> Iterator[bytes]:
        for piece in self.pieces:
            if isinstance(piece, Exception):
                raise piece
            yield piece

    def close(self) -> None:
        self.closed += 1


def test_what_an_app_returns_is_closed() -> None:
    app = Closing(b"a", b"", b"b")
    assert run(ask(make_bridge(app))).body == b"ab"
    assert app.closed == 1


def test_what_an_app_returns_is_closed_even_if_it_fails_midway() -> None:
    app = Closing(b"a", RuntimeError("midway"))
    with pytest.raises(RuntimeError, match="midway"):
        run(ask(make_bridge(app)))
    assert app.closed == 1


def test_a_request_without_a_body_is_not_waited_for() -> None:
    app, exchange = Recorder(), Exchange(leaves=True)
    run(make_bridge(app)(scope(), exchange.receive, exchange.send))
    assert app.environs[0]["CONTENT_LENGTH"] == "0"
    assert state_of(app.environs[0]).error is None
    assert exchange.body == b""


def refused(headers: dict[str, str], exchange: Exchange, path: str = "/predict") -> int:
    """The status with which the app refuses a request without seeing its body."""
    app = Recorder()
    bridge = make_bridge(app, body_seconds=0.05)
    run(bridge(scope(headers.items(), path), exchange.receive, exchange.send))
    [environ] = app.environs
    assert (environ["CONTENT_LENGTH"], exchange.body) == ("0", b"")
    error = state_of(environ).error
    assert isinstance(error, Problem)
    assert error.description
    assert error.code
    return error.code


LENGTH = {"content-length": str(LARGEST)}
CHUNKED = {"transfer-encoding": "chunked"}


def test_a_body_of_the_largest_size_is_taken() -> None:
    assert run(ask(make_bridge(Recorder()), b"x" * LARGEST)).body == b"x" * LARGEST


def test_a_length_over_the_limit_is_refused_before_the_body_is_read() -> None:
    exchange = Exchange([b"x"])
    asked_for = exchange.receive

    async def receive() -> request_body.Message:
        assert len(exchange.sent) == 2, "asking would make gunicorn send 100 Continue"
        return await asked_for()

    headers = {"content-length": str(LARGEST + 1), "expect": "100-continue"}
    app = Recorder()
    run(make_bridge(app)(scope(headers.items()), receive, exchange.send))
    error = state_of(app.environs[0]).error
    assert isinstance(error, Problem)
    assert error.code == 413


def test_chunks_over_the_limit_are_refused_as_soon_as_they_are() -> None:
    exchange = Exchange([b"x" * LARGEST, b"x", b"never", b"read"], leaves=True)
    assert refused(CHUNKED, exchange) == 413


def test_a_body_that_ends_early_is_refused() -> None:
    assert refused(LENGTH, Exchange([b"x"], whole=False, leaves=True)) == 400


@pytest.mark.parametrize("chunks", [[], [b"x"]], ids=["nothing", "a part"])
@pytest.mark.parametrize("headers", [LENGTH, CHUNKED], ids=["length", "chunks"])
def test_a_body_that_does_not_arrive_is_refused(
    headers: dict[str, str], chunks: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_body, "LINGER_SECONDS", 0.05)
    assert refused(headers, Exchange(chunks, whole=False)) == 408


@pytest.mark.parametrize("path", ["//predict", "///", "*", "ftp://localhost/predict", ""])
def test_an_address_that_flask_would_bend_is_refused(path: str) -> None:
    assert refused(LENGTH, Exchange([b"x"]), path) == 404


def test_an_expectation_but_100_continue_is_refused() -> None:
    assert refused({**LENGTH, "expect": "something"}, Exchange([b"x"])) == 417
    assert run(ask(make_bridge(Recorder()), b"x")).status == 200


def test_after_a_refusal_the_rest_of_the_body_is_read() -> None:
    exchange = Exchange([b"x" * (LARGEST + 1)] + [b"x"] * 5000)
    assert refused(CHUNKED, exchange) == 413
    assert exchange.received == 5001


def scheduled(app: ASGIApp, **line: str) -> bool:
    """Whether a request with this line and these headers is scheduled as a prediction."""
    environ = {"REQUEST_METHOD": "POST", "PATH_INFO": "/predict", **line}
    return app.is_prediction(environ)


def test_only_what_will_reach_the_model_is_scheduled() -> None:
    app = make_bridge(Recorder())
    assert scheduled(app)
    assert not scheduled(app, PATH_INFO="/elsewhere")
    assert not scheduled(app, REQUEST_METHOD="PUT")


def test_a_prediction_in_another_protocol_is_scheduled_too() -> None:
    app, path = make_bridge(Recorder()), "/2015-03-31/functions/any/invocations"
    assert not scheduled(app, PATH_INFO=path)
    app.other_predictions = protocols.prediction_paths(Settings())
    assert scheduled(app, PATH_INFO=path)
    assert not scheduled(app, PATH_INFO=path + "/")


def test_a_request_without_a_valid_key_is_not_scheduled() -> None:
    app = make_bridge(Recorder())
    app.access = AccessControl([hashlib.sha256(b"key").hexdigest()])
    assert not scheduled(app)
    assert not scheduled(app, HTTP_X_API_KEY="another")
    assert scheduled(app, HTTP_X_API_KEY="key")


def test_a_websocket_is_refused() -> None:
    exchange = Exchange()
    run(make_bridge(Recorder())({"type": "websocket"}, exchange.receive, exchange.send))
    assert exchange.sent == [{"type": "websocket.close"}]


def test_an_app_that_fails_is_left_to_gunicorn() -> None:
    def app(_: WSGIEnvironment, __: StartResponse) -> list[bytes]:
        raise RuntimeError("at once")

    exchange = Exchange([b"x"])
    with pytest.raises(RuntimeError, match="at once"):
        run(make_bridge(app)(of_length(b"x"), exchange.receive, exchange.send))
    assert exchange.sent == []


def test_a_request_that_the_server_cancels_within_its_body_is_not_answered() -> None:
    """As gunicorn does when the client leaves."""
    exchange = Exchange([b"x"], whole=False)

    async def scene() -> None:
        app = make_bridge(Recorder(), body_seconds=30)
        task = asyncio.create_task(app(of_length(b"xx"), exchange.receive, exchange.send))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(scene())
    assert exchange.sent == []


def test_after_a_body_that_is_late_the_task_is_no_longer_cancelled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(request_body, "LINGER_SECONDS", 0.05)
    exchange = Exchange([b"x"], whole=False)

    async def scene() -> int:
        task = asyncio.current_task()
        assert task
        app = make_bridge(Recorder(), body_seconds=0.05)
        await app(of_length(b"xx"), exchange.receive, exchange.send)
        await asyncio.sleep(0)
        return task.cancelling()

    assert run(scene()) == 0
    assert exchange.sent


class Kept:
    """Something that a request's environ holds, as its body."""


def test_the_memory_of_a_request_is_freed_before_its_response_is_read() -> None:
    """Clients may take long to read it, and a body may be large."""
    kept: list[weakref.ref[Kept]] = []
    alive: list[bool] = []

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        environ["kept"] = Kept()
        kept.append(weakref.ref(environ["kept"]))
        start_response("200 OK", [])
        return [b"answer"]

    async def send(message: request_body.Message) -> None:
        alive.append(kept[0]() is not None)

    exchange = Exchange([b"x"])
    run(make_bridge(app)(of_length(b"x"), exchange.receive, send))
    assert alive == [False, False]
