"""Workers, all of them or the first process are killed, or memory runs out: it is soon back.

Processes are watched in the host's /proc. They are killed from a container that may, so that the
tests need no root of their own.
"""

import http.client
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.faults.conftest import Production, Report
from tests.support.bad_bodies import EXAMPLE
from tests.support.compose import Project
from tests.support.containers import docker, inspect, output
from tests.support.load import post, steady
from tests.support.memory_estimator import ENOUGH
from tests.support.serving import wait_until

TWO_WORKERS = {"environment": {"WEB_CONCURRENCY": "2"}}
RATE = 50  # requests per second
LONGEST = 15.0  # seconds; wider than what is promised, since others may use the machine, too


def first_process(own: Project) -> int:
    """Process 1 of the container, by its number on the host."""
    pid: int = inspect("container", own.container)["State"]["Pid"]
    return pid


def workers(master: int) -> set[int]:
    """A master's workers, by their numbers on the host."""
    return {int(pid) for pid in Path(f"/proc/{master}/task/{master}/children").read_text().split()}


def is_dead(process: int) -> bool:
    """Whether it ended, if only just now."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state in "ZX"


def seconds_until(back: Callable[[], bool], own: Project, processes: set[int]) -> float:
    """Kill processes; how long it takes from their death until something holds again."""
    code = f"import os; [os.kill(pid, 9) for pid in {processes}]"
    with ThreadPoolExecutor() as pool:
        killing = pool.submit(
            docker, "run", "--rm", "--pid=host", "--user=0", own.image, "python", "-c", code
        )
        wait_until(lambda: all(map(is_dead, processes)), "them to die", poll=0.001)
        start = time.monotonic()
        wait_until(back, "it to be back")
        seconds = time.monotonic() - start
        output(killing.result())
    return seconds


def test_a_lost_worker_is_replaced_and_only_its_own_requests_fail(
    production: Production, report: Report
) -> None:
    with production(**TWO_WORKERS) as own:
        master = first_process(own)
        lost, kept = workers(master)

        def is_back() -> bool:
            found = workers(master)
            return kept in found and len(found) == 2

        with steady(own.address, post(EXAMPLE.decode()), RATE) as load:
            wait_until(lambda: load.count(200) > RATE, "requests to be answered")
            seconds = seconds_until(is_back, own, {lost})
            answered = load.count(200)
            wait_until(lambda: load.count(200) > answered + RATE, "more to be answered")
    report(
        "SIGKILL of one of two workers",
        "another within 2 s; only requests in the killed one are lost",
        f"{seconds:.2f} s; {load.errors} of {load.count(200) + load.errors} lost",
    )
    assert seconds < LONGEST
    assert load.statuses == {200}
    assert load.errors <= 2  # what it was computing, and what came before its end was noticed


def test_all_workers_are_replaced(production: Production, report: Report) -> None:
    with production(**TWO_WORKERS) as own:
        seconds = seconds_until(own.is_ready, own, workers(first_process(own)))
        assert len(workers(first_process(own))) == 2
    report("SIGKILL of all workers", "an answer within 3 s", f"{seconds:.2f} s")
    assert seconds < LONGEST


def test_a_container_whose_first_process_is_lost_starts_again(
    production: Production, report: Report
) -> None:
    with production() as own:
        first = first_process(own)
        seconds = seconds_until(own.is_ready, own, {first})
        found = inspect("container", own.container)
        assert found["RestartCount"] == 1
        assert first_process(own) != first
    report(
        "SIGKILL of the first process, restart by the engine",
        "an answer within 2 s",
        f"{seconds:.2f} s, of which most is Python's imports",
    )
    assert seconds < LONGEST


def test_memory_that_runs_out_takes_a_worker_and_not_the_container(
    production: Production, memory_model: dict[str, Any], report: Report
) -> None:
    ask = json.dumps({"instances": [[ENOUGH, 0.0]]})
    times = []
    with production(**memory_model) as own:
        assert own.request("POST", "/predict", json.dumps({"instances": [[1.0, 2.0]]}))[0] == 200
        for _ in range(3):
            try:
                own.request("POST", "/predict", ask)
                raise AssertionError("there was memory enough")
            except (OSError, http.client.HTTPException):
                start = time.monotonic()
            wait_until(own.is_ready, "it to be back")
            times.append(time.monotonic() - start)
        found = inspect("container", own.container)
        assert found["RestartCount"] == 0
        log = docker("logs", own.container).stdout
    report(
        "out of memory in a request, 256 MB, three times",
        "an answer within 2 s; the container lives",
        f"at most {max(times):.2f} s; not restarted",
    )
    assert log.count("Perhaps out of memory?") == 3
    assert max(times) < LONGEST
