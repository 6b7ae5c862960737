"""Clients that are slow, hold connections or crash are cut off, and delay no others."""

import json
import os
import select
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.bad_bodies import ANSWER, EXAMPLE
from tests.support.problems import assert_problem
from tests.support.raw import CHUNKED, LENGTH, post, read_answer, reset
from tests.support.serving import TIMEOUT_SECONDS, Answer, Server, serve, wait_until

DEADLINE = 1.0
AT_ONCE = 3.0  # seconds; measured are a few milliseconds
HEADS = [post(LENGTH % 500), post(CHUNKED)]
LINUX = pytest.mark.skipif(not Path("/proc").is_dir(), reason="descriptors are read from /proc")


@pytest.fixture(scope="module")
def impatient(artifact: Path) -> Iterator[Server]:
    """A server that gives a body one second."""
    with serve(artifact, SERVICE_BODY_SECONDS="1") as running:
        yield running


def assert_answers_at_once(server: Server) -> None:
    start = time.monotonic()
    answer = server.predict(EXAMPLE)
    assert (answer.status, answer.body) == (200, ANSWER)
    assert time.monotonic() - start < AT_ONCE


def assert_too_slow(answer: Answer | None) -> None:
    assert answer is not None
    assert answer.status == 408
    problem = assert_problem(408, answer.headers["content-type"], answer.body)
    assert "1 seconds" in problem["detail"]
    assert answer.headers["connection"] == "close"


def can_be_read(connection: socket.socket, seconds: float) -> bool:
    return bool(select.select([connection], [], [], seconds)[0])


def worker_of(server: Server) -> int:
    master = server.process.pid
    [worker] = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    return int(worker)


def descriptors(worker: int) -> int:
    return len(os.listdir(f"/proc/{worker}/fd"))


@pytest.mark.parametrize("head", HEADS, ids=["length", "chunks"])
def test_a_body_that_never_arrives_is_refused_at_the_deadline(
    impatient: Server, head: bytes
) -> None:
    with impatient.connect() as connection:
        start = time.monotonic()
        connection.sendall(head)
        assert_too_slow(read_answer(connection))
        assert DEADLINE - 0.1 < time.monotonic() - start < DEADLINE + AT_ONCE


@pytest.mark.parametrize("head", HEADS, ids=["length", "chunks"])
def test_a_body_that_drips_is_refused_at_the_deadline(impatient: Server, head: bytes) -> None:
    drop = b"1\r\n \r\n" if head == post(CHUNKED) else b" "
    with impatient.connect() as connection:
        start = time.monotonic()
        connection.sendall(head)
        while not can_be_read(connection, 0.05):
            assert time.monotonic() - start < TIMEOUT_SECONDS
            connection.sendall(drop)
        assert_too_slow(read_answer(connection))
        assert DEADLINE - 0.1 < time.monotonic() - start < DEADLINE + AT_ONCE


def test_a_request_whose_body_arrives_in_time_is_answered(impatient: Server) -> None:
    with impatient.connect() as connection:
        connection.sendall(post(LENGTH % len(EXAMPLE)))
        for place in range(len(EXAMPLE)):
            assert not can_be_read(connection, 0.005)
            connection.sendall(EXAMPLE[place : place + 1])
        answer = read_answer(connection)
    assert answer is not None
    assert (answer.status, answer.body) == (200, ANSWER)


@pytest.mark.slow
@LINUX
def test_fifty_slow_bodies_delay_no_others_and_leave_nothing(impatient: Server) -> None:
    worker = worker_of(impatient)
    assert_answers_at_once(impatient)
    before = descriptors(worker)
    with ExitStack() as stack:
        slow = [stack.enter_context(impatient.connect()) for _ in range(50)]
        for number, connection in enumerate(slow):
            connection.sendall(HEADS[number % 2])
        while not can_be_read(slow[0], 0.02):
            assert_answers_at_once(impatient)
        for connection in slow:
            assert_too_slow(read_answer(connection))
        assert_answers_at_once(impatient)
        for connection in slow:
            assert connection.recv(1) == b"", "it is closed, if the client does not go on"
    wait_until(lambda: descriptors(worker) <= before, "the descriptors to be closed")
    assert worker_of(impatient) == worker


@LINUX
def test_two_hundred_unfinished_headers_delay_no_others(impatient: Server) -> None:
    worker = worker_of(impatient)
    before = descriptors(worker)
    with ExitStack() as stack:
        for _ in range(200):
            connection = stack.enter_context(impatient.connect())
            connection.sendall(HEADS[0][:40])
        wait_until(lambda: descriptors(worker) > 200, "all to be connected")
        for _ in range(5):
            assert_answers_at_once(impatient)
    wait_until(lambda: descriptors(worker) <= before, "the descriptors to be closed")
    assert worker_of(impatient) == worker


@LINUX
def test_a_hundred_clients_that_crash_leave_nothing(server: Server) -> None:
    begun = server.log.stat().st_size
    worker = worker_of(server)
    assert_answers_at_once(server)
    before = descriptors(worker)
    unfinished = [HEADS[0], HEADS[1], HEADS[0] + EXAMPLE, HEADS[1] + b"ff\r\n" + EXAMPLE]
    crashing = [server.connect() for _ in range(100)]
    for number, connection in enumerate(crashing):
        connection.sendall(unfinished[number % 4])
    in_flight = "slipway_requests_in_flight"
    wait_until(lambda: server.metrics()[in_flight] == 101, "gunicorn to wait for all bodies")
    assert_answers_at_once(server)
    for connection in crashing:
        reset(connection)
    wait_until(lambda: descriptors(worker) <= before, "the descriptors to be closed")
    assert_answers_at_once(server)
    assert worker_of(server) == worker

    def lines() -> list[bytes]:
        every = server.log.read_bytes()[begun:].splitlines()
        return [line for line in every if b'"route":"/metrics"' not in line]

    expected = [200, 200] + [400] * 100 + [200]
    wait_until(lambda: len(lines()) >= len(expected), "the lines of all, soon after their answers")
    assert [json.loads(line)["status"] for line in lines()] == expected
    assert "Traceback" not in str(lines())


def test_a_client_that_is_refused_may_send_on_for_a_while_but_not_for_ever(server: Server) -> None:
    """Closing at once would reset the connection, and some clients would not see the answer."""
    with server.connect() as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(post(LENGTH % 100_000_000))
        answer = read_answer(connection)
        assert answer
        assert answer.status == 413
        refused, sent = time.monotonic(), 0.0

        def is_closed() -> bool:
            nonlocal sent
            try:
                connection.sendall(b" " * 100)
            except OSError:
                return True
            sent = time.monotonic() - refused
            return False

        wait_until(is_closed, "the connection to be closed")
        assert sent > 0.5
