"""The wheel: what it requires, and that it packs and serves far from any checkout."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import joblib
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from service import __version__
from tests.support.serving import ROOT, Server, clean_environment, free_port, wait_until

UV = Path(sys.executable).with_name("uv")
WITH_UV = f"{UV.parent}:{os.environ['PATH']}"
PROJECT: Mapping[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
BUILT_FROM = ("pyproject.toml", "requirements.in", "README.md", "LICENSE", "gunicorn.conf.py")
PACKAGES = ("slipway", "service", "training", "ecs")
LOCKS = ("requirements.txt", "requirements/training.txt", "requirements/pandas.txt")
# What a checkout has and a wheel has not, as a message may name it.
REPOSITORY = re.compile(
    r"\b(README|CONTRIBUTING|CHANGELOG|Makefile|make (serve|train|test|lock|sbom|\.venv)"
    r"|(docs|requirements|tests)/\w|ecs/(deploy|rollback|verify|cost|destroy)\b|docker build )"
)


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
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a checkout that was used."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for name in BUILT_FROM:
        shutil.copy(ROOT / name, source)
    for name in PACKAGES:
        shutil.copytree(ROOT / name, source / name, symlinks=True)
    run(UV, "build", "--quiet", "--wheel", "--out-dir", folder, source, folder=folder)
    [wheel] = folder.glob("*.whl")
    return wheel


def environment(wheel: Path, folder: Path, *locks: str) -> Path:
    """The folder of commands of an environment with nothing but the wheel and what it requires."""
    python = folder / "env/bin/python"
    run(UV, "venv", "--quiet", "--python", sys.executable, folder / "env", folder=folder)
    install = (UV, "pip", "install", "--quiet", "--python", python, "--no-deps")
    run(
        *install,
        "--require-hashes",
        *(f"--requirement={ROOT / name}" for name in locks),
        folder=folder,
    )
    run(*install, wheel, folder=folder)
    return python.parent


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel with the extra `pack`."""
    return environment(wheel, tmp_path_factory.mktemp("packing"), *LOCKS)


@pytest.mark.slow
def test_the_wheel_has_its_version_and_nothing_that_python_wrote(wheel: Path) -> None:
    assert wheel.name == f"slipway_serving-{__version__}-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as content:
        assert not [name for name in content.namelist() if name.endswith(".pyc")]


@pytest.mark.slow
def test_without_the_extra_each_command_works_or_prints_how_to_install_it(
    wheel: Path, tmp_path: Path
) -> None:
    commands = environment(wheel, tmp_path, LOCKS[0])
    names = pd.DataFrame({"size": [0.0, 1.0]})
    joblib.dump(LogisticRegression().fit(names, ["no", "yes"]), tmp_path / "named.joblib")
    joblib.dump(LogisticRegression().fit([[0.0], [1.0]], ["no", "yes"]), tmp_path / "array.joblib")
    (tmp_path / "rows.csv").write_text("size,answer\n0,no\n1,yes\n")
    way = f"uv pip install --python {commands / 'python'} 'slipway-serving[pack]'"
    sample = ("--sample", "rows.csv", "--target", "answer")

    def said(*command: str) -> tuple[int, str]:
        ended = subprocess.run(
            [commands / "slipway", *command],
            cwd=tmp_path,
            env=clean_environment(XDG_CACHE_HOME=str(tmp_path / "cache"), PATH=WITH_UV),
            capture_output=True,
            text=True,
        )
        return ended.returncode, ended.stderr

    for command in ("pack", "serve"):
        code, err = said(command, "named.joblib", *sample)
        assert (code, err.count("\n")) == (69, 1), err
        assert err.endswith(f"which needs pandas: {way}\n")
    code, err = said("pack", "array.joblib", *sample, "--engine", "onnx")
    assert (code, err.count("\n"), err.endswith(f"is not installed: {way}\n")) == (65, 1, True)
    code, err = said("pack", "array.joblib", *sample, "--out", "packed")
    assert (code, err) == (
        0, f"note: the artifact has no report, for matplotlib is not installed: {way}\n"
    )  # fmt: skip
    assert said("inspect", "named.joblib") == (0, "")
    assert said("diff", "packed", "packed") == (0, "")
    assert said("fit", "--out", "sensors")[0] == 0


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
    bench = (slipway, "bench", "mine", "--target-ms", "500", "--seconds", "0.3")
    assert "requests per second on one core" in run(*bench, folder=tmp_path)
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
        wait_until(lambda: "ASGI server listening" in log.read_text(), "the service", seconds=60)
        server = Server(process, port, log)
        answer = server.predict('{"size": [5, -5]}')
        assert json.loads(answer.body) == {"prediction": ["yes", "no"]}
        about = json.loads(server.request("GET", "/model").body)
        assert about["server"].items() >= {"name": "slipway", "version": __version__}.items()
        assert f"Slipway {__version__}".encode() in server.request("GET", "/").body
    finally:
        process.terminate()
        assert process.wait(30) == 0, log.read_text()


@pytest.mark.slow
def test_deploying_from_a_wheel_names_what_is_missing(installed: Path, tmp_path: Path) -> None:
    ended = subprocess.run(
        [installed / "slipway", "deploy"],
        cwd=tmp_path,
        env=clean_environment(PATH=WITH_UV),
        capture_output=True,
        text=True,
    )
    assert (ended.returncode, ended.stderr.count("\n")) == (69, 1)
    pip = f"uv pip install --python {installed / 'python'}"  # an environment of uv has no pip
    way = f"{pip} 'slipway-serving[deploy]'"
    assert ended.stderr == f"slipway: deploy needs botocore, which is not installed: {way}\n"


def texts(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """The texts of a module with their lines; docstrings are none, and parts of an f-string one."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        if isinstance(node, ast.JoinedStr):
            parts = [part.value for part in node.values if isinstance(part, ast.Constant)]
            yield node.lineno, "".join(map(str, parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value
        else:
            yield from texts(node)


def test_messages_about_files_outside_of_a_wheel_name_the_checkout() -> None:
    modules = [path for name in PACKAGES for path in ROOT.glob(f"{name}/**/*.py")]
    assert len(modules) > 100
    found = [
        f"{path.relative_to(ROOT)}:{line}: {text}"
        for path in [*modules, ROOT / "gunicorn.conf.py"]
        for line, text in texts(ast.parse(path.read_text()))
        if " " in text and REPOSITORY.search(text) and "checkout" not in text
    ]
    assert found == []


@pytest.mark.slow
def test_commands_of_ecs_need_only_the_packages_for_deploying(tmp_path: Path) -> None:
    """`make sbom` and the launchers in ecs/ install nothing else in a fresh checkout."""
    python = tmp_path / "env/bin/python"
    run(UV, "venv", "--quiet", "--python", sys.executable, tmp_path / "env", folder=tmp_path)
    install = (UV, "pip", "install", "--quiet", "--python", python, "--no-deps", "--require-hashes")
    run(*install, "--requirement", ROOT / "requirements/deploy.txt", folder=tmp_path)
    assert "IMAGE" in run(python, "-m", "ecs.commands.sbom", "--help", folder=ROOT)
    for name in ("deploy", "rollback", "verify", "cost", "destroy"):
        assert f"slipway {name}" in run(python, "-m", "slipway", name, "--help", folder=ROOT)
