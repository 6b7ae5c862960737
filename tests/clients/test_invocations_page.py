"""The commands in docs/clients.md for SageMaker and MLflow, run unchanged."""

import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.serving import ROOT, Server, serve
from tests.support.stranger import commands, script

pytestmark = pytest.mark.slow

PAGE = (ROOT / "docs/clients.md").read_text()
SAGEMAKER = PAGE.split("\n## SageMaker\n")[1].split("\n## ")[0]
MLFLOW = PAGE.split("\n## MLflow\n")[1].split("\n## ")[0]
ANSWER = [0.0, 1.0, 1.0]
AWS = {"AWS_DEFAULT_REGION": "eu-north-1", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}


@pytest.fixture(scope="module")
def server(artifact: Path) -> Iterator[Server]:
    with serve(artifact, SERVICE_PROTOCOLS="sagemaker,mlflow") as running:
        yield running


def printed(python: Path | str, page: str, server: Server) -> str:
    """What the page's script prints."""
    pasted = script(page).replace("8080", str(server.port))
    command, environment = [python, "-c", pasted], {**os.environ, **AWS}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_sagemaker_s_client_gets_predictions(server: Server) -> None:
    assert json.loads(printed(sys.executable, SAGEMAKER, server)) == ANSWER


def test_mlflow_s_client_gets_predictions(server: Server, clients_python: Path) -> None:
    assert json.loads(printed(clients_python, MLFLOW, server)) == ANSWER


def test_the_archive_holds_what_sagemaker_unpacks(artifact: Path, tmp_path: Path) -> None:
    _, command, _ = commands(SAGEMAKER)
    (tmp_path / "artifacts").mkdir()
    (tmp_path / "artifacts/model").symlink_to(artifact)
    subprocess.run(command.split(), check=True, cwd=tmp_path)
    with tarfile.open(tmp_path / "model.tar.gz") as archive:
        files = {path.name for path in artifact.iterdir()}
        assert {f"./{name}" for name in files} <= set(archive.getnames())
        assert all(one.mode & 0o004 for one in archive)
