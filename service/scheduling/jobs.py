"""A prediction that waits for its turn, in the quick line or at the gate of slow ones."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol
from wsgiref.types import WSGIEnvironment

from service.scheduling.admission import RefusedError

LONGER = 2.0  # times what the first of several would take alone is what they take, at most


class Place(Protocol):
    """A place in line."""

    def here(self) -> "Waiting | None":
        """Who is there; None if nobody is any more."""

    def refuse(self, error: RefusedError) -> None:
        """Give whoever is there no turn."""


@dataclass(eq=False, slots=True)
class Waiting:
    """The size of its body, and whether it may share a call of the model.

    `check` raises RefusedError if it comes too late. `turn` is what it waits for: a Future, or what
    has as much of one as is needed here and in line.
    """

    environ: WSGIEnvironment
    size: int
    shares: bool
    check: Callable[[], object]
    turn: Any = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def here(self) -> "Waiting | None":
        """Itself, unless it has left."""
        return None if self.turn.done() else self

    def refuse(self, error: RefusedError) -> None:
        """Give it no turn, unless it has had one, or has left."""
        if not self.turn.done():
            self.turn.set_exception(error)

    def is_in_time(self) -> bool:
        """Whether it may have its turn now; if it comes too late, it is told."""
        try:
            self.check()
        except RefusedError as error:
            self.refuse(error)
            return False
        return True
