"""The workflows on GitHub: what they may, when they run, and what."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from service import __version__
from tests.support.serving import ROOT


def workflow(name: str) -> dict[Any, Any]:
    read: dict[Any, Any] = yaml.safe_load((ROOT / f".github/workflows/{name}.yml").read_text())
    return read


WORKFLOW = workflow("deploy")
JOB: dict[str, Any] = WORKFLOW["jobs"]["deploy"]
SCRIPT, LISTING = [step for step in JOB["steps"] if "run" in step]
COMMIT = "c0ffee" + 34 * "0"
AUDIT, CI, RELEASE = workflow("audit"), workflow("ci"), workflow("release")
ZIZMOR = ROOT / ".venv/audit/bin/zizmor"


def test_it_may_only_read_the_code_and_get_an_identity_token() -> None:
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


def test_vulnerabilities_are_looked_up_weekly_and_when_a_lock_changes() -> None:
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
    commands = [step["run"] for step in job["steps"] if "run" in step]
    assert commands[0] == "make audit"
    assert commands[1].splitlines() == [
        "make .venv/audit/installed",
        ".venv/audit/bin/zizmor .github",
    ]


def test_a_commit_on_main_is_deployed_once_it_has_passed() -> None:
    assert WORKFLOW[True].keys() == {"workflow_call", "workflow_dispatch"}
    [digest] = WORKFLOW[True]["workflow_dispatch"]["inputs"].values()
    assert digest["required"] is True  # by hand it only rolls back
    assert CI[True] == {"push": {"branches": ["main"]}, "pull_request": None}
    deploy = CI["jobs"].pop("deploy")
    assert deploy["needs"] == [*CI["jobs"]]
    assert deploy["if"] == "github.event_name == 'push'"
    assert deploy["uses"] == "./.github/workflows/deploy.yml"
    assert deploy["permissions"] == JOB["permissions"]
    # a later push must not stop it halfway
    assert CI["concurrency"]["cancel-in-progress"] == "${{ github.event_name == 'pull_request' }}"


def test_a_release_is_built_from_a_tag_that_is_the_version_and_has_passed() -> None:
    assert RELEASE[True] == {"push": {"tags": ["v*"]}}
    job = RELEASE["jobs"]["release"]
    assert job["needs"] == "check"
    commands = [step["run"] for step in job["steps"] if "run" in step]
    assert "make distributions" in commands
    for tag, code in ((f"v{__version__}", 0), ("v99.0.0", 1)):
        ended = subprocess.run(
            ["bash", "-e", "-c", commands[0]],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "GITHUB_REF_NAME": tag},
            capture_output=True,
            text=True,
        )
        assert ended.returncode == code, ended


def test_zizmor_finds_nothing_in_workflows_and_dependabot() -> None:
    if not ZIZMOR.exists():
        reason = "zizmor is not installed: make .venv/audit/installed"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    ended = subprocess.run(
        [ZIZMOR, "--offline", "--quiet", "--no-config", ROOT / ".github"],
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stdout
