"""Runs the committed docker-compose.yml under unique names and ports, and removes everything."""

import http.client
import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from service.bench.client import Address
from tests.support.containers import BUILD_SECONDS, MODEL, docker, inspect, output, unique
from tests.support.serving import TIMEOUT_SECONDS, free_port

SERVICES = ("slipway", "api")


@dataclass(frozen=True, slots=True)
class Listener:
    """The address of a server, looked up once: a call of the engine takes a tenth of a second."""

    address: Address

    def connect(self) -> socket.socket:
        """Open a connection, for bytes that no HTTP client would send."""
        return socket.create_connection(self.address, timeout=TIMEOUT_SECONDS)


@dataclass(frozen=True, slots=True)
class Project:
    """A project with its own image name and ports; `changes` apply to both services."""

    image: str
    name: str
    port: int
    balanced_port: int
    changes: Mapping[str, Any] = field(default_factory=dict)

    def compose(
        self,
        *arguments: str,
        seconds: float = 2 * TIMEOUT_SECONDS,
        changes: Mapping[str, Any] | None = None,
    ) -> str:
        """Run one docker compose command, which must succeed."""
        files = ("--file", "docker-compose.yml", "--file", "-")
        own = {"image": self.image, "pull_policy": "never", **(changes or self.changes)}
        ended = docker(
            *("compose", "--project-name", self.name, *files, *arguments),
            seconds=seconds,
            stdin=json.dumps({"services": dict.fromkeys(SERVICES, own)}),
            PORT=str(self.port),
            BALANCED_PORT=str(self.balanced_port),
        )
        return output(ended)

    @property
    def container(self) -> str:
        """The id of its only container, running or not."""
        return self.compose("ps", "--all", "--quiet", "slipway")

    def replicas(self) -> set[str]:
        """The ids of the containers behind the load balancer."""
        return set(self.compose("--profile", "balanced", "ps", "--quiet", "api").split())

    @property
    def address(self) -> Address:
        """The address of its only container, without a proxy."""
        return address_of(self.container)

    def request(self, method: str, path: str, body: str | None = None) -> tuple[int, bytes]:
        """Send a request to the published port; status and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_SECONDS)
        try:
            connection.request(method, path, body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def is_ready(self) -> bool:
        """Whether its health check succeeds."""
        try:
            return self.request("GET", "/health")[0] == 200
        except (OSError, http.client.HTTPException):
            return False


def address_of(container: str, port: int = 8080) -> Address:
    """A container's own address, which the engine's host reaches on Linux."""
    networks = inspect("container", container)["NetworkSettings"]["Networks"]
    [network] = networks.values()
    return network["IPAddress"], port


def with_artifact(folder: Path) -> dict[str, Any]:
    """The changes with which a project serves another artifact, which all users may read."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return {"volumes": [f"{folder}:{MODEL}:ro"]}


@contextmanager
def built_by_compose(*flags: str) -> Iterator[str]:
    """Build an image with `docker compose build`, and yield its name."""
    name = unique()
    try:
        with project(name) as own:
            own.compose("build", *flags, "slipway", seconds=BUILD_SECONDS)
        yield name
    finally:
        docker("image", "rm", "--force", name)


@contextmanager
def project(image: str, **changes: Any) -> Iterator[Project]:
    """A compose project; after the block it is removed, except for the image."""
    own = Project(image, unique(), free_port(), free_port(), changes)
    try:
        yield own
    finally:
        own.compose("--profile", "balanced", "down", "--volumes", "--timeout", "0")
