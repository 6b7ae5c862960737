"""What the tests of clients share: their environment, and a service that speaks every protocol."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.protocols.registry import NAMES
from tests.support.packed import folder_of
from tests.support.serving import ROOT, Server, serve

PYTHON = ROOT / ".venv/clients/bin/python"
MODELS = {
    "sensors": "sensors",
    "iris": "logistic regression, string labels",
    "mixed": "mixed table, open categories",
}


@pytest.fixture(scope="session")
def clients_python() -> Path:
    """The Python that has the clients; the test skips without it, but not in CI."""
    reason = "the clients are not installed: make .venv/clients/installed"
    if not PYTHON.exists():
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    return PYTHON


@pytest.fixture(scope="session", params=MODELS)
def spoken(request: pytest.FixtureRequest) -> Iterator[tuple[str, Server]]:
    """A model's name and its service, which speaks every protocol."""
    name = request.param
    with serve(folder_of(MODELS[name]), SERVICE_PROTOCOLS=",".join(NAMES)) as server:
        yield name, server
