"""With more connections than descriptors health is answered, and the log stays short."""

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from tests.support.bad_bodies import ANSWER, EXAMPLE
from tests.support.raw import LENGTH, an_answer, post
from tests.support.serving import Server, serve, wait_until
from tests.test_slow_clients import LINUX, assert_answers_at_once, descriptors, worker_of

pytestmark = LINUX
DESCRIPTORS = 64  # in tests/support/few_descriptors.py
FLOOD = 200  # connections
GOOD = post(LENGTH % len(EXAMPLE), EXAMPLE)
UNFINISHED = {
    "silent": b"",
    "in a head": GOOD[:40],
    "in a body": GOOD[:-1],
    "answered": GOOD,
}


@pytest.fixture
def short(artifact: Path) -> Iterator[Server]:
    with serve(artifact, "--config", "tests/support/few_descriptors.py") as running:
        yield running


def open_and_send(server: Server, sent: bytes, stack: ExitStack) -> socket.socket:
    connection = stack.enter_context(server.connect())
    with suppress(OSError):  # it may be closed already, to make room
        connection.sendall(sent)
    return connection


@pytest.mark.parametrize("sent", UNFINISHED.values(), ids=UNFINISHED)
def test_more_connections_than_descriptors_stop_nothing(short: Server, sent: bytes) -> None:
    worker = worker_of(short)
    assert_answers_at_once(short)
    before = descriptors(worker)
    with ExitStack() as stack:
        for _ in range(5):
            for _ in range(FLOOD // 5):
                open_and_send(short, sent, stack)
            for _ in range(5):
                assert short.request("GET", "/health").status == 200
                assert_answers_at_once(short)
            assert short.metrics()["slipway_rows_total"] > 0
            assert descriptors(worker) < DESCRIPTORS
    wait_until(lambda: descriptors(worker) <= before, "the descriptors to be closed")
    assert worker_of(short) == worker
    log = short.log.read_text()
    assert "Traceback" not in log
    lines = [json.loads(line) for line in log.splitlines()]
    [warning] = [line for line in lines if line["level"] not in ("info", "debug")]
    assert "no more descriptors" in warning["message"]
    assert 0 < warning["connections"] < DESCRIPTORS


def test_a_connection_in_use_is_not_the_one_that_is_closed(short: Server) -> None:
    with ExitStack() as stack:
        kept = stack.enter_context(short.connect())
        for _ in range(FLOOD):
            open_and_send(short, b"", stack)
            kept.sendall(GOOD)
            answer = an_answer(kept)
            assert (answer.status, answer.body) == (200, ANSWER)
