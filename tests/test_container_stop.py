"""A container ends on SIGTERM, in any state, with exit code 0."""

import os
import time
from pathlib import Path

import pytest

from tests.support import containers
from tests.support.compose import project
from tests.support.containers import docker, inspect, output, unique
from tests.support.serving import wait_until

pytestmark = [pytest.mark.container, pytest.mark.slow]

HARDENED = ("--read-only", "--cap-drop=ALL", "--user=12345:12345", "--env=SERVICE_DRAIN_SECONDS=1")


def test_compose_stop_ends_it_well_within_its_grace(image: str) -> None:
    with project(image) as own:
        own.compose("up", "--detach")
        wait_until(own.is_ready, "the service to be ready")
        begin = time.monotonic()
        own.compose("stop")
        took = time.monotonic() - begin
        found = inspect("container", own.container)
    assert found["State"]["ExitCode"] == 0
    assert took < found["Config"]["StopTimeout"] / 2


@pytest.mark.parametrize("flags", [(), HARDENED], ids=["plain", "hardened, as any user"])
def test_docker_stop_ends_a_container_with_exit_code_0(image: str, flags: tuple[str, ...]) -> None:
    with containers.serving(image, *flags) as container:
        output(docker("stop", container))
        assert inspect("container", container)["State"]["ExitCode"] == 0


def test_a_container_that_is_still_starting_ends_at_once(image: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "manifest.json")  # to read it takes for ever
    tmp_path.chmod(0o755)
    name = unique()
    volume = f"--volume={tmp_path}:/app/artifacts/model:ro"
    try:
        output(docker("run", "--detach", "--name", name, volume, image))
        wait_until(lambda: handles_sigterm(name), "a handler of SIGTERM")
        begin = time.monotonic()
        output(docker("stop", "--time", "20", name))
        assert time.monotonic() - begin < 10
        assert inspect("container", name)["State"]["ExitCode"] == 0
    finally:
        docker("rm", "--force", "--volumes", name)


def handles_sigterm(container: str) -> bool:
    """Whether process 1 has a handler for signal 15."""
    status = docker("exec", container, "cat", "/proc/1/status").stdout
    caught = [line.split()[1] for line in status.splitlines() if line.startswith("SigCgt")]
    return bool(caught) and bool(int(caught[0], 16) & 1 << 14)
