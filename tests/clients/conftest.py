"""What the tests of clients share: their environment, and a service that speaks every protocol."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from service.protocols.registry import NAMES
from tests.support.packed import folder_of
from tests.support.pythons import python_of
from tests.support.serving import Server, serve

MODELS = {
    "sensors": "sensors",
    "iris": "logistic regression, string labels",
    "mixed": "mixed table, open categories",
}


@pytest.fixture(scope="session")
def clients_python() -> Path:
    """The Python that has the clients."""
    return python_of("clients")


@pytest.fixture(scope="session", params=MODELS)
def spoken(request: pytest.FixtureRequest) -> Iterator[tuple[str, Server]]:
    """A model's name and its service, which speaks every protocol."""
    name = request.param
    with serve(folder_of(MODELS[name]), SERVICE_PROTOCOLS=",".join(NAMES)) as server:
        yield name, server
