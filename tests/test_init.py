"""`slipway init`: the files beside an artifact, and the image that Docker builds of them."""

import http.client
import json
import shutil
from pathlib import Path
from typing import Any

import joblib
import pytest
import yaml
from sklearn.linear_model import LogisticRegression

from slipway.command import main
from slipway.init import build_command
from tests.support import containers
from tests.support.containers import docker, output
from tests.support.own_code import saved
from tests.support.serving import ROOT, free_port, wait_until

COMMITTED = (
    *("pull_policy", "read_only", "tmpfs", "cap_drop", "security_opt", "mem_limit", "pids_limit"),
    *("stop_grace_period", "restart", "ports", "environment"),
)


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """An artifact that only its owner may read."""
    joblib.dump(LogisticRegression().fit([[0.0], [9.0]], ["no", "yes"]), tmp_path / "size.joblib")
    (tmp_path / "rows.csv").write_text("size\n0\n9\n")
    folder = tmp_path / "artifacts/My sizes"
    given = [tmp_path / "size.joblib", "--sample", tmp_path / "rows.csv", "--out", folder]
    assert main(["pack", *map(str, given)]) == 0
    for path in folder.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
    return folder


def change(folder: Path, **values: Any) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def test_the_compose_file_is_that_of_the_repository(mine: Path) -> None:
    assert main(["init", str(mine)]) == 0
    written = yaml.safe_load((mine.parent / "compose.yaml").read_text())
    service = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["slipway"]
    assert written["services"]["my-sizes"] == {
        **{name: service[name] for name in COMMITTED},
        "build": ".",
        "image": "my-sizes",
    }


def test_files_that_exist_stay(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (mine.parent / "compose.yaml").write_text("mine")
    assert main(["init", str(mine)]) == 73
    assert "compose.yaml exists: delete it" in capsys.readouterr().err
    assert (mine.parent / "compose.yaml").read_text() == "mine"
    assert not (mine.parent / "Dockerfile").exists()


def test_code_that_the_artifact_brings_must_be_trusted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    saved(tmp_path)
    given = [tmp_path / "model.joblib", "--sample", tmp_path / "rows.csv", "--target", "y"]
    code = f"{tmp_path / 'readings.py'}:Ratio"
    folder = str(tmp_path / "ratios")
    assert main(["pack", *map(str, given), "--no-report", "--code", code, "--out", folder]) == 0
    digest = json.loads((tmp_path / "ratios/manifest.json").read_text())["code"]["digest"]
    assert main(["init", folder]) == 65
    assert f"if you do trust it: --trust-code {digest}" in capsys.readouterr().err
    assert main(["init", folder, "--trust-code", digest]) == 0
    assert f"SERVICE_TRUSTED_CODE={digest}" in (tmp_path / "Dockerfile").read_text()
    assert "first:     make image (in the checkout)\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("image", "needed", "command"),
    [
        ("slipway", [], "make image (in the checkout)"),
        ("mine:1", [], "docker build --tag mine:1 . (in the checkout)"),
        (
            "slipway",
            ["pandas", "xgboost", "lightgbm"],
            'docker build --tag slipway --build-arg REQUIREMENTS="requirements.txt '
            'requirements/pandas.txt requirements/companions.txt" . (in the checkout)',
        ),
    ],
)
def test_it_prints_the_command_that_builds_the_image_of_the_service(
    image: str, needed: list[str], command: str
) -> None:
    assert build_command(image, needed) == command


def test_an_artifact_with_its_own_lock_is_refused(
    mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = json.loads((mine / "manifest.json").read_text())["files"]
    change(mine, files={**files, "requirements.txt": {"sha256": "0" * 64, "bytes": 1}})
    assert main(["init", str(mine)]) == 65
    assert "build the image in a checkout" in capsys.readouterr().err


@pytest.mark.container
@pytest.mark.slow
def test_docker_builds_and_serves_it(image: str, mine: Path) -> None:
    named = mine.with_name(f"{containers.unique()} x")  # and so no other image has its name
    shutil.move(mine, named)
    assert main(["init", str(named), "--image", image]) == 0
    dockerfile = (named.parent / "Dockerfile").read_text()
    assert len(dockerfile.splitlines()) == 3
    compose = ("compose", "--file", str(named.parent / "compose.yaml"))
    port = free_port()
    try:
        output(docker(*compose, "up", "--detach", seconds=300, PORT=str(port)))
        wait_until(lambda: asked(port) == (200, {"prediction": ["no", "yes"]}), "an answer")
    finally:
        docker(*compose, "down", "--timeout", "0", seconds=60)
        docker("image", "rm", "--force", named.name.replace(" ", "-"))


def asked(port: int) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        body = json.dumps({"size": [0, 9]})
        connection.request("POST", "/predict", body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    except (OSError, http.client.HTTPException):
        return 0, None
    finally:
        connection.close()
