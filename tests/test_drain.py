"""From SIGTERM to exit 0: the service says that it goes, goes on serving, then stops."""

import http.client
import json
import os
import signal
import time
from pathlib import Path

import pytest

from service.operations.drain import Drain
from tests.problems import assert_problem
from tests.raw import LENGTH, post, read_answer
from tests.serving import Server, children_of, serve, wait_until

GRACEFUL = 10  # seconds: gunicorn's graceful_timeout
EXAMPLE = json.dumps({"sensor_1": "[1,2.0,3]", "sensor_2": "[1,-1,0]"})


def is_going(server: Server) -> bool:
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
        wait_until(lambda: is_going(server), "health to tell")
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
        assert response.read()  # which closes it, as it was told
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


def test_idle_connections_hold_nothing_up_and_a_last_request_is_answered(artifact: Path) -> None:
    with serve(artifact) as server, server.connect() as silent, server.connect() as kept:
        kept.sendall(post(LENGTH % len(EXAMPLE), EXAMPLE.encode()))
        first = read_answer(kept)
        idle = http.client.HTTPConnection("127.0.0.1", server.port)
        idle.request("GET", "/health/live")
        assert idle.getresponse().read()
        [worker] = children_of(server.process.pid)
        os.kill(worker, signal.SIGSTOP)  # so that it finds both at once
        kept.sendall(post(LENGTH % len(EXAMPLE), EXAMPLE.encode()))
        os.kill(worker, signal.SIGTERM)
        server.process.send_signal(signal.SIGTERM)
        os.kill(worker, signal.SIGCONT)
        begin = time.monotonic()
        last = read_answer(kept)
        assert first
        assert last
        assert (last.status, last.body) == (200, first.body)
        assert server.process.wait(15) == 0
        assert time.monotonic() - begin < GRACEFUL / 2
        assert silent.recv(1) == b""
        idle.close()


@pytest.mark.slow
def test_sigint_stops_at_once_also_while_draining(artifact: Path) -> None:
    for signals in ([signal.SIGINT], [signal.SIGTERM, signal.SIGINT]):
        with serve(artifact, SERVICE_DRAIN_SECONDS="60") as server:
            begin = time.monotonic()
            for number, one in enumerate(signals):
                server.process.send_signal(one)
                if number + 1 < len(signals):
                    wait_until(lambda server=server: is_going(server), "health to tell")  # type: ignore[misc]
            assert server.process.wait(10) == 0
            assert time.monotonic() - begin < 5
