"""What all tests share: one trained artifact, an app on it, one real server."""

import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from threadpoolctl import threadpool_limits

from service.app import create_app
from service.model import remote
from service.model.artifact import file_entry
from service.model.predictor import Predictor
from service.settings import Settings
from tests.support import aws as aws_server
from tests.support import buckets, compose, containers, running, stranger
from tests.support.buckets import Proxy
from tests.support.compose import Project
from tests.support.running import pytest_collection_modifyitems, pytest_xdist_make_scheduler
from tests.support.serving import Server, serve
from training import errors
from training.sensor_example import data
from training.sensor_example.fit import fit

__all__ = ["pytest_collection_modifyitems", "pytest_xdist_make_scheduler"]  # hooks
errors.strict = True


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    """Compute as a worker does: on a busy machine threads that wait for others cost 20 times."""
    with threadpool_limits(1), pytest.MonkeyPatch.context() as commands:
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
            commands.setenv(name, "1")
        yield


@pytest.fixture(scope="session")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sensor model as `slipway fit` packs it; not to be changed."""
    folder = tmp_path_factory.mktemp("artifacts") / "model"
    fit(data.DEFAULT, folder)
    return folder


@pytest.fixture
def own_artifact(artifact: Path, tmp_path: Path) -> Path:
    """A copy of the artifact that a test may spoil."""
    return Path(shutil.copytree(artifact, tmp_path / "model"))


@pytest.fixture
def edit_manifest(own_artifact: Path) -> Callable[[Callable[[dict[str, Any]], object]], None]:
    """Change the manifest of `own_artifact` with a function that is given its content."""

    def edit(change: Callable[[dict[str, Any]], object]) -> None:
        path = own_artifact / "manifest.json"
        content = json.loads(path.read_text())
        change(content)
        path.write_text(json.dumps(content))

    return edit


@pytest.fixture
def write_listed(
    own_artifact: Path, edit_manifest: Callable[[Callable[[dict[str, Any]], object]], None]
) -> Callable[[str, bytes], None]:
    """Write a file into `own_artifact`, and list its digest in the manifest."""

    def write(name: str, content: bytes) -> None:
        (own_artifact / name).write_bytes(content)
        entry = asdict(file_entry(content))
        edit_manifest(lambda manifest: manifest["files"].update({name: entry}))

    return write


@pytest.fixture(scope="session")
def predictor(artifact: Path) -> Predictor:
    """The loaded sensor model."""
    return Predictor.load(artifact)


@pytest.fixture
def app(predictor: Predictor) -> Flask:
    """The app; pytest-flask makes `client` of it. Crashes answer 500, as in production."""
    return create_app(Settings(), predictor)


@pytest.fixture
def lines(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> Callable[[], list[dict[str, Any]]]:
    """The lines of requests since the last call."""
    caplog.set_level("INFO")
    return lambda: [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.fixture(scope="session")
def server(artifact: Path) -> Iterator[Server]:
    """A real gunicorn with the committed configuration, shared by the tests that only ask."""
    with serve(artifact) as running:
        yield running


@pytest.fixture(scope="session")
def s3(artifact: Path) -> Iterator[str]:
    """Where S3 answers; it has the artifact."""
    with aws_server.moto() as endpoint:
        buckets.upload(endpoint, artifact, buckets.PREFIX)
        yield endpoint


@pytest.fixture(scope="session")
def boto() -> Any:
    """What boto3 keeps between its clients: to read all its descriptions anew takes time."""
    import boto3  # heavy, as in the service

    return boto3.session.Session()


@pytest.fixture
def proxy(s3: str, boto: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Proxy]:
    """What lies between boto3 and S3; this process waits less for either than production does."""
    monkeypatch.setattr("boto3.DEFAULT_SESSION", boto)
    monkeypatch.setattr(remote, "FIRST_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(remote, "MAX_PAUSE_SECONDS", 0.02)
    (tmp_path / "memory").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "memory"))
    with buckets.proxied(s3) as own:
        for name, value in buckets.credentials(own.endpoint).items():
            monkeypatch.setenv(name, value)
        yield own


@pytest.fixture(scope="session")
def image() -> Iterator[str]:
    """The image, built once."""
    containers.require_engine()
    with compose.built_by_compose(
        *(f"--build-arg={name}={value}" for name, value in containers.LABELS.items())
    ) as name:
        yield name


@pytest.fixture(scope="session")
def api(image: str) -> Iterator[Project]:
    """The service as `docker compose up` starts it, shared by the tests that only look."""
    with compose.project(image) as own:
        own.compose("up", "--wait")
        yield own


@pytest.fixture(scope="session")
def aws() -> Iterator[aws_server.Client]:
    """Clients of AWS' services in one account, as moto has it; tests share it."""
    with aws_server.moto() as endpoint:
        clients: dict[str, Any] = {}
        yield lambda name: clients.setdefault(name, aws_server.client(endpoint, name))
        for one in clients.values():
            one.close()


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What git would clone, with what is not committed yet."""
    return stranger.checkout(tmp_path_factory.mktemp("stranger") / "slipway")


@pytest.fixture(scope="session")
def developed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Such a checkout with all installed, which takes a minute: CI itself begins with that."""
    folder = stranger.checkout(tmp_path_factory.mktemp("developer") / "slipway")
    (folder / ".venv").symlink_to(sys.prefix)
    return folder


@pytest.fixture
def report_lines(record_property: Callable[[str, object], None]) -> Iterator[list[str]]:
    """Lines that the run prints at its end."""
    lines: list[str] = []
    yield lines
    for line in lines:
        record_property("report_lines", line)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the lines of `report_lines`."""
    for line in running.recorded(terminalreporter, "report_lines"):
        terminalreporter.write_line(line)
