"""Environments with libraries that the environment of the tests does not have."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.support.serving import ROOT, clean_environment


def python_of(environment: str) -> Path:
    """The Python of `.venv/ENVIRONMENT`; the test is skipped without it, but fails in CI."""
    python = ROOT / ".venv" / environment / "bin/python"
    if not python.exists():
        reason = f"its libraries are not installed: make .venv/{environment}/installed"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    return python


def run_module(python: Path, module: str, *arguments: object) -> str:
    """Run a module of the repository in another environment, and return its output."""
    ended = subprocess.run(
        [python, "-m", module, *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=clean_environment(),
    )
    assert ended.returncode == 0, ended.stdout[-2000:] + ended.stderr[-4000:]
    return ended.stdout
