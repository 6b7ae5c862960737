"""Connections whose requests wait unread: left, drained, kept, closed."""

import http.client
import json
import signal
import socket
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from tests.support.bad_bodies import EXAMPLE
from tests.support.flood import burst
from tests.support.raw import CLOSE, LENGTH, an_answer, exchange, post, reset
from tests.support.serving import ROOT, children_of, serve, wait_until

GOOD = post(LENGTH % len(EXAMPLE), EXAMPLE)
# Its answer has a line for each name, 2.7 KB; the system keeps up to 4 MB for a connection.
WRONG = json.dumps({f"{number:060}": 1 for number in range(20)}).encode()
MOST_KEPT, MANY = 1500, 3000  # answers
BROKEN = """
from dataclasses import replace

from tests.support.asgi import make_bridge


def app(environ, start_response):
    if environ["PATH_INFO"] == "/health":
        start_response("200 OK", [])
        return []
    raise ValueError("broken")


bridge = make_bridge(app)
bridge.settings = replace(bridge.settings, max_body_bytes=1000)
"""


def test_a_client_that_disconnects_leaves_the_queue(artifact: Path) -> None:
    with serve(artifact) as server, ExitStack() as stack:
        for connection in burst(server, GOOD, stack):
            reset(connection)
        wait_until(lambda: server.metrics()["slipway_requests_in_flight"] == 1, "all to be gone")
        answer = exchange(server, post(CLOSE + LENGTH % len(EXAMPLE), EXAMPLE))
        assert answer
        assert answer.status == 200


def test_a_connection_is_closed_while_the_service_drains(artifact: Path) -> None:
    with (
        serve(artifact, SERVICE_DRAIN_SECONDS="30") as server,
        server.connect() as connection,
    ):
        connection.sendall(GOOD)
        answer = an_answer(connection)
        assert "connection" not in answer.headers
        server.process.send_signal(signal.SIGTERM)
        wait_until(lambda: server.request("GET", "/health").status == 503, "draining")
        connection.sendall(GOOD)
        answer = an_answer(connection)
        assert (answer.status, answer.headers["connection"]) == (200, "close")
        assert connection.recv(1) == b""
        server.process.send_signal(signal.SIGINT)


@pytest.mark.parametrize("drain_seconds", ["0", "1"])
def test_requests_that_arrive_before_sigterm_are_answered(
    artifact: Path, drain_seconds: str
) -> None:
    # A busy machine may let a prediction wait for longer than usual; that is not tried here.
    settings = {"SERVICE_QUEUE_SECONDS": "2", "SERVICE_DRAIN_SECONDS": drain_seconds}
    with serve(artifact, **settings) as server:
        with ExitStack() as stack:
            connections = burst(server, GOOD, stack, server.process.terminate)
            answers = [an_answer(connection) for connection in connections]
        assert {answer.status for answer in answers} == {200}
        assert server.process.wait(15) == 0


def test_a_connection_is_kept_while_it_is_used_and_closed_when_it_is_not(artifact: Path) -> None:
    with serve(artifact, "--keep-alive", "1") as server, server.connect() as connection:
        begin = time.monotonic()

        def is_used() -> bool:
            connection.sendall(GOOD)
            return an_answer(connection).status == 200 and time.monotonic() > begin + 1.5

        wait_until(is_used, "one and a half times as long", poll=0.2)
        assert connection.recv(1) == b""


@pytest.mark.slow
def test_a_client_that_reads_no_answers_gets_no_more_of_them(artifact: Path) -> None:
    """Else all of them would stay in memory."""
    with serve(artifact) as server, socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        deaf.connect(("127.0.0.1", server.port))
        other = http.client.HTTPConnection("127.0.0.1", server.port)
        with suppress(ConnectionError):  # on a slow machine it may be disconnected meanwhile
            for _ in range(MANY):
                deaf.sendall(post(LENGTH % len(WRONG), WRONG))
                other.request("GET", "/health/live")  # when that is answered, the other was read
                assert other.getresponse().read()
        other.close()
        counted = server.metrics()
        name = 'slipway_requests_total{method="POST",route="/predict",status="422"}'
        assert counted[name] < MOST_KEPT


def test_gunicorn_sees_each_if_it_is_to_log_them(artifact: Path) -> None:
    own = ("--access-logfile", "-", "--access-logformat", "seen %(r)s")
    with serve(artifact, *own) as server:
        assert exchange(server, GOOD)
        wait_until(lambda: "seen POST /predict" in server.log.read_text(), "the log line")


def test_gunicorn_sees_each_if_it_is_to_count_them(artifact: Path) -> None:
    with serve(artifact, "--max-requests", "10") as server:
        [worker] = children_of(server.process.pid)

        def is_replaced() -> bool:
            assert exchange(server, GOOD)
            return worker not in children_of(server.process.pid)

        wait_until(is_replaced, "another worker")


def test_an_app_that_fails_is_logged_and_closes_the_connection(
    artifact: Path, tmp_path: Path
) -> None:
    (tmp_path / "broken.py").write_text(BROKEN)
    own = ("--pythonpath", f"{ROOT},{tmp_path}", "broken:bridge")
    with serve(artifact, *own) as server, server.connect() as connection:
        connection.sendall(GOOD)
        answer = an_answer(connection)
        assert answer.status == 500
        assert connection.recv(1) == b""
        wait_until(lambda: "ValueError: broken" in server.log.read_text(), "the log line")
