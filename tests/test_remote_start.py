"""The real service with a model on S3: its start, and its messages if it does not start."""

import json
import os
import re
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from service.app import load
from service.model.artifact import UnavailableError
from service.settings import Settings
from tests.support import buckets, containers
from tests.support.buckets import BUCKET, MODEL_URI, PREFIX, Proxy, answers
from tests.support.containers import docker, execute, output, unique
from tests.support.serving import ROOT, clean_environment, free_port, serve, wait_until
from tests.test_remote import digest
from tests.test_server import EXAMPLE, refusal

[POLICY] = re.findall(
    r"^```json\n(.*?)^```", (ROOT / "docs/operations.md").read_text(), re.M | re.S
)

# A container may do nothing but serve, as in docker-compose.yml.
CONFINED = ("--read-only", "--tmpfs=/tmp:size=16m,noexec,nosuid,nodev", "--cap-drop=ALL")


def test_the_service_serves_it_from_memory_alone(artifact: Path, s3: str, tmp_path: Path) -> None:
    (tmp_path / "memory").mkdir()
    with buckets.proxied(s3) as proxy:
        proxy.faults.extend(["slow down", "cut"])
        settings = {
            **buckets.credentials(proxy.endpoint),
            "SERVICE_MODEL": MODEL_URI,
            "SERVICE_MODEL_SHA256": digest(artifact),
            "TMPDIR": str(tmp_path / "memory"),
            "WEB_CONCURRENCY": "2",
        }
        with serve(tmp_path / "unused", **settings) as server:
            for _ in range(10):
                answer = server.predict(EXAMPLE)
                assert (answer.status, json.loads(answer.body)) == (200, {"class": [0, 1, 1]})
            assert len(os.listdir(f"/proc/{server.process.pid}/task")) == 1
            assert list((tmp_path / "memory").iterdir()) == []
        lines = [json.loads(line) for line in server.log.read_text().splitlines()]
    again, *_, done = [line for line in lines if line["logger"] == "slipway.model"]
    assert again["message"] == "fetching the model again"
    assert (again["what"], again["reason"]) == (f"{MODEL_URI}manifest.json", "503 SlowDown")
    assert done["message"] == "fetched the model"
    assert len(proxy.paths) == 2 + len(list(filter(Path.is_file, artifact.rglob("*"))))


@pytest.mark.parametrize(
    ("fault", "reason"), [("slow down", "503 SlowDown"), ("drip", "no answer")]
)
def test_what_does_not_pass_ends_the_start_with_69_and_the_last_reason(
    s3: str, tmp_path: Path, fault: str, reason: str
) -> None:
    with buckets.proxied(s3) as proxy:
        proxy.faults.append(fault)
        proxy.lasting = True
        own = {"SERVICE_MODEL": MODEL_URI, "SERVICE_FETCH_SECONDS": "2", "TMPDIR": str(tmp_path)}
        line = refusal(69, None, **own, **buckets.credentials(proxy.endpoint))
    assert f"did not arrive within 2 s ({reason}); " in line
    assert "raise SERVICE_FETCH_SECONDS and the grace period" in line
    assert list(tmp_path.iterdir()) == []


def test_the_error_without_boto3_names_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "boto3.py").write_text("raise ModuleNotFoundError(__name__)\n")
    own = {"SERVICE_MODEL": MODEL_URI, "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    line = refusal(69, None, **own)
    assert "pip install boto3, or in a checkout" in line
    assert 'REQUIREMENTS="requirements.txt requirements/s3.txt"' in line


def test_boto3_is_imported_for_a_model_on_s3_only(artifact: Path) -> None:
    program = (
        "import sys; from service.asgi import application; application(); "
        "print({'boto3', 'botocore'} & set(sys.modules))"
    )
    environment = clean_environment(SERVICE_MODEL=str(artifact))
    command = [sys.executable, "-c", program]
    said = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert said.stdout == "set()\n", said.stderr


def test_a_folder_with_another_manifest_than_the_pinned_one_ends_the_start_with_65(
    artifact: Path,
) -> None:
    line = refusal(65, SERVICE_MODEL=str(artifact), SERVICE_MODEL_SHA256="0" * 64)
    assert f"its sha256 is {digest(artifact)}, SERVICE_MODEL_SHA256 is {'0' * 64}" in line


def test_a_folder_with_the_pinned_manifest_is_served(artifact: Path) -> None:
    pinned = Settings(model=str(artifact), model_sha256=digest(artifact))
    assert load(pinned).manifest.name == "sensors"


def test_make_serves_it_without_a_curl_line_from_a_folder() -> None:
    command = ["make", "--dry-run", "serve", f"SERVICE_MODEL={MODEL_URI}"]
    planned = subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout
    assert "gunicorn" in planned
    assert "service example" not in planned


def test_the_documented_policy_is_enough_and_no_more(
    artifact: Path, proxy: Proxy, s3: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    buckets.upload(s3, artifact, "another-model/")
    key = buckets.user(s3, POLICY)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key[0])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key[1])
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)
    with buckets.permissions(s3):
        assert load(Settings(model=MODEL_URI)).manifest.name == "sensors"
        with pytest.raises(UnavailableError, match="403 AccessDenied"):
            load(Settings(model=f"s3://{BUCKET}/another-model"))
        own = buckets.client(s3, key)
        with closing(own), pytest.raises(own.exceptions.ClientError, match="AccessDenied"):
            own.put_object(Bucket=BUCKET, Key=f"{PREFIX}manifest.json", Body=b"")


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """What requirements/s3.txt has, which is Python alone; to build an image takes a minute."""
    return containers.packages("requirements/s3.txt", tmp_path / "packages")


@pytest.mark.slow
@pytest.mark.container
def test_the_container_keeps_it_in_memory_and_needs_no_right_for_it(
    image: str, packages: Path, s3: str
) -> None:
    port, name = free_port(), unique()
    settings = {
        **buckets.credentials(s3),
        "SERVICE_MODEL": MODEL_URI,
        "PYTHONPATH": "/packages",
        "GUNICORN_CMD_ARGS": f"--bind=127.0.0.1:{port}",
    }
    flags = ("--network=host", f"--volume={packages}:/packages:ro", *CONFINED)
    environment = [f"--env={setting}={value}" for setting, value in settings.items()]
    try:
        output(docker("run", "--detach", "--name", name, *flags, *environment, image))
        wait_until(lambda: answers(port, "/health"), "the container to serve")
        assert output(execute(name, "ls", "-A", "/tmp")) == ""  # noqa: S108
        assert "fetched the model" in docker("logs", name).stdout
    finally:
        docker("rm", "--force", name)
