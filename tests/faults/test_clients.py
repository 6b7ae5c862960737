"""A thousand slow clients at once, and hundreds that crash: others are served as usual."""

import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest

from service.bench.client import Address
from tests.faults.conftest import Production, Report
from tests.support.bad_bodies import EXAMPLE
from tests.support.compose import Project
from tests.support.containers import execute, output
from tests.support.load import at_rate, post, processes
from tests.support.raw import CHUNKED, CLOSE, LENGTH, get, read_answer, reset
from tests.support.raw import post as raw_post
from tests.support.serving import TIMEOUT_SECONDS, wait_until

BODY_SECONDS = 3
PATIENT = {"environment": {"SERVICE_BODY_SECONDS": str(BODY_SECONDS)}}
RATE = 20  # normal requests per second
LONG = BODY_SECONDS + 3  # seconds
HEAD = raw_post(LENGTH % 500)
WHOLE = get(b"/health/live")
# What each sends first, then drop by drop, and whether it then closes its sending half.
ODD: dict[str, tuple[bytes, bytes, bool]] = {
    "silent": (b"", b"", False),
    "half-closed at once": (b"", b"", True),
    "an unfinished head": (HEAD[:40], b"", False),
    "a dripping head": (HEAD[:-2] + b"X: ", b"x", False),
    "a half-closed head": (HEAD[:40], b"", True),
    "an unfinished body": (HEAD + b"{", b"", False),
    "a dripping body": (HEAD + b"{", b" ", False),
    "a half-closed body": (HEAD + b"{", b"", True),
    "dripping chunks": (raw_post(CHUNKED), b"1\r\n \r\n", False),
    "never closing": (WHOLE, b"", False),
}
EACH = 100
TOO_SLOW = {"an unfinished body", "a dripping body", "dripping chunks"}


@pytest.fixture(autouse=True)
def _many_descriptors() -> Iterator[None]:
    """A thousand connections need more than a shell usually allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, hard), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def worker(own: Project) -> str:
    """Its one worker, by its number in the container."""
    return output(execute(own.container, "cat", "/proc/1/task/1/children")).strip()


def descriptors(own: Project) -> int:
    """How many its worker holds."""
    return len(output(execute(own.container, "ls", f"/proc/{worker(own)}/fd")).split())


def megabytes(own: Project) -> float:
    """What its worker holds in memory."""
    status = output(execute(own.container, "cat", f"/proc/{worker(own)}/status"))
    [line] = [line for line in status.splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) / 1024


def connect(address: Address) -> socket.socket:
    return socket.create_connection(address, timeout=TIMEOUT_SECONDS)


def drip(clients: dict[str, list[socket.socket]]) -> None:
    """One more drop from each that drips, unless it was cut off."""
    for name, connections in clients.items():
        for connection in connections:
            with suppress(OSError):
                connection.sendall(ODD[name][1])


def test_a_thousand_odd_clients_at_once_delay_no_others(
    production: Production, report: Report
) -> None:
    with production(**PATIENT) as own, ExitStack() as stack:
        address, before, first = own.address, descriptors(own), worker(own)
        clients: dict[str, list[socket.socket]] = {name: [] for name in ODD}
        pool = stack.enter_context(processes(1))
        normal = pool.submit(at_rate, address, post(EXAMPLE.decode()), RATE, LONG)
        start = time.monotonic()
        for _ in range(EACH):
            for name, (sent, _, half_close) in ODD.items():
                connection = stack.enter_context(connect(address))
                connection.sendall(sent)
                if half_close:
                    connection.shutdown(socket.SHUT_WR)
                clients[name].append(connection)
        while time.monotonic() < start + BODY_SECONDS + 1:
            time.sleep(0.1)  # between two drops
            drip(clients)
        for name in TOO_SLOW:
            answers = [read_answer(connection) for connection in clients[name]]
            assert {answer and answer.status for answer in answers} == {408}, name
        load = normal.result()
        assert worker(own) == first
        stack.close()
        wait_until(lambda: descriptors(own) <= before + 1, "the descriptors to be closed")
    report(
        "1,000 silent, dripping, half-closed or never-closing connections at once",
        "slow bodies cut with 408; a normal request beside them under 100 ms; no worker killed",
        f"{EACH * len(TOO_SLOW)} × 408; p99 {load.milliseconds(200, 0.99):.0f} ms, "
        f"at most {load.milliseconds(200, 1.0):.0f} ms; same worker",
    )
    assert (load.errors, load.statuses) == (0, {200})
    assert load.milliseconds(200, 1.0) < 500


def test_three_hundred_clients_that_crash_leave_nothing(
    production: Production, report: Report
) -> None:
    crashing = [HEAD, HEAD[:40], HEAD + b"{", raw_post(CHUNKED) + b"1\r\n", WHOLE, CLOSE]
    with production() as own:
        address, first = own.address, worker(own)

        def crash(times: int) -> None:
            for number in range(times):
                connection = connect(address)
                connection.sendall(crashing[number % len(crashing)])
                reset(connection)

        crash(60)  # what is loaded or grows with the first is no leak
        wait_until(lambda: descriptors(own) < 60, "the descriptors to be closed")
        before, memory = descriptors(own), megabytes(own)
        crash(300)
        wait_until(lambda: descriptors(own) <= before, "the descriptors to be closed")
        grown = megabytes(own) - memory
        assert own.request("POST", "/predict", EXAMPLE.decode())[0] == 200
        assert worker(own) == first
    report(
        "300 resets, in head, body and answer",
        "no leak of descriptors or memory",
        f"{before} descriptors before and after; memory {grown:+.1f} MB",
    )
    assert grown < 5
