"""The wheel: what it requires, and that it packs and serves far from any checkout."""

import json
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import joblib
import pytest
from sklearn.linear_model import LogisticRegression

from service import __version__
from tests.support.serving import ROOT, Server, clean_environment, free_port, wait_until

UV = Path(sys.executable).with_name("uv")
PROJECT: Mapping[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
BUILT_FROM = ("pyproject.toml", "requirements.in", "README.md", "LICENSE", "gunicorn.conf.py")
PACKAGES = ("slipway", "service", "training", "ecs")
LOCKS = ("requirements.txt", "requirements/training.txt", "requirements/pandas.txt")


def listed(name: str) -> list[str]:
    """The packages in a file of requirements, without comments and constraints."""
    lines = (ROOT / name).read_text().splitlines()
    lines = [re.sub(r"\s*#.*", "", line).strip() for line in lines]
    return sorted(line for line in lines if line and not line.startswith("-c"))


def run(*command: object, folder: Path, **settings: str) -> str:
    ended = subprocess.run(
        [str(one) for one in command],
        cwd=folder,
        env=clean_environment(**settings),
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout + ended.stderr


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of commands of an environment with nothing but the wheel and what it requires."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for name in BUILT_FROM:
        shutil.copy(ROOT / name, source)
    for name in PACKAGES:
        hidden = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, source / name, symlinks=True, ignore=hidden)
    run(UV, "build", "--quiet", "--wheel", "--out-dir", folder, source, folder=folder)
    [wheel] = folder.glob("*.whl")
    assert wheel.name == f"slipway_serving-{__version__}-py3-none-any.whl"
    python = folder / "env/bin/python"
    run(UV, "venv", "--quiet", "--python", sys.executable, folder / "env", folder=folder)
    install = (UV, "pip", "install", "--quiet", "--python", python, "--no-deps")
    run(
        *install,
        "--require-hashes",
        *(f"--requirement={ROOT / name}" for name in LOCKS),
        folder=folder,
    )
    run(*install, wheel, folder=folder)
    return python.parent


def test_extras_are_those_of_the_files_of_requirements() -> None:
    extras: Mapping[str, list[str]] = PROJECT["optional-dependencies"]
    files = {name: listed(f"requirements/{name}.in") for name in extras if name != "pack"}
    assert {name: sorted(extras[name]) for name in files} == files
    packing = listed("requirements/training.in") + listed("requirements/pandas.in")
    assert sorted(extras["pack"]) == sorted(packing)


@pytest.mark.slow
def test_the_wheel_s_requirements_are_what_the_locks_have(installed: Path) -> None:
    run(UV, "pip", "check", "--python", installed / "python", folder=installed)


@pytest.mark.slow
def test_the_wheel_packs_and_serves_in_another_folder(installed: Path, tmp_path: Path) -> None:
    model = LogisticRegression().fit([[0.0], [1.0]], ["no", "yes"])
    joblib.dump(model, tmp_path / "model.joblib")
    (tmp_path / "rows.csv").write_text("size\n0\n1\n")
    slipway = installed / "slipway"
    assert __version__ in run(slipway, "--version", folder=tmp_path)
    pack = (slipway, "pack", "model.joblib", "--sample", "rows.csv", "--out", "mine")
    said = run(*pack, folder=tmp_path)
    [serve] = re.findall(r"^serve it: +(\S+) serve mine$", said, re.MULTILINE)
    assert serve == str(slipway)
    assert "would start" in run(slipway, "check", "mine", folder=tmp_path)
    assert "balanced accuracy" in run(slipway, "fit", "--out", "sensors", folder=tmp_path)
    port = free_port()
    log = tmp_path / "log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [serve, "serve", "mine", "--port", str(port)],
            cwd=tmp_path,
            env=clean_environment(),
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until(lambda: "ASGI server listening" in log.read_text(), "the service", patience=60)
        server = Server(process, port, log)
        answer = server.predict('{"size": [5, -5]}')
        assert json.loads(answer.body) == {"prediction": ["yes", "no"]}
        about = json.loads(server.request("GET", "/model").body)
        assert about["server"] == {"name": "slipway", "version": __version__}
        assert f"Slipway {__version__}".encode() in server.request("GET", "/").body
    finally:
        process.terminate()
        assert process.wait(30) == 0, log.read_text()


@pytest.mark.slow
def test_deploying_says_what_a_wheel_lacks(installed: Path, tmp_path: Path) -> None:
    ended = subprocess.run(
        [installed / "slipway", "deploy"],
        cwd=tmp_path,
        env=clean_environment(),
        capture_output=True,
        text=True,
    )
    assert (ended.returncode, ended.stderr.count("\n")) == (69, 1)
    assert ended.stderr.startswith("slipway: deploy needs botocore, which is not installed here")
