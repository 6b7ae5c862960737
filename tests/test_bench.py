"""`slipway bench`: the figures of an artifact, and what they are made of."""

import itertools
import json
import socketserver
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.__main__ import main
from service.bench import capacity
from service.bench.command import payload, post
from service.bench.process import HOST, BenchError, free_port, started, tree
from tests.support.serving import clean_environment, wait_until

TURN = threading.Lock()
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


class OneAtATime(socketserver.BaseRequestHandler):
    """Takes 20 ms for each request, and computes one at a time: 50 in a second."""

    def handle(self) -> None:
        while self.request.recv(65536):
            with TURN:
                time.sleep(0.02)
            self.request.sendall(ANSWER)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 100


@pytest.fixture
def slow_server() -> Iterator[tuple[str, int]]:
    with Server((HOST, 0), OneAtATime) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield HOST, server.server_address[1]
        server.shutdown()
        thread.join()


def run(command: list[str], tmp_path: Path) -> float:
    """Start what should serve, and stop it at once: seconds to its first answer."""
    port = free_port()
    with started(
        [*command, str(port)],
        (HOST, port),
        post("/", b""),
        environment=clean_environment(),
        folder=tmp_path,
        log=tmp_path / "log",
    ) as running:
        return running.seconds


@pytest.mark.slow
def test_an_artifact_is_measured(
    artifact: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "figures.json"
    asked = ["bench", str(artifact), "--seconds", "0.3", "--target-ms", "500", "--rows", "7"]
    assert main([*asked, "--json", str(file)]) == 0
    figures = json.loads(file.read_text())
    printed = capsys.readouterr().out
    assert figures["model"] == "sensors"
    assert (figures["rows"], figures["target_ms"]) == (7, 500)
    assert 0 < figures["p50_ms"] <= figures["p99_ms"] <= 500
    assert 0 < figures["alone_ms"] <= figures["p99_ms"]
    assert f"one alone  {figures['alone_ms']:.2f} ms" in printed
    assert figures["requests_per_second"] > 1
    assert f"{figures['requests_per_second']:,.0f} requests per second on one core" in printed
    if sys.platform == "linux":
        assert 0 <= figures["further_worker_mb"] < figures["rss_mb"]
        assert f"{figures['rss_mb']:.0f} MB" in printed


@pytest.mark.slow
def test_a_target_out_of_reach_is_one_line(
    artifact: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", str(artifact), "--seconds", "0.1", "--target-ms", "0.001"]) == 69
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("slipway: not even")
    assert printed.err.count("\n") == 1


def test_a_missing_artifact_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", str(tmp_path / "none")]) == 66
    assert capsys.readouterr().err.startswith("slipway: ")


@pytest.mark.parametrize("option", ["--seconds", "--target-ms", "--rows"])
@pytest.mark.parametrize("value", ["0", "-1", "nan", "x"])
def test_a_number_that_makes_no_sense_is_refused(option: str, value: str, artifact: Path) -> None:
    assert main(["bench", str(artifact), option, value]) == 2


def test_the_capacity_is_what_can_be_answered_in_time(slow_server: tuple[str, int]) -> None:
    found = capacity.search(slow_server, post("/", b"{}"), target_ms=400, seconds=1)
    # 50 answers in a second are the most; at a fifth of that, hardly anybody waits
    assert 10 < found.requests_per_second <= 50
    assert 20 <= found.p50_ms <= found.p99_ms <= 400


def test_time_counts_from_when_a_request_was_due(slow_server: tuple[str, int]) -> None:
    load, taken = capacity.offered(slow_server, post("/", b"{}"), rate=200, seconds=0.5)
    # some 100 requests take 2 seconds, the last was due after half a second
    assert load.milliseconds(200, 0.99) > 1000
    assert taken > 1.5


def test_requests_arrive_at_random_at_the_given_rate() -> None:
    moments = list(capacity.arrivals(1000, 10))
    assert moments == sorted(moments)
    assert 9500 < len(moments) < 10500
    gaps = [after - before for before, after in itertools.pairwise(moments)]
    assert min(gaps) < 0.0001
    assert max(gaps) > 0.004


def test_rows_are_repeated_if_there_are_too_few() -> None:
    assert json.loads(payload({"a": [1, 2, 3], "b": ["x", None, "z"]}, 4)) == {
        "a": [1, 2, 3, 1],
        "b": ["x", None, "z", "x"],
    }


def test_a_server_that_ends_is_reported_with_its_last_line(tmp_path: Path) -> None:
    dying = [sys.executable, "-c", "print('first'); raise SystemExit('no such model')"]
    with pytest.raises(BenchError, match="it ended with 1: no such model"):
        run(dying, tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_is_that_of_all_processes(tmp_path: Path) -> None:
    serve = f"{sys.executable} -m http.server"
    script = f"import os; os.fork() or os.execvp({sys.executable!r}, {serve.split()!r} + [PORT])"
    command = [sys.executable, "-c", f"import sys; PORT = sys.argv[1]; {script}; os.wait()"]
    port = free_port()
    with started(
        [*command, str(port)],
        (HOST, port),
        b"GET / HTTP/1.0\r\n\r\n",
        environment=clean_environment(),
        folder=tmp_path,
        log=tmp_path / "log",
    ) as running:
        family = tree(running.pid)
        assert len(family) == 2
        assert running.megabytes() > 5
        assert running.seconds > 0
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in family), "all to end")
