"""The workflow that deploys from GitHub: what it may, and what it runs."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.serving import ROOT

WORKFLOW: dict[Any, Any] = yaml.safe_load((ROOT / ".github/workflows/deploy.yml").read_text())
JOB: dict[str, Any] = WORKFLOW["jobs"]["deploy"]
SCRIPT, LISTING = [step for step in JOB["steps"] if "run" in step]
COMMIT = "c0ffee" + 34 * "0"
AUDIT: dict[Any, Any] = yaml.safe_load((ROOT / ".github/workflows/audit.yml").read_text())


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


@pytest.mark.parametrize("known", [True, False])
def test_the_image_of_the_commit_is_listed_and_none_is_an_error(
    tmp_path: Path, known: bool
) -> None:
    for name, script in {
        "docker": f'test "$5" = label=org.opencontainers.image.revision={COMMIT} || exit 2\n'
        + ("echo first; echo second" if known else ""),
        "make": "printf '%s\\n' make \"$@\"",
    }.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    ended = subprocess.run(
        ["bash", "-e", "-c", LISTING["run"]],
        cwd=tmp_path,
        env={"PATH": f"{tmp_path}:/usr/bin:/bin", "GITHUB_SHA": COMMIT},
        capture_output=True,
        text=True,
    )
    if known:
        assert (ended.returncode, ended.stdout) == (0, "make\nsbom\nIMAGE=first\n")
    else:
        assert ended.returncode == 1
        assert ended.stdout.startswith(f"::error::this machine has no image of {COMMIT}")


def test_what_make_sbom_writes_is_kept_with_the_run() -> None:
    [upload] = [one for one in JOB["steps"] if "upload-artifact@" in one.get("uses", "")]
    assert upload["with"]["path"] == "sbom/*.cdx.json"
    assert upload["with"]["if-no-files-found"] == "error"
    assert upload["if"] == LISTING["if"] == "inputs.image_digest == ''"  # a rollback builds none
    assert JOB["steps"].index(upload) > JOB["steps"].index(LISTING) > JOB["steps"].index(SCRIPT)


def test_vulnerabilities_are_asked_for_weekly_and_when_a_lock_changes() -> None:
    on = AUDIT[True]  # YAML reads `on` as true
    [schedule] = on["schedule"]
    minute, hour, day_of_month, month, weekday = schedule["cron"].split()
    assert (minute.isdecimal(), hour.isdecimal(), weekday.isdecimal()) == (True, True, True)
    assert (day_of_month, month) == ("*", "*")
    locks = ["requirements.txt", "requirements/*.txt"]
    assert on["push"]["paths"] == on["pull_request"]["paths"] == locks
    assert AUDIT["permissions"] == {}
    [job] = AUDIT["jobs"].values()
    assert job["permissions"] == {"contents": "read"}
    assert [step["run"] for step in job["steps"] if "run" in step] == ["make audit"]
