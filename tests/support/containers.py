"""Builds images, runs and inspects containers, and removes them, also after a failure."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import files
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.support.serving import ROOT, TIMEOUT_SECONDS, clean_environment, wait_until

BUILD_SECONDS = 1200.0  # the first build downloads all packages
MODEL = "/app/artifacts/model"
LABELS = {"VERSION": "1.2.3", "REVISION": "0" * 40, "CREATED": "2026-01-02T03:04:05Z"}
PROBE = ("python", "-m", "service.healthcheck")

Finished = subprocess.CompletedProcess[str]


def docker(
    *arguments: str, seconds: float = TIMEOUT_SECONDS, stdin: str = "", **environment: str
) -> Finished:
    """Run a docker command to its end; the exit code is not checked."""
    return subprocess.run(
        ["docker", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=seconds,
        cwd=ROOT,
        env=clean_environment(**environment),
    )


def output(finished: Finished) -> str:
    """The output of a command; the test fails if the command did."""
    assert finished.returncode == 0, finished.stderr
    return finished.stdout.strip()


def require_engine() -> None:
    """Skip the test if no container can run on this machine; fail in CI."""
    try:
        answers = [docker(*tool, "version", seconds=10) for tool in ((), ("compose",), ("buildx",))]
        reasons = [answer.stderr for answer in answers if answer.returncode]
    except (OSError, subprocess.TimeoutExpired) as error:
        reasons = [str(error)]
    if reasons:
        reason = f"no container engine: {' '.join(reasons[0].split())}"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)


def unique() -> str:
    """A unique name for an image, a container or a project."""
    return f"slipway-test-{uuid4().hex[:12]}"


def inspect(kind: str, name: str) -> dict[str, Any]:
    """The engine's description of an image or a container."""
    [found] = json.loads(output(docker(kind, "inspect", name)))
    return dict(found)


def run(image: str, *command: str, flags: tuple[str, ...] = ()) -> Finished:
    """Run a container without a network to its end."""
    name = unique()
    try:
        return docker("run", "--name", name, "--network", "none", *flags, image, *command)
    finally:
        docker("rm", "--force", "--volumes", name)


def execute(container: str, *command: str) -> Finished:
    """Run a command inside a running container."""
    return docker("exec", container, *command)


@contextmanager
def serving(image: str, *flags: str) -> Iterator[str]:
    """Run the service without a network, and yield its container once the health check succeeds."""
    name = unique()
    try:
        output(docker("run", "--detach", "--name", name, "--network", "none", *flags, image))
        wait_until(lambda: _answers(name), f"an answer in {flags}")
        yield name
    finally:
        docker("rm", "--force", "--volumes", name)


def _answers(container: str) -> bool:
    asked = execute(container, *PROBE)
    assert "is not running" not in asked.stderr, docker("logs", container)
    return asked.returncode == 0


@contextmanager
def built(context: Path, *flags: str) -> Iterator[str]:
    """Build an image with `docker build`, and yield its name."""
    name = unique()
    try:
        output(docker("build", *flags, "--tag", name, str(context), seconds=BUILD_SECONDS))
        yield name
    finally:
        docker("image", "rm", "--force", name)


def private_checkout(folder: Path, artifact: Path) -> Path:
    """Copy the files for an image with a packed artifact, readable only by their owner."""
    shutil.copytree(ROOT / "service", folder / "service")
    shutil.copytree(ROOT / "slipway", folder / "slipway", symlinks=True)
    shutil.copytree(artifact, folder / "artifacts/another")
    shutil.copy(ROOT / "gunicorn.conf.py", folder)
    for path in folder.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
    shutil.copytree(ROOT / "requirements", folder / "requirements")
    for path in (ROOT / "Dockerfile", ROOT / ".dockerignore", ROOT / "requirements.txt"):
        shutil.copy(path, folder)  # with its time, or all packages would be installed again
    return folder


def packages(lock: str, folder: Path) -> Path:
    """Copy the pure Python packages of a lock, for a container to import."""
    for name in re.findall(r"^([a-z0-9-]+)==", (ROOT / lock).read_text(), re.M):
        for file in files(name) or ():
            if file.parts[0] != ".." and "__pycache__" not in file.parts:
                (folder / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(str(file.locate()), folder / file)
    return folder


@contextmanager
def another_image_name(checkout: Path) -> Iterator[str]:
    """Make the docker-compose.yml of the checkout build an image with a unique name."""
    file, name = checkout / "docker-compose.yml", unique()
    committed = file.read_text()
    file.write_text(committed.replace("image: slipway", f"image: {name}"))
    try:
        yield name
    finally:
        file.write_text(committed)
        docker("image", "rm", name)
