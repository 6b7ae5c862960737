"""`.ci/run` starts a container engine if none runs, and then runs everything."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.support.serving import ROOT


@pytest.mark.parametrize(
    ("engine_runs", "has_command", "ended"),
    [
        (True, False, (0, "CI=true check faults\n")),
        (False, True, (0, "engine started\nCI=true check faults\n")),
        (False, False, (69, "")),
    ],
)
def test_an_engine_is_started_by_the_command_in_the_variable(
    tmp_path: Path, engine_runs: bool, has_command: bool, ended: tuple[int, str]
) -> None:
    stand_ins = {
        "docker": f"exit {int(not engine_runs)}",
        "make": 'echo "CI=$CI $*"',
        "chromium": "exit 0",
    }
    if has_command:
        stand_ins["start-engine"] = "echo engine started"
    for name, body in stand_ins.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n")
        (tmp_path / name).chmod(0o755)
    environment = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "CONTAINER_ENGINE_UP": str(tmp_path / "start-engine"),
    }
    run = subprocess.run([ROOT / ".ci/run"], env=environment, capture_output=True, text=True)
    assert (run.returncode, run.stdout) == ended
    assert ("set CONTAINER_ENGINE_UP" in run.stderr) == (run.returncode == 69)
