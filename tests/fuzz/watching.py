"""The parent's side of a worker: it reads what the worker sends, and ends one that hangs."""

import contextlib
import json
import os
import select
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.fuzz.counting import Shared

LONGEST = 10.0  # seconds that one program may take
TAIL = 20_000  # characters of what a worker printed last


@dataclass
class Watch:
    """Reads what a worker sends, and ends it when one program takes too long."""

    heard: Callable[[dict[str, Any]], None]
    shared: Shared
    child: int
    messages: int
    printed: int
    next: int | None = None
    again: tuple[int, int, list[str]] | None = None
    stopped: bool = False
    text: str = ""

    def until_it_ends(self) -> None:
        """Read both pipes until the worker closes them."""
        rest, open_pipes = b"", {self.messages, self.printed}
        place, since = -1, time.monotonic()
        while open_pipes:
            for pipe in select.select(list(open_pipes), [], [], 0.25)[0]:
                read = os.read(pipe, 2**16)
                if not read:
                    open_pipes.remove(pipe)
                    os.close(pipe)
                elif pipe == self.printed:
                    self.text = (self.text + read.decode(errors="replace"))[-TAIL:]
                else:
                    *lines, rest = (rest + read).split(b"\n")
                    for line in lines:
                        self.take(json.loads(line))
            if self.shared.place != place:
                place, since = self.shared.place, time.monotonic()
            elif time.monotonic() > since + LONGEST and not self.stopped:
                self.stopped = True
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.child, signal.SIGKILL)

    def take(self, message: dict[str, Any]) -> None:
        """Look at one message."""
        self.heard(message)
        self.next = message.get("next", self.next)
        if "again" in message:
            first, last = message["again"]
            self.again = first, last, message["changed"]

    def innermost(self) -> str:
        """Where in the code a crash happened, as Python printed it."""
        lines = [line.strip() for line in self.text.splitlines() if line.startswith("  File ")]
        return lines[0].rpartition("site-packages/")[2] if lines else "somewhere"

    def last_line(self) -> str:
        """What the worker printed last."""
        return (self.text.strip().splitlines() or ["without a word"])[-1][:200]
