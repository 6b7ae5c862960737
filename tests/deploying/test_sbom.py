"""What an image is made of: all that is installed, in files that follow CycloneDX's schema."""

import json
import os
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from ecs import sbom
from ecs.commands import sbom as command
from tests.support.containers import built, docker, output, run, unique
from tests.support.serving import ROOT

AUDIT = ROOT / ".venv/audit/bin/python"
VALIDATE = """
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
print(JsonStrictValidator(SchemaVersion.V1_6).validate_str(sys.stdin.read()))
"""
INSTALLED = """
import json
from importlib.metadata import distributions
print(json.dumps({one.name: one.version for one in distributions()}))
"""


@pytest.fixture(scope="module", autouse=True)
def _tools() -> None:
    """Skip without the tools, but not in CI."""
    reason = "the tools are not installed: make .venv/audit/installed"
    if not AUDIT.exists():
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)


def valid(path: Path) -> list[dict[str, Any]]:
    """The components of a list that CycloneDX's own validator accepts."""
    text = path.read_text()
    ended = subprocess.run(
        [AUDIT, "-c", VALIDATE], input=text, capture_output=True, text=True, check=True
    )
    assert ended.stdout == "None\n"
    assert json.loads(text)["specVersion"] == "1.6"
    return list(json.loads(text)["components"])


def versions(components: Sequence[dict[str, Any]], purl: str) -> dict[str, str]:
    """Versions by name, as Python's packages are compared: case and separators do not count."""
    return {
        one["name"].lower().replace("_", "-").replace(".", "-"): one["version"]
        for one in components
        if one["purl"].startswith(purl)
    }


def test_the_validator_refuses_what_is_no_list(tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    path.write_text('{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [{"x": 1}]}')
    with pytest.raises(AssertionError):
        valid(path)


@pytest.mark.slow
def test_the_python_packages_are_those_that_pip_lists(tmp_path: Path) -> None:
    packages = sysconfig.get_path("purelib")
    sbom.python_packages(Path(packages), tmp_path / "python.cdx.json")
    pip = subprocess.run(
        [sys.executable, "-m", "pip", "list", "--format", "json", "--path", packages],
        capture_output=True,
        text=True,
        check=True,
    )
    listed = [{**one, "purl": "pkg:pypi/"} for one in json.loads(pip.stdout)]
    found = versions(valid(tmp_path / "python.cdx.json"), "pkg:pypi/")
    assert found == versions(listed, "pkg:pypi/")
    assert {"flask", "numpy", "scikit-learn"} <= found.keys()


def test_a_python_that_the_base_image_compiled_is_listed(tmp_path: Path) -> None:
    path = tmp_path / "python.cdx.json"
    (tmp_path / "packages").mkdir()
    sbom.python_packages(tmp_path / "packages", path)
    sbom.add_python(path, "3.13.1")
    [python] = [one for one in valid(path) if one["name"] == "python"]
    assert python["purl"] == "pkg:generic/python@3.13.1"
    assert python["cpe"].startswith("cpe:2.3:a:python:python:3.13.1:")


@pytest.mark.slow
@pytest.mark.container
def test_an_image_is_listed_to_the_last_package(
    image: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "Dockerfile").write_text(f"FROM {image}\nLABEL of={unique()}\n")
    with built(tmp_path) as own:  # other tests run containers of the first at the same time
        _listed(own, tmp_path, capsys)


def _listed(image: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main([image, str(tmp_path)]) == 0
    assert capsys.readouterr().out.count(" components\n") == 2
    assert output(docker("ps", "--all", "--quiet", "--filter", f"ancestor={image}")) == ""

    debian = [
        one for one in valid(tmp_path / "debian.cdx.json") if "arch=source" not in one["purl"]
    ]
    dpkg = output(run(image, "dpkg-query", "-W", "-f", "${Package} ${Version}\\n"))
    assert {f"{one['name']} {one['version']}" for one in debian} == set(dpkg.splitlines())

    python = valid(tmp_path / "python.cdx.json")
    installed = json.loads(output(run(image, "python", "-c", INSTALLED)))
    listed = [{"name": name, "version": one, "purl": ""} for name, one in installed.items()]
    assert versions(python, "pkg:pypi/") == versions(listed, "")


def test_an_image_that_is_not_there_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["sha256:none", str(tmp_path)]) == 69
    assert capsys.readouterr().err.count("\n") == 1


def test_the_audit_reads_every_lock() -> None:
    ended = subprocess.run(
        ["make", "audit", "ARGS=--dry-run"], cwd=ROOT, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr
    locks = {"requirements.txt"} | {
        str(path.relative_to(ROOT)) for path in ROOT.glob("requirements/*.txt")
    }
    assert {line for line in ended.stdout.splitlines() if line.endswith(".txt")} == locks
    assert ended.stderr.count("Dry run: would have audited") == len(locks)
