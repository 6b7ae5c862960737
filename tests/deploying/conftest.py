"""moto's server with its stand-ins, and the commands run in this process against it."""

import json
import logging
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import requests
from botocore.loaders import JSONFileLoader
from moto.server import ThreadedMotoServer

from ecs import containers, prerequisites, smoke_test, stacks
from ecs.account import open_account
from ecs.commands import deploy
from tests.deploying import standins
from tests.deploying.cloud import REGION, Cloud
from tests.support.serving import Server


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    """The address of moto's server."""
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # it logs each request
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="session")
def descriptions() -> Iterator[None]:
    """Read each of AWS's services' descriptions once: each command makes a session of its own."""
    read = cache(JSONFileLoader().load_file)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(JSONFileLoader, "load_file", lambda self, path: read(path))
        yield


@pytest.fixture
def cloud(
    endpoint: str,
    descriptions: None,
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Iterator[Cloud]:
    """An empty account; its load balancers lead to the sensor model's service."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(stacks, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(smoke_test, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(smoke_test, "HEALTHY_SECONDS", 1.0)
    made = Cloud()
    standins.install(monkeypatch, made, f"127.0.0.1:{server.port}")
    yield made
    requests.post(f"{endpoint}/moto-api/reset", timeout=10)


@pytest.fixture
def bootstrapped(cloud: Cloud) -> Cloud:
    """An account with its repository, into which images can be put."""
    prerequisites.ensure_bootstrap(open_account(None), {}, False, lambda line: None)
    return cloud


@pytest.fixture
def deployed(bootstrapped: Cloud, artifact: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """The digest of the first image, which slipway-production runs; earlier output is dropped."""
    digest = bootstrapped.push("first")
    assert deploy.main(["--image", digest, "--artifact", str(artifact)]) == 0
    capsys.readouterr()
    return digest


@pytest.fixture
def no_docker(cloud: Cloud, artifact: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Images without docker: test_image.py builds one. Each is another, as each commit would be."""
    made: list[str] = []

    def push(name: str) -> None:
        cloud.push(name.rpartition(":")[2], region=name.split(".")[3])

    def commit() -> str:
        made.append("")
        return f"{len(made):040x}"

    monkeypatch.setattr(containers, "commit", commit)
    monkeypatch.setattr(containers, "push", push)
    monkeypatch.setattr(deploy, "source_of", lambda _: containers.Source(commit(), False, {}, ""))
    monkeypatch.setattr(containers, "changed_files", lambda: [])
    monkeypatch.setattr(containers, "supports", lambda platform: True)
    monkeypatch.setattr(containers, "build", lambda *_: None)
    monkeypatch.setattr(containers, "log_in", lambda _: None)
    manifest = json.loads((artifact / "manifest.json").read_text())
    monkeypatch.setattr(containers, "manifest_in", lambda *_: manifest)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Let moto say what it does not make; nothing here relies on that."""
    item.add_marker(pytest.mark.filterwarnings("ignore:Tried to parse AWS:UserWarning"))
