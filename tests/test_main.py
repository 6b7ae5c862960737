"""`slipway example`: a request to try on a served model."""

import json
import shlex
import subprocess
from pathlib import Path

import pytest

from service.__main__ import main
from tests.support.serving import Server


def test_the_example_is_answered_when_it_is_pasted(
    artifact: Path, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["example", str(artifact), "--url", f"http://127.0.0.1:{server.port}"]) == 0
    command = shlex.split(capsys.readouterr().out)
    assert command[0] == "curl"
    answer = subprocess.run([*command, "--silent"], capture_output=True, check=True).stdout
    assert json.loads(answer) == {"class": [0.0, 1.0, 1.0]}


def test_a_missing_artifact_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["example", str(tmp_path / "none")]) == 66
    assert capsys.readouterr().err.startswith("slipway: ")
