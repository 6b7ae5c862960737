"""Runs a server as a process on one core; the time to its first answer, and its memory."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from pathlib import Path

from service.bench.client import Address
from service.model.errors import SlipwayError, one_line

HOST = "127.0.0.1"
START_SECONDS = 120.0
STOP_SECONDS = 15.0
NOT_READY_SECONDS = 15.0  # some servers listen before their model is loaded
POLL_SECONDS = 0.005


class BenchError(SlipwayError):
    """A measurement failed."""

    exit_code = os.EX_UNAVAILABLE


@dataclass(frozen=True, slots=True)
class Started:
    """A server that has given its first answer after `seconds`."""

    pid: int
    seconds: float
    answer: bytes

    def megabytes(self) -> float:
        """Memory of all its processes in MB. Shared memory counts once. 0 unless on Linux."""
        return sum(map(proportional_bytes, tree(self.pid))) / 1e6


@contextmanager
def started(
    command: Sequence[str],
    address: Address,
    request: bytes,
    *,
    environment: Mapping[str, str],
    folder: Path,
    log: Path,
) -> Iterator[Started]:
    """Run a server during the block, which begins when the request is answered with 200.

    BenchError has another status, or the last line of the log. The server runs on the first core;
    the caller should run on another one (`on_core`).
    """
    begin = time.perf_counter()
    with log.open("wb") as file, on_core(0):
        process = subprocess.Popen(  # noqa: S603
            command, cwd=folder, env=environment, stdout=file, stderr=subprocess.STDOUT
        )
    try:
        answer = _first_answer(process, address, request, log)
        yield Started(process.pid, time.perf_counter() - begin, answer)
    finally:
        _stop(process)


@contextmanager
def on_core(place: int) -> Iterator[None]:
    """Keep this thread, and the processes that it starts, on one core (Linux)."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {ALL_CORES[place]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


ALL_CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


def ask(address: Address, request: bytes, timeout_seconds: float = 60.0) -> tuple[int, bytes]:
    """Send one request over its own connection: status and body of the answer."""
    with socket.create_connection(address, timeout=timeout_seconds) as connection:
        connection.sendall(request)
        response = HTTPResponse(connection)
        response.begin()
        return response.status, response.read()


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def tree(pid: int) -> list[int]:
    """A process and all that came from it."""
    parents = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # the process has just ended
            fields = status.read_text().rpartition(")")[2].split()
            parents[int(status.parent.name)] = int(fields[1])
    found = [pid]
    for parent in found:  # the list grows in the loop
        found += [child for child, its in parents.items() if its == parent]
    return found


def proportional_bytes(pid: int) -> int:
    """Memory of a process in bytes, with its share of shared memory (PSS)."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def _first_answer(
    process: "subprocess.Popen[bytes]", address: Address, request: bytes, log: Path
) -> bytes:
    deadline = time.monotonic() + START_SECONDS
    state = "nothing listens"
    while process.poll() is None and time.monotonic() < deadline:
        try:
            status, body = ask(address, request)
        except (OSError, HTTPException):
            time.sleep(POLL_SECONDS)
            continue
        if status == 200:
            return body
        state = f"it answers {status}: {body[:200].decode(errors='replace')}"
        deadline = min(deadline, time.monotonic() + NOT_READY_SECONDS)
        time.sleep(POLL_SECONDS)
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    if process.poll() is not None:
        state = f"it ended with {process.returncode}: {lines[-1] if lines else 'no output'}"
    raise BenchError(one_line(state, 300))


def _stop(process: "subprocess.Popen[bytes]") -> None:
    processes = tree(process.pid) if sys.platform == "linux" else [process.pid]
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(STOP_SECONDS)
    for pid in processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait()
