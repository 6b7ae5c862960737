"""Bodies up to the limit, and over it: taken, or refused in few words."""

import json
import select
import shutil
import subprocess
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from service.settings import Settings
from tests.support.bad_bodies import ANSWER, EXAMPLE
from tests.support.problems import assert_problem
from tests.support.raw import (
    CHUNKED,
    CLOSE,
    LENGTH,
    assert_still_serving,
    chunks,
    exchange,
    post,
    read_answer,
)
from tests.support.serving import Answer, Server

LIMIT = Settings().max_body_bytes
FULL = EXAMPLE.ljust(LIMIT)
TOO_FULL = EXAMPLE.ljust(LIMIT + 1)


def assert_too_large(answer: Answer | None) -> None:
    assert answer is not None
    assert answer.status == 413
    problem = assert_problem(413, answer.headers["content-type"], answer.body)
    assert str(LIMIT) in problem["detail"]
    assert answer.headers["connection"] == "close"


def test_a_body_at_the_limit_is_taken_and_one_over_it_is_not(
    client: FlaskClient, server: Server
) -> None:
    assert server.predict(FULL).body == ANSWER
    assert_too_large(server.predict(TOO_FULL))
    response = client.post("/predict", data=FULL, content_type="application/json")
    assert response.data == ANSWER
    response = client.post("/predict", data=TOO_FULL, content_type="application/json")
    assert_too_large(
        Answer(response.status_code, {k.lower(): v for k, v in response.headers}, response.data)
    )


@pytest.mark.parametrize("size", [65_536, 1000, LIMIT])
def test_a_chunked_body_at_the_limit_is_taken_and_one_over_it_is_not(
    server: Server, size: int
) -> None:
    taken = exchange(server, post(CHUNKED + CLOSE, chunks(FULL, size)))
    assert taken is not None
    assert (taken.status, taken.body) == (200, ANSWER)
    assert_too_large(exchange(server, post(CHUNKED, chunks(TOO_FULL, size))))
    assert_still_serving(server)


@pytest.mark.parametrize("size", [1, 2, 7, len(EXAMPLE) - 1, len(EXAMPLE)])
def test_chunks_may_be_cut_anywhere(server: Server, size: int) -> None:
    answer = exchange(server, post(CHUNKED + CLOSE, chunks(EXAMPLE, size)))
    assert answer is not None
    assert (answer.status, answer.body) == (200, ANSWER)


def test_a_length_over_the_limit_is_refused_before_the_body_is_sent(server: Server) -> None:
    with server.connect() as connection:
        connection.sendall(post(LENGTH % (LIMIT + 1) + b"Expect: 100-continue\r\n"))
        assert connection.recv(12) == b"HTTP/1.1 413"


def test_a_body_within_the_limit_is_requested(server: Server) -> None:
    with server.connect() as connection:
        headers = LENGTH % len(EXAMPLE) + CLOSE + b"Expect: 100-Continue\r\n"
        connection.sendall(post(headers))
        assert connection.recv(1024) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(EXAMPLE)
        answer = read_answer(connection)
    assert answer is not None
    assert (answer.status, answer.body) == (200, ANSWER)


def test_a_client_that_continues_to_send_small_chunks_is_not_disconnected(server: Server) -> None:
    with server.connect() as connection:
        connection.sendall(post(CHUNKED, b"%x\r\n%s\r\n" % (len(TOO_FULL), TOO_FULL)))
        assert_too_large(read_answer(connection))
        connection.sendall(b"1\r\nx\r\n" * 5000)
        closed, _, _ = select.select([connection], [], [], 0.5)
        assert not closed
        connection.sendall(b"0\r\n\r\n")
    assert_still_serving(server)


@pytest.mark.parametrize("headers", [[], ["Expect:"], ["Transfer-Encoding: chunked"]])
def test_curl_gets_the_refusal_of_five_megabytes(
    server: Server, tmp_path: Path, headers: list[str]
) -> None:
    if not shutil.which("curl"):
        pytest.skip("curl is not installed")
    (tmp_path / "body").write_bytes(b" " * 5_000_000)
    options = ["--data-binary", f"@{tmp_path / 'body'}", "-H", "Content-Type: application/json"]
    for header in headers:
        options += ["-H", header]
    url = f"http://127.0.0.1:{server.port}/predict"
    command = ["curl", "-q", "--silent", "--noproxy", "*", "--max-time", "20", *options, url]
    problem = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    assert problem["status"] == 413
    assert_still_serving(server)
