"""Every command of README.md and CONTRIBUTING.md, run as a stranger would, in a fresh checkout."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.containers import docker, require_engine, unique
from tests.serving import ROOT, Server, clean_environment, free_port, wait_until

pytestmark = pytest.mark.slow

README = (ROOT / "README.md").read_text()
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()
URL = "http://127.0.0.1:8080"


def commands(page: str) -> list[str]:
    """The commands in the page's shell blocks, each on one line."""
    blocks = re.findall(r"^```sh\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.replace("\\\n  ", "").splitlines()]


def curls() -> list[tuple[str, Any]]:
    """Each curl command of the README, with the answer that stands below it."""
    found = re.findall(r"^```sh\n(curl.*?)^```\n\n```json\n(.*?)^```", README, re.M | re.S)
    return [(command.replace("\\\n", ""), json.loads(answer)) for command, answer in found]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What git would clone, with what is not committed yet."""
    folder = tmp_path_factory.mktemp("stranger") / "slipway"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.rstrip("\0").split("\0"):
        if (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


@contextmanager
def foreground(
    checkout: Path, command: str, port: int, interrupt: Callable[[int, int], None]
) -> Iterator[Server]:
    """Run a command that serves until it is interrupted; it must end by itself then."""
    log = checkout.parent / f"{port}.log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            shlex.split(command),
            cwd=checkout,
            env=clean_environment(PORT=str(port), COMPOSE_PROJECT_NAME=f"slipway-test-{port}"),
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    server = Server(process, port, log)
    try:
        wait_until(lambda: answers(server), f"{command} to serve", patience=600)
        yield server
    finally:
        interrupt(process.pid, signal.SIGINT)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise


def answers(server: Server) -> bool:
    assert server.process.poll() is None, server.log.read_text()
    try:
        return server.request("GET", "/health").status == 200
    except OSError:
        return False


def try_curls(port: int) -> None:
    """Paste each curl of the README into a shell; only the port is another."""
    for command, promised in curls():
        pasted = command.replace(URL, f"http://127.0.0.1:{port}")
        done = subprocess.run(["sh", "-c", pasted], capture_output=True, check=True)
        answer = json.loads(done.stdout)
        if "request_id" in promised:
            answer["request_id"] = promised["request_id"]
        assert answer == promised


def test_no_command_is_left_out_here() -> None:
    tried = {*DONE_BY_MAKE, *DONE_BY_DOCKER, *(" ".join(c.split()) for c, _ in curls())}
    assert {" ".join(line.split()) for line in commands(README + CONTRIBUTING)} == tried
    assert len(curls()) == 2


DONE_BY_MAKE = {
    "make serve",
    "make test",
    "make check",
    ".venv/bin/python -m training fit --data training/data/sensors.csv --out artifacts/model",
}
DONE_BY_DOCKER = {"docker compose up", "docker build --build-arg MODEL=packed --tag slipway ."}


def test_make_serves_the_published_example_and_stops_on_ctrl_c(checkout: Path) -> None:
    port = free_port()
    with foreground(checkout, "make serve", port, os.killpg) as server:  # as Ctrl-C does
        try_curls(port)
        log = server.log.read_text()
        assert f"curl http://127.0.0.1:{port}/predict" in log
    log = server.log.read_text()
    assert "Traceback" not in log
    assert "Shutting down: Master" in log
    assert (checkout / "artifacts/model/model.joblib").exists()


def test_make_tests(checkout: Path) -> None:
    # collecting imports every test; running them all here would never end
    run(checkout, "make test", PYTEST_ADDOPTS="--collect-only -q")


def test_make_checks(checkout: Path) -> None:
    planned = run(checkout, "make --dry-run check")
    assert [word for word in ("ruff", "mypy", "diff", "pytest --cov") if word not in planned] == []


def test_fitting_by_hand_replaces_the_artifact(checkout: Path) -> None:
    [command] = [line for line in DONE_BY_MAKE if "training fit" in line]
    run(checkout, "make .venv/serving")
    assert "balanced accuracy" in run(checkout, command)


@pytest.mark.container
def test_docker_compose_serves_the_published_example_and_stops_on_ctrl_c(checkout: Path) -> None:
    require_engine()
    port, tag = free_port(), unique()
    compose = checkout / "docker-compose.yml"
    compose.write_text(compose.read_text().replace("image: slipway", f"image: {tag}"))
    try:
        # to the one process: some releases of compose panic when a group's signal comes twice
        with foreground(checkout, "docker compose up", port, os.kill):
            try_curls(port)
        container = f"slipway-test-{port}-api-1"
        ended = docker("inspect", "--format", "{{.State.ExitCode}}", container)
        assert ended.stdout == "0\n", ended.stderr
    finally:
        docker("compose", "--project-name", f"slipway-test-{port}", "down", seconds=120)
        docker("image", "rm", tag)


@pytest.mark.container
def test_docker_builds_with_the_packed_artifact(checkout: Path) -> None:
    require_engine()
    run(checkout, "make train")
    tag = unique()
    command = "docker build --build-arg MODEL=packed --tag slipway ."
    assert command in DONE_BY_DOCKER
    try:
        run(checkout, command.replace("--tag slipway", f"--tag {tag}"))
    finally:
        docker("image", "rm", tag)


def run(checkout: Path, command: str, **environment: str) -> str:
    """Run a command to its end; what it printed."""
    ended = subprocess.run(
        shlex.split(command),
        cwd=checkout,
        env=clean_environment(**environment),
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout
