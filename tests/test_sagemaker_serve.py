"""`docker run IMAGE serve`: SageMaker's way to start a container, to call it, and to stop it."""

import json
import os
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.support.containers import docker, inspect, output, unique
from tests.support.serving import ROOT, wait_until
from tests.support.stranger import commands

SERVE = ROOT / "service/protocols/sagemaker/serve"
ASK = """
import http.client, json, sys
connection = http.client.HTTPConnection("127.0.0.1", 8080)
connection.request("GET", "/ping")
ping = connection.getresponse()
assert (ping.status, ping.read()) == (200, b"")
connection.request("POST", "/invocations", "3,0", {"Content-Type": "text/csv"})
print(connection.getresponse().read().decode())
"""


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ({}, "/opt/ml/model sagemaker 524288 1 gunicorn"),
        ({"SERVICE_MODEL": "s3://b/c", "SERVICE_PROTOCOLS": "none"}, "s3://b/c none 524288 1"),
        ({"SERVICE_MODEL": "", "SERVICE_MAX_ROWS": "9"}, " sagemaker 9 1"),
        ({"SAGEMAKER_MODEL_SERVER_WORKERS": "4"}, "/opt/ml/model sagemaker 524288 4"),
        ({"SAGEMAKER_MODEL_SERVER_WORKERS": "4", "WEB_CONCURRENCY": "2"}, "sagemaker 524288 2"),
        ({"SAGEMAKER_BIND_TO_PORT": "9000"}, "gunicorn --bind 0.0.0.0:9000"),
    ],
)
def test_serve_sets_what_is_not_set(tmp_path: Path, given: dict[str, str], made: str) -> None:
    shown = "$SERVICE_MODEL $SERVICE_PROTOCOLS $SERVICE_MAX_ROWS $WEB_CONCURRENCY gunicorn $*"
    (tmp_path / "gunicorn").write_text(f'#!/bin/sh\necho "{shown}"\n')
    (tmp_path / "gunicorn").chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    run = subprocess.run([SERVE], env={"PATH": path, **given}, capture_output=True, text=True)
    assert made in run.stdout
    assert run.stderr == ""


@pytest.mark.container
@pytest.mark.slow
def test_a_container_serves_what_sagemaker_unpacked(image: str, artifact: Path) -> None:
    [start, *_] = commands((ROOT / "docs/clients.md").read_text().split("\n## SageMaker\n")[1])
    words = shlex.split(start.replace("$PWD/artifacts/model", str(artifact)))
    assert (words[:2], words[-2:]) == (["docker", "run"], ["slipway", "serve"])
    assert words[2:4] == ["--publish", "8080:8080"]
    name = unique()
    hardened = ("--network=none", "--read-only", "--tmpfs=/tmp", "--cap-drop=ALL")
    try:
        output(docker("run", "--detach", "--name", name, *hardened, *words[4:-2], image, "serve"))
        wait_until(lambda: docker("exec", name, "python", "-c", ASK).returncode == 0, "an answer")
        assert json.loads(output(docker("exec", name, "python", "-c", ASK))) == [1.0]
        command = output(docker("exec", name, "cat", "/proc/1/cmdline")).split("\0")
        assert Path(command[1]).name == "gunicorn"
        assert output(docker("exec", name, "id", "-u")) != "0"
        output(docker("stop", "--time", "30", name))  # as long as SageMaker waits
        assert inspect("container", name)["State"]["ExitCode"] == 0
    finally:
        docker("rm", "--force", "--volumes", name)
