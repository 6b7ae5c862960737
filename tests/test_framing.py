"""Requests that are no proper HTTP, or lean on its edges: one clear answer or none, never a 5xx."""

import re

import pytest

from tests.support.bad_bodies import ANSWER, EXAMPLE
from tests.support.bad_requests import REFUSED_BY_GUNICORN, REFUSED_BY_THE_APP
from tests.support.problems import assert_problem
from tests.support.raw import (
    CHUNKED,
    CLOSE,
    LENGTH,
    assert_still_serving,
    chunks,
    exchange,
    get,
    post,
    read_all,
    statuses,
)
from tests.support.serving import Server

GOOD = post(LENGTH % len(EXAMPLE), EXAMPLE)
LAST = post(LENGTH % len(EXAMPLE) + CLOSE, EXAMPLE)


@pytest.mark.parametrize(
    ("status", "request_bytes"), REFUSED_BY_GUNICORN.values(), ids=REFUSED_BY_GUNICORN
)
def test_what_is_no_proper_request_is_refused(
    server: Server, status: int, request_bytes: bytes
) -> None:
    answer = exchange(server, request_bytes)
    assert answer is not None
    assert answer.status == status
    assert len(answer.body) < 100
    assert_still_serving(server)


@pytest.mark.parametrize(
    ("status", "request_bytes"), REFUSED_BY_THE_APP.values(), ids=REFUSED_BY_THE_APP
)
def test_what_has_no_place_here_gets_a_problem(
    server: Server, status: int, request_bytes: bytes
) -> None:
    answer = exchange(server, request_bytes)
    assert answer is not None
    assert answer.status == status
    assert_problem(status, answer.headers["content-type"], answer.body)
    if status == 405:
        assert answer.headers["allow"] == "OPTIONS, POST"
    assert_still_serving(server)


def test_an_unknown_transfer_coding_is_the_one_5xx_that_gunicorn_gives(server: Server) -> None:
    answer = exchange(server, post(b"Transfer-Encoding: something\r\n", b"{}"))
    assert answer is not None
    assert answer.status == 501  # as in RFC 9112, section 6.1; the app is not called
    assert_still_serving(server)


@pytest.mark.parametrize(
    "request_bytes",
    [
        post(LENGTH % 500, EXAMPLE),
        post(LENGTH % (len(EXAMPLE) + 1), EXAMPLE),
        post(CHUNKED, chunks(EXAMPLE, 10)[:-1]),
        post(CHUNKED, chunks(EXAMPLE, 10)[:-5]),
        post(CHUNKED, chunks(EXAMPLE, 10)[:20]),
        post(LENGTH % 500),
        GOOD[:100],
        b"",
    ],
)
def test_what_ends_early_gets_no_prediction(server: Server, request_bytes: bytes) -> None:
    answer = exchange(server, request_bytes, half_close=True)
    assert answer is None or answer.status == 400
    assert_still_serving(server)


def test_pipelined_requests_are_answered_in_their_order(server: Server) -> None:
    other = post(CHUNKED, chunks(b'{"sensor_1": 1, "sensor_2": 1}', 3))
    with server.connect() as connection:
        connection.sendall(GOOD + other + get(b"/nowhere").replace(CLOSE, b"") + LAST)
        stream = read_all(connection)
    assert statuses(stream) == [200, 200, 404, 200]
    assert re.findall(rb'{"class": [^}]*}', stream) == [ANSWER, b'{"class": [0.0]}', ANSWER]


def test_garbage_behind_a_request_is_not_taken_for_one(server: Server) -> None:
    for garbage in (b"garbage\r\n\r\n", b"}\r\n\r\n", b"0\r\n\r\n", b"\0" * 100 + b"\r\n"):
        with server.connect() as connection:
            connection.sendall(GOOD + garbage)
            stream = read_all(connection)
        assert statuses(stream) == [200, 400]
        assert stream.count(ANSWER) == 1


def test_a_request_hidden_in_a_body_is_not_answered(server: Server) -> None:
    for hidden in (LAST, get(b"/health")):
        with server.connect() as connection:
            connection.sendall(post(LENGTH % len(hidden) + CLOSE, hidden))
            assert statuses(read_all(connection)) == [400]


def test_a_refused_body_is_not_taken_for_the_next_request(server: Server) -> None:
    with server.connect() as connection:
        connection.sendall(post(LENGTH % 10**9, LAST))
        assert statuses(read_all(connection)) == [413]


def test_head_has_no_body(server: Server) -> None:
    with server.connect() as connection:
        connection.sendall(get(b"/health", method=b"HEAD"))
        head, body = read_all(connection).split(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert body == b""


def test_http_1_0_is_answered_and_closed(server: Server) -> None:
    with_host = GOOD.replace(b"HTTP/1.1", b"HTTP/1.0")
    for request_bytes in (with_host, with_host.replace(b"Host: localhost\r\n", b"")):
        with server.connect() as connection:
            connection.sendall(request_bytes)
            stream = read_all(connection)
        assert stream.split(b"\r\n\r\n")[1] == ANSWER
