"""`ecs/deploy` from a commit to a prediction: a real `docker build`, and moto for AWS.

A registry is what is missing: `docker push`, `docker login` and images by digest are done by the
stand-in `docker` in this folder, which records them and hands all else to the real one.
"""

import json
import os
import shutil
import subprocess
import sys
from argparse import Namespace
from pathlib import Path

import pytest

from ecs import containers
from ecs.commands import deploy
from tests.deploying.cloud import REPOSITORY, Cloud
from tests.support.containers import docker, output, require_engine

Said = pytest.CaptureFixture[str]
GIT = ("git", "-c", "user.name=nobody", "-c", "user.email=nobody@example.com")


@pytest.fixture
def commit(checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A repository of one commit, which the commands take for theirs."""
    folder = tmp_path / "slipway"
    shutil.copytree(checkout, folder, ignore=shutil.ignore_patterns(".venv", "artifacts", ".git"))
    for arguments in (("init", "--quiet"), ("add", "--all"), ("commit", "--quiet", "-m", "x")):
        subprocess.run([*GIT, *arguments], cwd=folder, check=True)
    monkeypatch.setattr(containers, "ROOT", folder)
    return containers.commit()


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let the stand-in be found before the real docker; its log."""
    require_engine()
    real = shutil.which("docker")
    assert real
    folder = tmp_path / "bin"
    folder.mkdir()
    launcher = folder / "docker"
    launcher.write_text(
        f'#!/bin/sh\nexec "{sys.executable}" "{Path(__file__).parent}/docker" "$@"\n'
    )
    launcher.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("REAL_DOCKER", real)
    monkeypatch.setenv("DOCKER_LOG", str(folder / "log"))
    return folder / "log"


@pytest.fixture
def own(engine: Path) -> str:
    """The engine's own architecture, as ECS names it."""
    here = output(docker("version", "--format", "{{.Server.Arch}}"))
    return {"arm64": "ARM64", "amd64": "X86_64"}[here]


def test_what_is_not_committed_is_refused_in_one_line(commit: str, capsys: Said) -> None:
    (containers.ROOT / "service/new.py").write_text("")
    assert deploy.main([]) == 64
    message = "slipway: service/new.py is not committed, and the image is named after the commit: "
    assert capsys.readouterr().err == f"{message}commit it, or use --allow-dirty\n"


def test_what_is_not_in_the_image_need_not_be_committed(commit: str) -> None:
    for name in ("fails.py", "rows.csv", "service/.hidden", "training/notes.md", "docs/new.md"):
        (containers.ROOT / name).parent.mkdir(exist_ok=True)
        (containers.ROOT / name).write_text("")
    assert containers.changed_files() == []
    for name in ("service/new.py", "training/new.py", "Dockerfile"):
        (containers.ROOT / name).write_text("")
    assert sorted(containers.changed_files()) == ["Dockerfile", "service/new.py", "training/new.py"]


def test_a_model_has_to_be_where_images_are_made_of(
    commit: str, artifact: Path, tmp_path: Path, capsys: Said
) -> None:
    assert deploy.main(["--artifact", str(artifact)]) == 64
    assert "is not below artifacts/" in capsys.readouterr().err
    assert deploy.main(["--artifact", str(containers.ROOT / "artifacts/none")]) == 66
    assert "holds no packed model" in capsys.readouterr().err


@pytest.mark.parametrize("given", ["", "python:3.12-slim-bookworm"])
def test_a_model_with_a_lock_gets_the_base_image_of_its_python(
    commit: str, artifact: Path, given: str
) -> None:
    folder = containers.ROOT / "artifacts/locked"
    shutil.copytree(artifact, folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"]["requirements.txt"] = {"sha256": "0" * 64, "bytes": 1}
    manifest["versions"]["python"] = "3.12.1"
    (folder / "manifest.json").write_text(json.dumps(manifest))
    asked = [("PYTHON_IMAGE", given)] if given else []
    options = Namespace(artifact=folder, allow_dirty=True, build_arg=asked)
    found = deploy.source_of(options).arguments["PYTHON_IMAGE"]
    assert found == (given or "python:3.12-slim-trixie")


def test_it_prints_where_the_artifact_was_proved(commit: str, artifact: Path) -> None:
    folder = containers.ROOT / "artifacts/proved"
    shutil.copytree(artifact, folder)
    options = Namespace(artifact=folder, allow_dirty=True, build_arg=[])
    here = json.loads((folder / "manifest.json").read_text())["engines"]["machine"]
    own = next(name for name, machines in containers.MACHINES.items() if here in machines)
    [other] = containers.MACHINES.keys() - {own}
    source = deploy.source_of(options)
    assert f"proved, on {here}, which serves it" in source.proofs(own, "slipway:1")
    said = source.proofs(other, "slipway:1")
    assert f"proved, on {here}, not on {other}" in said
    command = f"docker run --rm --platform {containers.PLATFORMS[other]} slipway:1 slipway prove"
    assert said.endswith(command)
    unknown = containers.Source("c0ffee", False, {"MODEL": "packed"}, "")
    assert "is not known without --artifact" in unknown.proofs(own, "slipway:1")


def test_tags_differ_if_images_do() -> None:
    plain = containers.Source("c0ffee", False, {}, "")
    assert plain.tag("ARM64") == "c0ffee"
    lean = containers.Source("c0ffee", False, {"VARIANT": "lean"}, "")
    packed = [containers.Source("c0ffee", False, {"MODEL": "packed"}, v) for v in ("1", "2")]
    tags = {plain.tag("ARM64"), plain.tag("X86_64"), *(one.tag("ARM64") for one in (lean, *packed))}
    assert len(tags) == 5
    assert all(tag.startswith("c0ffee") for tag in tags)
    dirty = containers.Source("c0ffee", True, {}, "")
    assert dirty.tag("ARM64").startswith("c0ffee-dirty-")


@pytest.mark.slow
@pytest.mark.container
def test_from_a_commit_to_a_prediction_and_nothing_twice(
    cloud: Cloud, commit: str, engine: Path, own: str, capfd: pytest.CaptureFixture[str]
) -> None:
    name = ""
    try:
        assert deploy.main(["--set", f"Architecture={own}"]) == 0
        said = capfd.readouterr().out
        steps = ["creating slipway-bootstrap", "creating slipway-network", "building "]
        steps += ["the build packs the model, and proves it, on the processor", "pushing "]
        steps += [
            "creating slipway-production",
            "/health responds with 200",
            '/predict responds with {"class"',
        ]
        assert [said.index(step) for step in steps] == sorted(said.index(step) for step in steps)
        [pushed] = [one for one in recorded(engine) if one[0] == "push"]
        name = pushed[1]
        assert name.startswith(f"{REPOSITORY}:{commit}")
        assert cloud.stack().stack_parameters["ImageUri"].startswith(f"{REPOSITORY}@sha256:")
        labels = json.loads(output(docker("image", "inspect", name)))[0]["Config"]["Labels"]
        assert labels["org.opencontainers.image.revision"] == commit

        assert deploy.main([]) == 0
        said = capfd.readouterr().out
        assert "was pushed before: not building it again" in said
        assert "nothing to do" in said
        assert "/predict responds with" in said
        commands = [" ".join(one[:2]) for one in recorded(engine)]
        assert (commands.count(f"push {name}"), commands.count("buildx build")) == (1, 1)
    finally:
        if name:
            docker("image", "rm", "--force", name)


@pytest.mark.container
def test_a_platform_that_the_engine_cannot_build_for_is_reported_with_what_to_do(
    bootstrapped: Cloud, commit: str, own: str, capfd: pytest.CaptureFixture[str]
) -> None:
    other = "ARM64" if own == "X86_64" else "X86_64"
    if containers.supports(containers.PLATFORMS[other]):
        pytest.skip("this engine builds for both platforms")
    (containers.ROOT / "Dockerfile").write_text("FROM scratch\nRUN true\n")
    assert deploy.main(["--allow-dirty", "--set", f"Architecture={other}"]) == 1
    last = capfd.readouterr().err.splitlines()[-1]
    assert last.startswith("slipway: the image could not be built: the engine cannot run linux/")
    assert last.endswith(f"or deploy with --set Architecture={own}")
    client = bootstrapped.client("cloudformation")
    names = [one["StackName"] for one in client.describe_stacks()["Stacks"]]
    assert "slipway-production" not in names


def recorded(log: Path) -> list[list[str]]:
    return [json.loads(line) for line in log.read_text().splitlines()]
