"""The image that packs: a model file in, an artifact out that belongs to the caller."""

import os
from collections.abc import Iterator
from pathlib import Path

import joblib
import pytest
from sklearn.linear_model import LogisticRegression

from tests.support import containers
from tests.support.containers import docker
from tests.support.serving import ROOT

pytestmark = [pytest.mark.container, pytest.mark.slow]
CALLER = 1234  # not root, and not the image's user


@pytest.fixture(scope="module")
def packer() -> Iterator[str]:
    containers.require_engine()
    with containers.built(ROOT, "--target=pack") as name:
        yield name


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "caller"
    folder.mkdir()
    joblib.dump(LogisticRegression().fit([[0.0], [1.0]], ["no", "yes"]), folder / "model.joblib")
    (folder / "rows.csv").write_text("size,answer\n0,no\n1,yes\n")
    if os.getuid() == 0:
        for path in (folder, *folder.iterdir()):
            os.chown(path, CALLER, CALLER)
    return folder


def test_a_model_is_packed_and_the_artifact_is_the_caller_s(packer: str, folder: Path) -> None:
    pack = "pack model.joblib --sample rows.csv --target answer --out artifacts/mine"
    ended = docker("run", "--rm", f"--volume={folder}:/data", packer, *pack.split(), seconds=300)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "serve it:  slipway serve artifacts/mine" in ended.stdout
    made = [folder / "artifacts", *(folder / "artifacts").rglob("*")]
    assert folder / "artifacts/mine/manifest.json" in made
    assert {(path.stat().st_uid, path.stat().st_gid) for path in made} == {
        (folder.stat().st_uid, folder.stat().st_gid)
    }
    check = docker("run", "--rm", f"--volume={folder}:/data", packer, "check", "artifacts/mine")
    assert "The service would start with it." in check.stdout, check.stderr


def test_another_user_can_be_named(packer: str, folder: Path) -> None:
    flags = ("--rm", f"--volume={folder}:/data", f"--user={folder.stat().st_uid}")
    ended = docker("run", *flags, packer, "inspect", "model.joblib")
    assert ended.returncode == 0, ended.stderr
    assert "LogisticRegression" in ended.stdout


def test_it_prints_its_help(packer: str) -> None:
    ended = docker("run", "--rm", packer)
    assert ended.stdout.startswith("Usage: slipway ")
