"""Runs the real gunicorn as in production, waits until it responds, and stops it."""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
TIMEOUT_SECONDS = 30.0  # only a broken test takes that long
# The variables of pytest-xdist, if it runs the tests in several processes.
WORKERS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
USED_PORTS: set[int] = set()
BY_GUNICORN = {"SERVICE_FAST_PATH": "false"}  # settings with which gunicorn parses all requests


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Server:
    """A running service."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path
    metrics_port: int = 0

    def request(
        self,
        method: str,
        path: str,
        body: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
        port: int | None = None,
    ) -> Answer:
        """Send one request over its own connection."""
        own = port or self.port
        connection = http.client.HTTPConnection("127.0.0.1", own, timeout=TIMEOUT_SECONDS)
        try:
            connection.request(method, path, body, dict(headers or {}))
            response = connection.getresponse()
            names = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, names, response.read())
        finally:
            connection.close()

    def predict(
        self, body: bytes | str, content_type: str = "application/json", query: str = ""
    ) -> Answer:
        """Send a request for predictions."""
        return self.request("POST", f"/predict{query}", body, {"Content-Type": content_type})

    def metrics(self) -> dict[str, float]:
        """All samples of /metrics, by name and labels as they are written there."""
        answer = self.request("GET", "/metrics", port=self.metrics_port)
        assert answer.status == 200, answer
        lines = [line for line in answer.body.decode().splitlines() if not line.startswith("#")]
        return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}

    def is_listening(self) -> bool:
        """Whether it accepts connections."""
        try:
            self.connect().close()
        except ConnectionRefusedError:
            return False
        return True

    def connect(self) -> socket.socket:
        """Open a connection, for bytes that no HTTP client would send."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=TIMEOUT_SECONDS)


def clean_environment(**settings: str) -> dict[str, str]:
    """Copy the environment without settings of the service or gunicorn, and add these."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SERVICE_", "GUNICORN_", "PROMETHEUS_", "MAKE"))
        and name != "WEB_CONCURRENCY"
    }
    return {**kept, **settings}


def free_port() -> int:
    """Return a port on which nothing listens, and which no other test gets from this function."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        if (
            port // 2 % WORKERS == WORKER and port not in USED_PORTS
        ):  # Linux returns every second port
            USED_PORTS.add(port)
            return port


def wait_until(
    condition: Callable[[], bool], what: str, seconds: float = TIMEOUT_SECONDS, poll: float = 0.02
) -> None:
    """Poll until the condition is true; fail with the name `what` if the time runs out."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} seconds in vain: {what}"
        time.sleep(poll)


def children_of(process: int) -> list[int]:
    """The child processes of a process, such as the workers of gunicorn's first process."""
    path = Path(f"/proc/{process}/task/{process}/children")
    return [int(child) for child in path.read_text().split()]


def gunicorn(port: int, *arguments: str) -> list[str]:
    """Build the command that serves on this port with the committed configuration."""
    return [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", *arguments]


def serve(artifact: Path, *arguments: str, **settings: str) -> AbstractContextManager[Server]:
    """Serve an artifact; the block runs once it is ready."""
    return serve_by(Path(sys.executable), artifact, *arguments, **settings)


@contextmanager
def serve_by(python: Path, artifact: Path, *arguments: str, **settings: str) -> Iterator[Server]:
    """Serve an artifact with the gunicorn of another Python."""
    port, metrics_port = free_port(), free_port()
    log = artifact.parent / f"gunicorn-{port}.log"
    own = {
        "SERVICE_MODEL": str(artifact),
        "SERVICE_DRAIN_SECONDS": "0",
        "SERVICE_METRICS_PORT": str(metrics_port),
    }
    with log.open("wb") as file:
        process = subprocess.Popen(
            [python, *gunicorn(port, "--bind", f"127.0.0.1:{metrics_port}", *arguments)[1:]],
            cwd=ROOT,
            env=clean_environment(**{**own, **settings}),
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    server = Server(process, port, log, metrics_port)
    try:
        wait_until(lambda: _is_ready(server), f"{log.read_text()}\nthe service to be ready")
        yield server
    finally:
        process.terminate()
        try:
            process.wait(TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise


def _is_ready(server: Server) -> bool:
    assert server.process.poll() is None, server.log.read_text()
    try:
        return server.request("GET", "/health").status == 200
    except OSError:
        return False
