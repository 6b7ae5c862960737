"""The workflow that deploys from GitHub: what it may, and what it runs."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.serving import ROOT

WORKFLOW: dict[Any, Any] = yaml.safe_load((ROOT / ".github/workflows/deploy.yml").read_text())
JOB: dict[str, Any] = WORKFLOW["jobs"]["deploy"]
[SCRIPT] = [step for step in JOB["steps"] if "run" in step]


def test_it_may_no_more_than_read_the_code_and_say_who_it_is() -> None:
    assert WORKFLOW["permissions"] == {}
    assert JOB["permissions"] == {"contents": "read", "id-token": "write"}
    assert JOB["environment"] == "production"  # whose reviewers approve; the role trusts it only
    [checkout] = [one for one in JOB["steps"] if "checkout@" in one.get("uses", "")]
    assert checkout["with"]["persist-credentials"] is False


def test_two_never_deploy_at_once_and_none_is_cut_off() -> None:
    assert WORKFLOW["concurrency"] == {"group": "deploy-production", "cancel-in-progress": False}


def test_what_somebody_types_reaches_no_script_but_as_a_variable() -> None:
    assert "${{" not in SCRIPT["run"]
    assert SCRIPT["env"]["IMAGE_DIGEST"] == "${{ inputs.image_digest }}"


@pytest.mark.parametrize(
    ("digest", "called"),
    [
        ("", "deploy\n"),
        ("sha256:" + "0" * 64, f"rollback\nsha256:{'0' * 64}\n"),
        ('"; touch trap; "', 'rollback\n"; touch trap; "\n'),
        ("$(touch trap)", "rollback\n$(touch trap)\n"),
    ],
)
def test_a_digest_rolls_back_and_none_deploys(tmp_path: Path, digest: str, called: str) -> None:
    (tmp_path / "ecs").mkdir()
    for name in ("deploy", "rollback"):
        command = tmp_path / "ecs" / name
        command.write_text(f"#!/bin/sh\nprintf '%s\\n' {name} \"$@\"\n")
        command.chmod(0o755)
    ended = subprocess.run(
        ["bash", "-e", "-c", SCRIPT["run"]],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "IMAGE_DIGEST": digest},
        capture_output=True,
        text=True,
    )
    assert (ended.returncode, ended.stdout) == (0, called)
    assert not (tmp_path / "trap").exists()
