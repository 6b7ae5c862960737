"""Simple predictions are queued unparsed; what they get is what gunicorn's parser leads to."""

import hashlib
import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.bad_bodies import ANSWER, EXAMPLE
from tests.support.flood import MANY, burst
from tests.support.problems import assert_problem
from tests.support.raw import CLOSE, LENGTH, an_answer, exchange, get, post, read_all, statuses
from tests.support.serving import BY_GUNICORN, Server, serve, wait_until

KEY = "correct-horse"
GOOD = post(LENGTH % len(EXAMPLE), EXAMPLE)
VARIES = {"date", "x-request-id"}


@pytest.fixture(scope="module")
def by_gunicorn(artifact: Path) -> Iterator[Server]:
    with serve(artifact, **BY_GUNICORN) as running:
        yield running


def of_body(body: bytes, headers: bytes = b"") -> bytes:
    return post(LENGTH % len(body) + headers, body)


def lines_of(server: Server) -> list[dict[str, object]]:
    records = [json.loads(line) for line in server.log.read_text().splitlines()]
    return [record for record in records if record["message"] == "request"]


@pytest.mark.parametrize(
    "request_bytes",
    {
        "good": GOOD,
        "kept": of_body(EXAMPLE, b"Connection: keep-alive\r\n"),
        "with an id": of_body(EXAMPLE, b"X-Request-ID: mine-1\r\n"),
        "no JSON": of_body(b"{"),
        "of the wrong shape": of_body(b'{"sensor_1": 1}'),
        "of another type": of_body(b"a").replace(b"application/json", b"text/html"),
        "empty": of_body(b""),
        "a bad deadline": of_body(EXAMPLE, b"X-Request-Timeout-Ms: soon\r\n"),
        "no time at all": of_body(EXAMPLE, b"X-Request-Timeout-Ms: 0\r\n"),
        "too large": post(LENGTH % 2_000_000, EXAMPLE),
        "no host": GOOD.replace(b"Host: localhost\r\n", b""),
        "two hosts": of_body(EXAMPLE, b"Host: other\r\n"),
        "two lengths": of_body(EXAMPLE, b"Content-Length: 1\r\n"),
    }.values(),
)
def test_a_request_gets_the_same_answer(
    server: Server, by_gunicorn: Server, request_bytes: bytes
) -> None:
    ours, theirs = exchange(server, request_bytes), exchange(by_gunicorn, request_bytes)
    assert ours
    assert theirs
    assert ours.status == theirs.status
    assert ours.headers.keys() == theirs.headers.keys()
    for name in ours.headers.keys() - VARIES:
        assert ours.headers[name] == theirs.headers[name]
    if ours.headers["content-type"] == "application/problem+json":
        assert_problem(ours.status, ours.headers["content-type"], ours.body)
    else:
        assert ours.body == theirs.body


def test_it_is_logged_and_counted_alike(artifact: Path) -> None:
    def measured(**settings: str) -> tuple[dict[str, object], dict[str, float]]:
        with serve(artifact, **settings) as server:
            assert exchange(server, GOOD)
            wait_until(lambda: bool(lines_of(server)), "the line")
            [line] = lines_of(server)
            return line, server.metrics()

    (ours, counted), (theirs, expected) = measured(), measured(**BY_GUNICORN)
    varies = {"time", "request_id", "queue_ms", "predict_ms", "total_ms"}
    assert ours.keys() == theirs.keys()
    assert {name: ours[name] for name in ours.keys() - varies} == {
        name: theirs[name] for name in theirs.keys() - varies
    }
    assert all(isinstance(ours[name], float) for name in varies if name.endswith("_ms"))
    counts = [name for name in expected if not name.split("{")[0].endswith(("_bucket", "_sum"))]
    assert {name: counted[name] for name in counts} == {name: expected[name] for name in counts}


def test_many_follow_each_other_on_a_connection(server: Server) -> None:
    with server.connect() as connection:
        for _ in range(3):
            connection.sendall(GOOD)
            predicted = an_answer(connection)
            connection.sendall(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
            live = an_answer(connection)
            assert (predicted.status, predicted.body, live.status) == (200, ANSWER, 200)


@pytest.mark.parametrize("cut", [5, 30, len(GOOD) - 1])
def test_one_in_two_pieces_is_answered(server: Server, cut: int) -> None:
    with server.connect() as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(GOOD[:cut])
        assert exchange(server, get(b"/health"))  # the first piece has been read meanwhile
        connection.sendall(GOOD[cut:])
        answer = an_answer(connection)
        assert (answer.status, answer.body) == (200, ANSWER)


def test_those_that_do_not_wait_for_answers_get_them_in_order(server: Server) -> None:
    bad = of_body(b"{")
    with server.connect() as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(GOOD)
        connection.sendall(bad + GOOD)
        connection.sendall(of_body(b"{", CLOSE))
        assert statuses(read_all(connection)) == [200, 400, 200, 400]


def test_a_key_is_required(artifact: Path) -> None:
    digest = hashlib.sha256(KEY.encode()).hexdigest()
    with serve(artifact, SERVICE_API_KEYS=digest) as server:
        for given, status in ((KEY, 200), ("other", 401)):
            answer = exchange(server, of_body(EXAMPLE, b"X-API-Key: %s\r\n" % given.encode()))
            assert answer
            assert answer.status == status


def test_who_waits_too_long_is_refused_and_that_is_logged_and_counted(artifact: Path) -> None:
    with serve(artifact, SERVICE_QUEUE_SECONDS="0.001") as server, ExitStack() as stack:
        answers = [an_answer(connection) for connection in burst(server, GOOD, stack)]
        refused = [answer for answer in answers if answer.status == 503]
        assert {answer.status for answer in answers} == {200, 503}
        assert {answer.body for answer in answers if answer.status == 200} == {ANSWER}
        for answer in refused:
            assert_problem(503, answer.headers["content-type"], answer.body)
            assert answer.headers["retry-after"] in {"1", "2", "3"}
        wait_until(lambda: len(lines_of(server)) == MANY, "all lines")
        lines = [line for line in lines_of(server) if line["status"] == 503]
        ids = {answer.headers["x-request-id"] for answer in refused}
        assert {line["request_id"] for line in lines} == ids
        assert len(lines) == len(ids) == len(refused)
        counted = server.metrics()
        assert counted['slipway_shed_total{reason="busy"}'] == len(refused)
        assert counted["slipway_requests_in_flight"] == 1  # the request for the metrics
