"""The bridge alone, driven as gunicorn drives it: what it refuses, what it hands to the app."""

import weakref
from collections.abc import Iterator
from wsgiref.types import StartResponse, WSGIEnvironment
from wsgiref.validate import validator

import pytest

from service.api.environ import REFUSED
from service.operations import reading
from tests.asgi import LARGEST, Exchange, Recorder, ask, make_bridge, of_length, run, scope

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


def test_status_headers_and_body_arrive_as_asgi_wants_them() -> None:
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
    assert REFUSED not in app.environs[0]
    assert exchange.body == b""


def refused(headers: dict[str, str], exchange: Exchange, path: str = "/predict") -> int:
    """The status with which the app was told to refuse a request, of whose body it saw nothing."""
    app = Recorder()
    bridge = make_bridge(app, body_seconds=0.05)
    run(bridge(scope(headers.items(), path), exchange.receive, exchange.send))
    [environ] = app.environs
    assert (environ["CONTENT_LENGTH"], exchange.body) == ("0", b"")
    problem = environ[REFUSED]
    assert problem.description
    return int(problem.code)


LENGTH = {"content-length": str(LARGEST)}
CHUNKED = {"transfer-encoding": "chunked"}


def test_a_body_of_the_largest_size_is_taken() -> None:
    assert run(ask(make_bridge(Recorder()), b"x" * LARGEST)).body == b"x" * LARGEST


def test_a_length_over_the_limit_is_refused_before_the_body_is_asked_for() -> None:
    exchange = Exchange([b"x"])
    asked_for = exchange.receive

    async def receive() -> reading.Message:
        assert len(exchange.sent) == 2, "asking would make gunicorn send 100 Continue"
        return await asked_for()

    headers = {"content-length": str(LARGEST + 1), "expect": "100-continue"}
    app = Recorder()
    run(make_bridge(app)(scope(headers.items()), receive, exchange.send))
    assert app.environs[0][REFUSED].code == 413


def test_chunks_over_the_limit_are_refused_as_soon_as_they_are() -> None:
    exchange = Exchange([b"x" * LARGEST, b"x", b"never", b"read"], leaves=True)
    assert refused(CHUNKED, exchange) == 413


def test_a_body_that_ends_early_is_refused() -> None:
    assert refused(LENGTH, Exchange([b"x"], whole=False, leaves=True)) == 400


@pytest.mark.parametrize("chunks", [[], [b"x"]], ids=["nothing", "a part"])
@pytest.mark.parametrize("headers", [LENGTH, CHUNKED], ids=["length", "chunks"])
def test_a_body_that_does_not_come_is_refused(
    headers: dict[str, str], chunks: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "LINGER_SECONDS", 0.05)
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


class Kept:
    """Something that a request's environ holds, as its body."""


def test_a_request_is_forgotten_before_its_answer_is_read() -> None:
    """Clients may take long to read it, and a body may be large."""
    kept: list[weakref.ref[Kept]] = []
    alive: list[bool] = []

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        environ["kept"] = Kept()
        kept.append(weakref.ref(environ["kept"]))
        start_response("200 OK", [])
        return [b"told"]

    async def send(message: reading.Message) -> None:
        alive.append(kept[0]() is not None)

    exchange = Exchange([b"x"])
    run(make_bridge(app)(of_length(b"x"), exchange.receive, send))
    assert alive == [False, False]
