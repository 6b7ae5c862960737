"""What is taken for a plain request is what gunicorn takes it for; all else is left to it."""

import runpy
from wsgiref.types import WSGIEnvironment

import pytest
from gunicorn.asgi.parser import CallbackRequest, PythonProtocol
from hypothesis import given
from hypothesis import strategies as st

from service.server import fast_parser
from service.server.fast_parser import REQUEST_LINE, SimpleParser, size
from service.server.wsgi import build_environ
from tests.support.bad_bodies import EXAMPLE
from tests.support.raw import CHUNKED, CLOSE, LENGTH, post
from tests.support.serving import ROOT

PARSER = SimpleParser()
CONFIGURATION = runpy.run_path(str(ROOT / "gunicorn.conf.py"))
LIMITS = {name: limit for name, limit in CONFIGURATION.items() if name.startswith("limit_request_")}
SIZE = LENGTH % len(EXAMPLE)
GOOD = post(SIZE, EXAMPLE)
MOSTLY = 12  # of what may be plain, for each of two or three that is not
LINES = [
    *(b"Host: x", b"host: x:80", b"Host:", b"Content-Length: 2", b"content-length: 2"),
    *(b"Content-Length: 02", b"Content-Length: +2", b"Content-Length: 2, 2", b"Content-Length: 3"),
    *(b"Transfer-Encoding: chunked", b"transfer-encoding: identity", b"Transfer_Encoding: chunked"),
    *(b"Connection: keep-alive", b"Connection: Keep-Alive, close", b"connection: close", b"TE: x"),
    *(b"Expect: 100-continue", b"Upgrade: h2c", b"Connection: upgrade", b"HTTP2-Settings: x"),
    *(b"X-A: 1", b"X-A: 2", b"X_A: 1", b"X-A : 1", b"X-A:1", b"X-A:  1", b"X-A: 1 ", b" X-A: 1"),
    *(b"X-A: \xe9", b"X-A: \x00", b"X-A: \x0b", b"X-A: 1\nHost: y", b"X-A: 1\rHost: y", b"\tx: y"),
    *(b"Content-Type: application/json", b"Content-Type: text/csv", b": x", b"X-\xc3\xa9: 1"),
    *(b"X-Forwarded-Proto: https", b"Authorization: Bearer key", b"X-Long: " + b"x" * 4090),
]


def parsed(data: bytes) -> tuple[bytes, WSGIEnvironment] | None:
    """The body and the headers, as they are in a WSGI environ."""
    environ: WSGIEnvironment = {}
    body = PARSER.parse(data, environ)
    return None if body is None else (body, environ)


def environ_of(headers: list[tuple[bytes, bytes]]) -> WSGIEnvironment:
    """What gunicorn's headers are in a WSGI environ."""
    scope = {"method": "", "path": "", "query_string": b"", "http_version": ""}
    ends = {"scheme": "", "server": None, "client": None}
    whole, bare = (build_environ({**scope, **ends, "headers": h}) for h in (headers, []))
    return {name: value for name, value in whole.items() if name not in bare}


def gunicorns(data: bytes) -> tuple[CallbackRequest, list[tuple[bytes, bytes]], bytes]:
    """How gunicorn's parser reads one whole request."""
    body: list[bytes] = []
    parser = PythonProtocol(on_body=body.append, **LIMITS)
    parser.feed(data)
    assert parser.is_complete
    assert parser.should_keep_alive
    assert parser.remaining() == b""
    return CallbackRequest.from_parser(parser), parser.headers, b"".join(body)


@given(
    lines=st.lists(st.one_of(st.sampled_from(LINES), st.binary(max_size=12)), max_size=2).flatmap(
        lambda odd: st.permutations([b"Host: x", b"Content-Length: 2", *odd])
    ),
    end=st.sampled_from([*MOSTLY * [b"\r\n\r\n"], b"\n\n", b"\r\n\n"]),
    body=st.sampled_from([*MOSTLY * [b"{}"], b"", b"{}\r\n", b"{}POST /predict HTTP/1.1\r\n"]),
)
def test_gunicorn_reads_the_same(lines: list[bytes], end: bytes, body: bytes) -> None:
    data = REQUEST_LINE + b"\r\n".join(lines) + end + body
    read = parsed(data)
    if read is None:
        return
    ours, environ = read
    request, headers, theirs = gunicorns(data)
    assert ours == theirs
    assert size(data) == len(data)
    assert environ == environ_of(headers)
    assert (request.method, request.path, request.query) == ("POST", "/predict", "")
    assert request.version == (1, 1)
    assert not request.should_close()
    assert not request.may_upgrade()
    assert not request._expect_100_continue


@pytest.mark.parametrize(
    "data",
    [
        GOOD,
        post(SIZE + b"Connection: Keep-Alive\r\n", EXAMPLE),
        post(SIZE + b"X-Amzn-Trace-Id: Root=1-67891233-abcdef012345678912345678\r\n", EXAMPLE),
        post(SIZE + b"".join(b"X-%d: 1\r\n" % number for number in range(61)), EXAMPLE),
        post(SIZE + b"Authorization: Bearer " + b"x" * 3800 + b"\r\n", EXAMPLE),
    ],
)
def test_what_clients_and_load_balancers_send_is_simple(data: bytes) -> None:
    read = parsed(data)
    assert read
    body, environ = read
    assert body == EXAMPLE
    assert environ["CONTENT_TYPE"] == "application/json"
    assert size(data) == len(data)


@pytest.mark.parametrize(
    "data",
    {
        "half a head": GOOD[:40],
        "half a body": GOOD[:-1],
        "one more byte": GOOD + b" ",
        "two requests": GOOD + GOOD,
        "no length": post(b"", EXAMPLE),
        "two lengths": post(SIZE + SIZE, EXAMPLE),
        "in chunks": post(CHUNKED, b"0\r\n\r\n"),
        "in chunks, with a length": post(SIZE + CHUNKED, EXAMPLE),
        "the last one": post(SIZE + CLOSE, EXAMPLE),
        "expecting": post(SIZE + b"Expect: 100-continue\r\n", EXAMPLE),
        "upgrading": post(SIZE + b"Upgrade: h2c\r\nConnection: Upgrade\r\n", EXAMPLE),
        "naming a protocol": post(SIZE + b"Upgrade: h2c\r\n", EXAMPLE),
        "no host": REQUEST_LINE + SIZE + b"\r\n" + EXAMPLE,
        "a field on two lines": post(SIZE + b"X: 1\r\n 2\r\n", EXAMPLE),
        "a bare line feed": post(SIZE + b"X: 1\nY: 2\r\n", EXAMPLE),
        "beyond ASCII": post(SIZE + b"X: \xe9\r\n", EXAMPLE),
        "too many fields": post(SIZE + b"".join(b"X-%d: 1\r\n" % n for n in range(62)), EXAMPLE),
        "too long a head": post(SIZE + b"X: " + b"x" * 4096 + b"\r\n", EXAMPLE),
    }.values(),
)
def test_all_else_is_not(data: bytes) -> None:
    assert parsed(data) is None
    assert parsed(GOOD), "nothing of it is left in the parser"


def test_its_limits_are_within_gunicorns() -> None:
    assert LIMITS["limit_request_fields"] >= fast_parser.MAX_HEADERS
    assert LIMITS["limit_request_field_size"] >= fast_parser.MAX_HEAD_BYTES
