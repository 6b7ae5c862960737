"""Credentials and regions that cannot be used, each outcome in one line before anything is done."""

import os
import subprocess
from pathlib import Path

import pytest

from ecs.commands import deploy, destroy, rollback, verify
from slipway.command import main
from tests.deploying.cloud import Cloud
from tests.support.serving import ROOT, clean_environment, free_port

Said = pytest.CaptureFixture[str]
ARGUMENTS = {deploy: ["--image", f"sha256:{'0' * 64}"], rollback: [], verify: [], destroy: []}


@pytest.fixture(params=ARGUMENTS, ids=lambda module: module.__name__.rpartition(".")[2])
def outcome(request: pytest.FixtureRequest, cloud: Cloud, capsys: Said) -> "Outcome":
    return Outcome(request.param, capsys)


class Outcome:
    def __init__(self, command: object, capsys: Said) -> None:
        self.command, self.capsys = command, capsys

    def __call__(self) -> tuple[int, str]:
        code = self.command.main(ARGUMENTS[self.command])  # type: ignore[attr-defined, index]
        printed = self.capsys.readouterr()
        assert printed.err.count("\n") == 1, printed.err
        return code, printed.err


def test_no_credentials(outcome: Outcome, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    code, said = outcome()
    assert code == 77
    assert said.startswith("slipway: no AWS credentials")
    assert "aws configure" in said


def test_a_profile_that_is_not_there(outcome: Outcome, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    code, said = outcome()
    assert (code, "nobody" in said) == (77, True)


def test_no_region(outcome: Outcome, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    assert outcome() == (
        64,
        "slipway: no region is set: give --region, or set AWS_DEFAULT_REGION\n",
    )


def test_a_misspelt_region(outcome: Outcome, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-wst-1")
    code, said = outcome()
    assert code == 64
    assert said == "slipway: eu-wst-1 is not a region with ECS; did you mean eu-west-1?\n"


def test_aws_that_cannot_be_reached(outcome: Outcome, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    code, said = outcome()
    assert (code, "Check the network" in said) == (69, True)


def test_launchers_are_one_another_s_copies_and_work_from_any_folder(tmp_path: Path) -> None:
    names = ("deploy", "rollback", "verify", "cost", "destroy")
    launchers = {name: ROOT / "ecs" / name for name in names}
    alike = {
        path.read_text().replace(f"slipway {name}", "slipway") for name, path in launchers.items()
    }
    assert len(alike) == 1
    for name, path in launchers.items():
        assert os.access(path, os.X_OK)
        assert (ROOT / f"ecs/commands/{name}.py").exists()
    ended = subprocess.run(
        [launchers["cost"], "--capacity", "80", "--latency-ms", "10"],
        cwd=tmp_path,
        env=clean_environment(),
        capture_output=True,
        text=True,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("measured: 80 requests per second")


@pytest.mark.parametrize("name", ["deploy", "rollback", "verify", "cost", "destroy"])
def test_each_command_shows_its_help(name: str, capsys: Said) -> None:
    assert main([name, "--help"]) == 0
    assert capsys.readouterr().out.startswith(f"Usage: slipway {name} ")
