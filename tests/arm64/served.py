"""gunicorn in the emulator: one answer to one body, and a drain."""

import http.client
import json
import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from service.model.artifact import read_manifest
from tests.arm64.emulation import command, environment
from tests.support.serving import ROOT, free_port

START_SECONDS = 300  # the emulator takes 30 to 60 times as long
CONNECTIONS, REQUESTS = 12, 504
DRAIN_SECONDS = 30
JSON = {"Content-Type": "application/json"}


def answers(folder: Path, processor: str) -> tuple[int, bool]:
    """Serve an artifact. Return how many different answers one body got from 504 requests over 12
    connections at once, and whether the worker shared calls.

    Five other bodies are sent between them. Then gunicorn gets SIGTERM: it must predict while it
    drains, and end with 0.
    """
    golden = read_manifest(folder).golden.inputs
    bodies = [
        json.dumps({name: [values[row]] for name, values in golden.items()}).encode()
        for row in range(6)
    ]
    with _gunicorn(folder, processor) as (process, port):
        numbers = count()

        def drive(_: int) -> list[tuple[int, bytes]]:
            client = http.client.HTTPConnection("127.0.0.1", port, timeout=START_SECONDS)
            found = []
            for _ in range(REQUESTS // CONNECTIONS):
                place = next(numbers) % len(bodies)
                found.append((place, _request(client, "POST", "/predict", bodies[place])))
            client.close()
            return found

        with ThreadPoolExecutor(CONNECTIONS) as pool:
            found = [one for part in pool.map(drive, range(CONNECTIONS)) for one in part]
        most = max(len({answer for place, answer in found if place == one}) for one in range(6))
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=START_SECONDS)
        shares = json.loads(_request(client, "GET", "/model"))["server"]["shares_calls"]
        process.send_signal(signal.SIGTERM)
        _wait_for(port, 503)
        _request(client, "POST", "/predict", bodies[0])
        client.close()
        if process.wait(START_SECONDS) != 0:
            raise SystemExit(f"gunicorn ended with {process.returncode} after SIGTERM")
    return most, bool(shares)


@contextmanager
def _gunicorn(folder: Path, processor: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    port = free_port()
    process = subprocess.Popen(
        command("-m", "gunicorn", "--bind", f"127.0.0.1:{port}"),
        env=environment(
            processor,
            SERVICE_MODEL=str(folder),
            SERVICE_DRAIN_SECONDS=str(DRAIN_SECONDS),
            SERVICE_LOAD_SECONDS="600",
            SERVICE_DEADLINE_SECONDS="60",
            SERVICE_QUEUE_SECONDS="60",
        ),
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )
    try:
        _wait_for(port, 200, process)
        yield process, port
    finally:
        process.kill()
        process.wait()


def _wait_for(port: int, status: int, process: subprocess.Popen[bytes] | None = None) -> None:
    """Poll the health route until it responds with this status."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if process is not None and process.poll() is not None:
            raise SystemExit(f"gunicorn ended with {process.returncode} before it served")
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=START_SECONDS)
        try:
            client.request("GET", "/health")
            if client.getresponse().status == status:
                return
        except OSError:
            pass
        finally:
            client.close()
        time.sleep(0.1)
    raise SystemExit(f"/health did not respond with {status}")


def _request(
    client: http.client.HTTPConnection, method: str, path: str, body: bytes | None = None
) -> bytes:
    client.request(method, path, body, JSON)
    response = client.getresponse()
    content = response.read()
    if response.status != 200:
        raise SystemExit(f"{method} {path} responds with {response.status}: {content!r}")
    return content
