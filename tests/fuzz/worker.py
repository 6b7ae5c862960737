"""The child process: it makes one program after the other, loads each, and reports by a pipe."""

import copyreg
import faulthandler
import json
import os
import random
import resource
import sys
import time
import warnings
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.fuzz.counting import Shared
from tests.fuzz.inventory import OWN, Inventory
from tests.fuzz.judge import Judge, Verdict
from tests.fuzz.mutation import Mutation
from tests.fuzz.programs import Programs
from tests.fuzz.seeds import Seed

TRACED = 25  # one program of so many has its lines counted
LOOKED_AT = 1000  # after so many, all objects are compared
REPORTED = 0.5  # seconds between reports
MEMORY = 2 * 2**30  # bytes that a program may take on top of what the libraries take
TRUSTED = ((OWN,), (f"{OWN}.Kept", f"{OWN}.same"), (f"{OWN}.Restored", f"{OWN}.Filled"))
EXTENSIONS = {
    1: ("collections", "OrderedDict"), 2: ("posix", "mkdir"), 300: ("builtins", "list"),
    301: ("builtins", "eval"), 70000: ("os", "system"), 70001: ("builtins", "dict"),
}  # fmt: skip


@dataclass(frozen=True)
class Source:
    """Makes the programs: the seed and its number determine each."""

    seed: int
    names: Inventory
    seeds: list[Seed]

    def trusted(self, place: int) -> tuple[str, ...]:
        """What the operator trusts while this program runs: nothing, or something of `own.py`."""
        chance = random.Random(f"{self.seed} {place} trusted")  # noqa: S311
        return chance.choice(TRUSTED) if chance.random() < 0.4 else ()

    def program(self, place: int) -> bytes:
        """The program of this number: one of the seeds, a generated or a changed one."""
        if place < len(self.seeds):
            return self.seeds[place].content
        chance = random.Random(f"{self.seed} {place}")  # noqa: S311
        names = self.names.trusting() if self.trusted(place) else self.names
        if chance.random() < 0.5:
            return Programs(names, chance).program()
        return Mutation(self.seeds, names, chance).program()


@dataclass(frozen=True)
class Task:
    """Which programs to run; `careful` to look at all objects after each."""

    first: int
    last: int
    deadline: float
    careful: bool = False


@dataclass
class Worker:
    """What the child does between its start and its end."""

    source: Source
    judge: Judge
    shared: Shared
    pipe: int
    outcomes: Counter[str] = field(default_factory=Counter)
    predicted: Counter[str] = field(default_factory=Counter)

    def prepare(self, folder: str) -> None:
        """Take away what a program could do harm with."""
        os.chdir(folder)
        with open("/proc/self/statm") as sizes:
            size = int(sizes.read().split()[0]) * resource.getpagesize()
        for limit, value in (("AS", size + MEMORY), ("FSIZE", 0), ("CORE", 0)):
            resource.setrlimit(getattr(resource, f"RLIMIT_{limit}"), (value, value))
        faulthandler.enable(all_threads=False)
        warnings.simplefilter("ignore")
        sys.dont_write_bytecode = True
        for code, (module, name) in EXTENSIONS.items():
            copyreg.add_extension(module, name, code)
        sys.unraisablehook = lambda error: None  # what fails when an object is dropped
        self.judge.effects.install()
        self.shared.count_opcodes()
        self.judge.objects.all_changed()  # of what was just replaced

    def run(self, task: Task) -> None:
        """Run programs until the last, the deadline, or a changed object."""
        since, reported = task.first, time.monotonic()
        known = len(self.judge.lines.seen)
        for place in range(task.first, task.last):
            self.shared.place = place
            traced = place % TRACED == 0 or place < len(self.source.seeds)
            verdict = self.judge.verdict(
                self.source.program(place), self.source.trusted(place), traced, task.careful
            )
            self.count(verdict, place)
            if len(self.judge.lines.seen) > known:
                known = len(self.judge.lines.seen)
                self.tell(reached=place, outcome=verdict.outcome)
            if verdict.changed:
                return self.end(place + 1)
            if (place + 1 - task.first) % LOOKED_AT == 0:
                if objects := self.judge.objects.all_changed():
                    self.tell(again=[since, place + 1], changed=objects)
                    return self.end(place + 1)
                since = place + 1
            now = time.monotonic()
            if now > reported + REPORTED or now > task.deadline:
                reported = now
                self.report()
                if now > task.deadline:
                    break
        if not task.careful and (objects := self.judge.objects.all_changed()):
            self.tell(again=[since, self.shared.place + 1], changed=objects)
        return self.end(self.shared.place + 1)

    def count(self, verdict: Verdict, place: int) -> None:
        """Count how a program ended, and send what it did."""
        self.outcomes[verdict.outcome] += 1
        if verdict.predicted:
            self.predicted[verdict.predicted] += 1
        for effect in (*verdict.effects, *(f"changed: {one}" for one in verdict.changed)):
            self.tell(finding=effect, place=place)
        if verdict.outcome == "out of memory":
            self.tell(memory=place)

    def end(self, place: int) -> None:
        """Say where the next worker begins."""
        self.report()
        self.tell(next=place)

    def report(self) -> None:
        """Send the counts since the last time."""
        self.tell(
            outcomes=self.outcomes, predicted=self.predicted, lines=sorted(self.judge.lines.seen)
        )
        self.outcomes.clear()
        self.predicted.clear()

    def tell(self, **message: Any) -> None:
        """Send one message."""
        os.write(self.pipe, json.dumps(message).encode() + b"\n")
