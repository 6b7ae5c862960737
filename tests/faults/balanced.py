"""The committed load balancer with three replicas behind it, and its statistics on them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from service.bench.client import Address
from tests.support import compose
from tests.support.compose import Project, address_of
from tests.support.containers import execute, inspect, output
from tests.support.serving import wait_until

# Six replicas on one machine, of which three start, are overloaded; a task has its own core.
PATIENT = {"environment": {"SERVICE_QUEUE_SECONDS": "10", "SERVICE_DEADLINE_SECONDS": "10"}}
ADMIN = "exec 3<>/dev/tcp/127.0.0.1/9999"
UP = ("--profile", "balanced", "up", "--detach", "--scale", "slipway=0")


@contextmanager
def balanced(image: str) -> Iterator["Balanced"]:
    """Start it; the block runs once all three get traffic."""
    with compose.project(image, **PATIENT) as own:
        own.compose(*UP, "--scale", "api=3")
        running = Balanced(own)
        wait_until(running.listens, "the load balancer to listen")
        wait_until(lambda: len(running.serving()) == 3, "three replicas to get traffic")
        yield running


class Balanced:
    """A running balancer and its replicas."""

    def __init__(self, own: Project) -> None:
        self.own = own
        self.balancer = own.compose("--profile", "balanced", "ps", "--quiet", "balancer")

    @property
    def address(self) -> Address:
        """Where it listens, without a proxy in between."""
        return address_of(self.balancer, 8090)

    def listens(self) -> bool:
        """Whether its admin socket is open."""
        return execute(self.balancer, "bash", "-c", ADMIN).returncode == 0

    def ask(self, command: str) -> list[list[str]]:
        """Rows of what it answers at its admin socket."""
        script = f"{ADMIN}; echo '{command}' >&3; cat <&3"
        text = output(execute(self.balancer, "bash", "-c", script))
        return [line.replace(",", " ").split(" ") for line in text.splitlines() if line]

    def serving(self) -> dict[str, str]:
        """Name by address of each replica that is up."""
        states = {row[3]: row[4] for row in self.ask("show servers state api")[2:]}
        up = {row[1] for row in self.ask("show stat api 4 -1") if row[17].startswith("UP")}
        return {address: name for name, address in states.items() if name in up}

    def sessions(self, name: str) -> int:
        """Requests that a replica is answering now."""
        [row] = [row for row in self.ask("show stat api 4 -1") if row[1] == name]
        return int(row[4])

    def add(self, replicas: int, changes: Mapping[str, Any]) -> set[str]:
        """Start more, with changes, beside those that run; the new ones, once they get traffic.

        They are registered when they are healthy, as ECS does it: see haproxy.cfg.
        """
        before, serving = self.own.replicas(), self.serving()
        wanted = len(before) + replicas
        slots = [row[3] for row in self.ask("show servers state api")[2:]]
        empty = [slot for slot in slots if slot not in serving.values()]
        for slot in empty:
            self.ask(f"set server api/{slot} state maint")
        self.own.compose(
            *UP, "--no-recreate", "--scale", f"api={wanted}", changes={**PATIENT, **changes}
        )
        new = self.own.replicas() - before
        for container in new:
            wait_until(lambda one=container: is_healthy(one), "a new replica to be healthy")  # type: ignore[misc]
        for slot in empty:
            self.ask(f"set server api/{slot} state ready")
        wait_until(lambda: len(self.serving()) == wanted, "more replicas to get traffic")
        return new

    def deregister(self, container: str) -> None:
        """Give it no more requests, and wait until it has none."""
        address, _ = address_of(container)
        name = self.serving()[address]
        self.ask(f"set server api/{name} state drain")
        wait_until(lambda: self.sessions(name) == 0, "its last request to end")


def is_healthy(container: str) -> bool:
    """Whether its own health check succeeds."""
    health: str = inspect("container", container)["State"]["Health"]["Status"]
    return health == "healthy"
