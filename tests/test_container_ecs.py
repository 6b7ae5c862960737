"""The image, run with the committed task definition as Fargate would run it."""

import http.client
import json
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from ecs.template import FOLDER
from service.bench.client import Address
from tests.support.compose import address_of
from tests.support.containers import docker, execute, inspect, output, run, unique
from tests.support.serving import TIMEOUT_SECONDS, wait_until

pytestmark = [pytest.mark.container, pytest.mark.slow]

TASK: dict[str, Any] = json.loads((FOLDER / "task-definition.json").read_text())
[APP] = TASK["containerDefinitions"]
EXAMPLE = json.dumps({"sensor_1": [1, 2.0, 3], "sensor_2": [1, -1, 0]})


def flags(most_files: int) -> Iterator[str]:
    """The flags of `docker run` that say the same as the task definition.

    Not: its log and its restart policy, which are ECS' own, and its image. An engine that may not
    raise a limit so far gets its own.
    """
    yield f"--cpus={int(TASK['cpu']) / 1024}"
    yield f"--memory={TASK['memory']}m"
    yield f"--user={APP['user']}"
    yield f"--read-only={json.dumps(APP['readonlyRootFilesystem'])}"
    linux = APP["linuxParameters"]
    yield f"--init={json.dumps(linux['initProcessEnabled'])}"
    yield from (f"--cap-drop={name}" for name in linux["capabilities"]["drop"])
    for tmpfs in linux["tmpfs"]:
        options = ",".join([f"size={tmpfs['size']}m", *tmpfs["mountOptions"]])
        yield f"--tmpfs={tmpfs['containerPath']}:{options}"
    yield from (f"--env={one['name']}={one['value']}" for one in APP["environment"])
    for limit in APP["ulimits"]:
        soft, hard = (min(limit[name], most_files) for name in ("softLimit", "hardLimit"))
        yield f"--ulimit={limit['name']}={soft}:{hard}"
    check = APP["healthCheck"]
    assert check["command"][0] == "CMD"
    yield f"--health-cmd={shlex.join(check['command'][1:])}"
    yield f"--health-interval={check['interval']}s"
    yield f"--health-timeout={check['timeout']}s"
    yield f"--health-retries={check['retries']}"
    yield f"--health-start-period={check['startPeriod']}s"
    yield f"--stop-timeout={APP['stopTimeout']}"


@contextmanager
def running(image: str) -> Iterator[str]:
    """A container of the task; it is removed afterwards."""
    name = unique()
    allowed = output(run(image, "sh", "-c", "ulimit -H -n"))
    most_files = int(allowed) if allowed.isdigit() else sys.maxsize
    try:
        output(docker("run", "--detach", "--name", name, *flags(most_files), image))
        yield name
    finally:
        docker("rm", "--force", "--volumes", name)


def ask(
    address: Address, method: str, path: str, body: str | None = None
) -> tuple[int, bytes, str]:
    """Status, body and what the service wants of the connection; 0 without an answer."""
    connection = http.client.HTTPConnection(*address, timeout=TIMEOUT_SECONDS)
    try:
        connection.request(method, path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read(), answer.getheader("Connection", "")
    except OSError:
        return 0, b"", ""
    finally:
        connection.close()


def test_a_task_as_fargate_runs_it_answers_the_example_and_drains(image: str) -> None:
    with running(image) as container:
        port = APP["portMappings"][0]["containerPort"]
        address = address_of(container, port)
        wait_until(lambda: ask(address, "GET", "/health")[0] == 200, "the service to be ready")
        status, body, _ = ask(address, "POST", "/predict", EXAMPLE)
        assert (status, json.loads(body)) == (200, {"class": [0.0, 1.0, 1.0]})
        assert ask(address, "GET", "/metrics")[0] == 404

        mounts = output(execute(container, "cat", "/proc/mounts")).splitlines()
        options = {line.split()[1]: line.split()[3].split(",") for line in mounts}
        assert options["/"][0] == "ro"
        assert {"rw", "noexec", "nosuid", "nodev", "size=16384k"} <= {*options["/tmp"]}  # noqa: S108
        assert output(execute(container, "id", "-u")) == APP["user"].split(":")[0]
        rights = output(execute(container, "grep", "CapEff", "/proc/1/status"))
        assert rights.split() == ["CapEff:", 16 * "0"]

        def health() -> str:
            return str(inspect("container", container)["State"]["Health"]["Status"])

        wait_until(lambda: health() == "healthy", "its health check to succeed")

        begin = time.monotonic()
        stop = subprocess.Popen(["docker", "stop", container], stdout=subprocess.DEVNULL)
        try:
            wait_until(lambda: ask(address, "GET", "/health")[0] == 503, "it to say that it goes")
            status, body, connection = ask(address, "POST", "/predict", EXAMPLE)
            assert (status, json.loads(body)) == (200, {"class": [0.0, 1.0, 1.0]})
            assert connection.lower() == "close"
        finally:
            assert stop.wait(APP["stopTimeout"] + TIMEOUT_SECONDS) == 0
        took = time.monotonic() - begin
        [drain] = [
            int(one["value"])
            for one in APP["environment"]
            if one["name"] == "SERVICE_DRAIN_SECONDS"
        ]
        assert drain <= took < APP["stopTimeout"]  # it was not killed
        assert inspect("container", container)["State"]["ExitCode"] == 0
