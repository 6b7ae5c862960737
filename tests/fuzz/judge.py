"""One execution: a program is loaded, and what happened is judged."""

import gc
import os
import re
import sys
import threading
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from tests.fuzz.counting import Lines, Shared
from tests.fuzz.effects import Effects
from tests.fuzz.loader import Loader
from tests.fuzz.objects import Objects

NAMES = re.compile(r"\S*[.]\S*|'.*'")


@dataclass(frozen=True)
class Verdict:
    """How a program ended, the effects that were blocked, and the objects that it changed."""

    outcome: str
    effects: tuple[str, ...]
    changed: tuple[str, ...]


def process_state() -> tuple[Any, ...]:
    """What belongs to the process and is no object of a module."""
    return (
        os.getcwd(), sys.getrecursionlimit(), gc.isenabled(), sys.gettrace(), sys.getprofile(),
        sys.stdout, sys.stderr, sys.excepthook, threading.active_count(),
    )  # fmt: skip


class Judge:
    """Runs programs in this process."""

    def __init__(
        self, loader: Loader, effects: Effects, objects: Objects, lines: Lines, shared: Shared
    ) -> None:
        self.loader, self.effects, self.objects, self.lines = loader, effects, objects, lines
        self.shared = shared
        self.reason = ""

    def verdict(self, content: bytes, traced: bool = False, careful: bool = False) -> Verdict:
        """Load a program; `careful` looks at all objects after it."""
        before = process_state()
        with self.lines.traced() if traced else nullcontext(), self.effects.watched() as found:
            outcome = self.outcome(lambda: self.loader.load(content))
            self.shared.counting = False
            inspected = self.inspected(content) if self.loader.refuses else outcome
            self.shared.counting = True
        effects = list(dict.fromkeys(found))
        if outcome in ("loaded", "refused") and inspected != outcome:
            why = f" ({self.reason})" if outcome == "refused" else ""
            effects.append(f"disagreement: load {outcome}{why}, inspect {inspected}")
        names = self.effects.names
        changed = self.objects.all_changed() if careful else self.objects.changed_by(names)
        if process_state() != before:
            changed.append("the process")
        return Verdict(outcome, tuple(effects), tuple(changed))

    def outcome(self, load: Callable[[], Any]) -> str:
        """What loading comes to; the object is dropped at once, while effects are still blocked."""
        try:
            load()
        except self.loader.untrusted as error:
            self.reason = NAMES.sub("…", str(error))[:60]
            return "refused"
        except MemoryError:
            return "out of memory"
        except BaseException as error:
            return f"{type(error).__name__}"
        return "loaded"

    def inspected(self, content: bytes) -> str:
        """What `inspect` says that `load` would do; the name of an exception if it failed."""
        assert self.loader.refuses is not None
        try:
            return "refused" if self.loader.refuses(content) else "loaded"
        except Exception as error:
            return type(error).__name__
