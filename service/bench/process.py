"""A server as a process: on a core of its own, the time to its first answer, its memory."""

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
REFUSED_SECONDS = 15.0  # some listen before their model is there
POLL_SECONDS = 0.005


class BenchError(SlipwayError):
    """A model that cannot be measured."""

    exit_code = os.EX_UNAVAILABLE


@dataclass(frozen=True, slots=True)
class Started:
    """A server that has given its first answer, after so many seconds."""

    pid: int
    seconds: float
    answer: bytes

    def megabytes(self) -> float:
        """Memory of all its processes; what they share counts once. Linux, or else 0."""
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
    """Run a server until the block ends, which begins when the request is answered with 200.

    BenchError says what it answered instead, or the last line of its log. It runs on the first core
    that there is; whoever calls this should be on another one: see `on_core`.
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
    """Keep this thread, and processes that it starts meanwhile, on one of the cores (Linux)."""
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


def ask(address: Address, request: bytes, patience: float = 60.0) -> tuple[int, bytes]:
    """Send one request over its own connection: status and body of the answer."""
    with socket.create_connection(address, timeout=patience) as connection:
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
        with contextlib.suppress(OSError):  # it has just ended
            fields = status.read_text().rpartition(")")[2].split()
            parents[int(status.parent.name)] = int(fields[1])
    found = [pid]
    for parent in found:  # it grows meanwhile
        found += [child for child, its in parents.items() if its == parent]
    return found


def proportional_bytes(pid: int) -> int:
    """Memory of a process, with its share of what it has in common with others (PSS)."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def _first_answer(
    process: "subprocess.Popen[bytes]", address: Address, request: bytes, log: Path
) -> bytes:
    deadline = time.monotonic() + START_SECONDS
    told = "nothing listens"
    while process.poll() is None and time.monotonic() < deadline:
        try:
            status, body = ask(address, request)
        except (OSError, HTTPException):
            time.sleep(POLL_SECONDS)
            continue
        if status == 200:
            return body
        told = f"it answers {status}: {body[:200].decode(errors='replace')}"
        deadline = min(deadline, time.monotonic() + REFUSED_SECONDS)
        time.sleep(POLL_SECONDS)
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    if process.poll() is not None:
        told = f"it ended with {process.returncode}: {lines[-1] if lines else 'without a word'}"
    raise BenchError(one_line(told, 300))


def _stop(process: "subprocess.Popen[bytes]") -> None:
    family = tree(process.pid) if sys.platform == "linux" else [process.pid]
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(STOP_SECONDS)
    for pid in family:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait()
