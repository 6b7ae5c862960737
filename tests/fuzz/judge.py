"""One execution: a program is loaded, and what happened is judged."""

import decimal
import gc
import os
import random
import re
import sys
import threading
import warnings
from collections.abc import Collection
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import sklearn

from tests.fuzz.counting import Lines, Shared
from tests.fuzz.effects import Effects
from tests.fuzz.loader import Loader
from tests.fuzz.objects import Objects
from tests.fuzz.predicting import predict

NAMES = re.compile(r"\S*[.]\S*|'.*'")
# Of what is trusted: `load` finds it out when it imports and calls it, and `inspect` does neither.
ONLY_LOADING = "which is no class or function of", "a change to"
OPTIONS: Any = vars(pd.options)["d"]


@dataclass(frozen=True)
class Verdict:
    """How a program ended, the effects that were blocked, and the objects that it changed."""

    outcome: str
    predicted: str
    effects: tuple[str, ...]
    changed: tuple[str, ...]


def process_state() -> tuple[Any, ...]:
    """What belongs to the process and is no object of a module, or changes what models answer."""
    context = decimal.getcontext()
    return (
        np.geterr(), np.get_printoptions(), sklearn.get_config(), repr(OPTIONS),
        tuple(warnings.filters), context.prec, context.rounding, context.traps,
        os.getcwd(), sys.getrecursionlimit(), gc.isenabled(), sys.gettrace(), sys.getprofile(),
        sys.stdout, sys.stderr, sys.excepthook, threading.active_count(),
    )  # fmt: skip


def random_state() -> tuple[Any, ...]:
    """Where the random numbers of the process are; a model may draw some when it predicts."""
    bits: Any = np.random.get_state(legacy=False)
    return random.getstate(), bits["state"]["pos"], bits["state"]["key"].tobytes()


class Judge:
    """Runs programs in this process."""

    def __init__(
        self, loader: Loader, effects: Effects, objects: Objects, lines: Lines, shared: Shared
    ) -> None:
        self.loader, self.effects, self.objects, self.lines = loader, effects, objects, lines
        self.shared = shared
        self.reason = ""

    def verdict(
        self,
        content: bytes,
        trusted: Collection[str] = (),
        traced: bool = False,
        careful: bool = False,
    ) -> Verdict:
        """Load a program, and let it predict; `careful` looks at all objects after it."""
        predicted = ""
        with self.lines.traced() if traced else nullcontext(), self.effects.watched() as found:
            before, drawn = process_state(), random_state()
            outcome, loaded = self.outcome(content, trusted)
            self.shared.counting = False
            inspected = self.inspected(content, trusted) if self.loader.refuses else outcome
            self.shared.counting = True
            loading = process_state() != before or random_state() != drawn
            if loaded:
                self.effects.tried = True
                predicted = predict(loaded[0], trusted)
            loaded.clear()
            predicting = process_state() != before
        effects = list(dict.fromkeys(found))
        if (
            outcome in ("loaded", "refused")
            and inspected != outcome
            and not (trusted and any(why in self.reason for why in ONLY_LOADING))
        ):
            why = f" ({self.reason})" if outcome == "refused" else ""
            effects.append(f"disagreement: load {outcome}{why}, inspect {inspected}")
        names = self.effects.names
        changed = self.objects.all_changed() if careful else self.objects.changed_by(names)
        if loading:
            changed.append("the process")
        elif predicting:
            changed.append("the process, by predicting")
        return Verdict(outcome, predicted, tuple(effects), tuple(changed))

    def outcome(self, content: bytes, trusted: Collection[str]) -> tuple[str, list[Any]]:
        """What loading comes to, and the object in a list, if there is one."""
        self.reason = ""
        try:
            return "loaded", [self.loader.load(content, trusted)]
        except self.loader.untrusted as error:
            self.reason = NAMES.sub("…", str(error))[:60]
            return "refused", []
        except MemoryError:
            return "out of memory", []
        except BaseException as error:
            return f"{type(error).__name__}", []

    def inspected(self, content: bytes, trusted: Collection[str]) -> str:
        """The effects of `load` by `inspect`; the name of an exception if it failed."""
        assert self.loader.refuses is not None
        try:
            return "refused" if self.loader.refuses(content, trusted) else "loaded"
        except Exception as error:
            return type(error).__name__
