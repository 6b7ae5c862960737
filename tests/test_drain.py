"""From SIGTERM to exit 0: /health answers 503, requests are still served, the service stops."""

import http.client
import json
import signal
import time
from functools import partial
from pathlib import Path

import pytest

from service.server.drain import Drain
from tests.support.problems import assert_problem
from tests.support.raw import LENGTH, post, read_answer
from tests.support.serving import Server, serve, wait_until
from tests.test_slow_clients import can_be_read

GRACEFUL = 10  # seconds: gunicorn's graceful_timeout
EXAMPLE = json.dumps({"sensor_1": "[1,2.0,3]", "sensor_2": "[1,-1,0]"})
REQUEST = post(LENGTH % len(EXAMPLE), EXAMPLE.encode())


def is_shutting_down(server: Server) -> bool:
    return server.request("GET", "/health").status == 503


def test_one_byte_is_shared_and_off_at_first() -> None:
    assert not Drain(1).is_on


@pytest.mark.slow
def test_sigterm_drains_before_it_stops(artifact: Path) -> None:
    with serve(artifact, SERVICE_DRAIN_SECONDS="3", WEB_CONCURRENCY="2") as server:
        kept = http.client.HTTPConnection("127.0.0.1", server.port)
        kept.request("GET", "/health/live")
        assert kept.getresponse().read()
        begin = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        wait_until(lambda: is_shutting_down(server), "/health to respond with 503")
        answer = server.request("GET", "/health")
        assert_problem(503, answer.headers["content-type"], answer.body)
        assert answer.headers["retry-after"] == "1"
        server.process.send_signal(signal.SIGTERM)  # changes nothing
        served = 0
        while time.monotonic() < begin + 2:
            answer = server.predict(EXAMPLE)
            assert answer.status == 200
            assert answer.headers["connection"] == "close"
            served += 1
        assert served > 20
        kept.request("GET", "/health/live")
        response = kept.getresponse()
        assert (response.status, response.getheader("connection")) == (200, "close")
        assert response.read()  # to its end, which closes the connection
        assert server.process.wait(15) == 0
        assert 3 <= time.monotonic() - begin < 12
        assert "Traceback" not in server.log.read_text()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_without_anything_in_flight_it_stops_at_once(artifact: Path, how: signal.Signals) -> None:
    """Gunicorn's own worker looks once a second, first when it begins to listen."""

    def seconds() -> float:
        with serve(artifact) as server:
            begin = time.monotonic()
            server.process.send_signal(how)
            assert server.process.wait(15) == 0
            return time.monotonic() - begin

    assert any(seconds() < 0.8 for _ in range(3))


def test_idle_connections_and_halves_of_a_head_do_not_hold_it_up(artifact: Path) -> None:
    with serve(artifact) as server, server.connect() as silent, server.connect() as half:
        kept = http.client.HTTPConnection("127.0.0.1", server.port)
        kept.request("GET", "/health/live")
        assert kept.getresponse().read()
        half.sendall(REQUEST[:20])
        begin = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(15) == 0
        assert time.monotonic() - begin < GRACEFUL / 2
        assert silent.recv(1) == half.recv(1) == b""
        kept.close()


def test_a_request_that_is_on_its_way_when_it_stops_is_answered(artifact: Path) -> None:
    """Its second half has half a second, which a busy machine may take for itself."""

    def is_answered() -> bool:
        with serve(artifact) as server, server.connect() as connection:
            connection.sendall(REQUEST[:20])
            server.process.send_signal(signal.SIGTERM)
            wait_until(lambda: not server.is_listening(), "it to listen no more")
            if can_be_read(connection, 0.25):  # it was closed
                return False
            try:
                connection.sendall(REQUEST[20:])
            except OSError:
                return False
            answer = read_answer(connection)
            return answer is not None and answer.status == 200

    assert any(is_answered() for _ in range(3))


def test_a_body_that_does_not_arrive_delays_it_until_its_deadline(artifact: Path) -> None:
    with serve(artifact, SERVICE_BODY_SECONDS="1") as server, server.connect() as slow:
        slow.sendall(REQUEST[:-1])
        wait_until(
            lambda: server.metrics()["slipway_requests_in_flight"] == 2, "it, and the one that asks"
        )
        begin = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        answer = read_answer(slow)
        assert answer
        assert answer.status == 408
        assert server.process.wait(15) == 0
        assert time.monotonic() - begin < GRACEFUL / 2


@pytest.mark.slow
def test_sigint_stops_at_once_also_while_draining(artifact: Path) -> None:
    for signals in ([signal.SIGINT], [signal.SIGTERM, signal.SIGINT]):
        with serve(artifact, SERVICE_DRAIN_SECONDS="60") as server:
            begin = time.monotonic()
            for number, one in enumerate(signals):
                server.process.send_signal(one)
                if number + 1 < len(signals):
                    wait_until(partial(is_shutting_down, server), "/health to respond with 503")
            assert server.process.wait(10) == 0
            assert time.monotonic() - begin < 5
