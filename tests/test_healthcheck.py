"""The container's own check, against a real server and against none."""

import subprocess
import sys

import pytest

from service import healthcheck as probe
from tests.support.serving import ROOT, Server, free_port


def test_a_server_that_answers_is_fine(server: Server) -> None:
    assert probe.main(server.port) == 0


def test_no_server_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    port = free_port()
    assert probe.main(port) == 1
    assert f"no answer on port {port}" in capsys.readouterr().err


def test_it_imports_none_of_what_makes_a_start_slow() -> None:
    command = (
        "import sys, service.healthcheck; "
        "heavy = {'numpy', 'sklearn', 'flask', 'marshmallow', 'gunicorn'} & set(sys.modules); "
        "sys.exit(', '.join(heavy) or 0)"
    )
    subprocess.run([sys.executable, "-c", command], cwd=ROOT, check=True)
