"""What a campaign found and reached, and how it is printed."""

import pickle
import pickletools
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.fuzz.counting import Shared, lines_of

SHOWN = 40
# No pickler of ours writes these: they take an id, a registered code, or a buffer from outside.
NEVER_DUMPED = {"PERSID", "BINPERSID", "EXT1", "EXT2", "EXT4", "NEXT_BUFFER", "READONLY_BUFFER"}


@dataclass
class Report:
    """The figures of a campaign; places are numbers of programs."""

    executions: int = 0
    seconds: float = 0.0
    workers: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    predicted: Counter[str] = field(default_factory=Counter)
    lines: set[tuple[str, int]] = field(default_factory=set)
    findings: dict[str, list[int]] = field(default_factory=dict)
    crashes: dict[str, list[int]] = field(default_factory=dict)
    hangs: list[int] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)
    reached: list[int] = field(default_factory=list)

    def print(self, shared: Shared, modules: list[str]) -> None:
        """Print it all."""
        rate = self.executions / max(self.seconds, 0.001)
        print(f"{self.executions} executions in {self.seconds:.0f} s: {rate:.0f} per second")
        print(f"{self.workers} worker processes")
        print("outcomes:", ", ".join(f"{name} {n}" for name, n in self.outcomes.most_common(12)))
        print("predictions:", ", ".join(f"{name} {n}" for name, n in self.predicted.most_common()))
        print("opcodes, how often begun and completed:")
        for name, begun, completed in opcodes(shared):
            print(f"  {name:16} {begun:10} {completed:10}")
        for text in self.coverage(modules):
            print(text)
        print("completed least often:", *least(shared))
        print(f"more memory than the limit: {len(self.memory)}, first {self.memory[:3]}")
        print(f"longer than the deadline: {len(self.hangs)}, first {self.hangs[:3]}")
        for title, found in (("crash", self.crashes), ("FINDING", self.findings)):
            for what, places in sorted(found.items(), key=lambda pair: -len(pair[1]))[:SHOWN]:
                print(f"{title}: {what} ({len(places)} times, first {places[:3]})")
        print(f"{len(self.findings)} kinds of findings, {len(self.crashes)} kinds of crashes")

    def coverage(self, modules: list[str]) -> Iterator[str]:
        """Which lines of each module of the loader ran."""
        for module in modules:
            path = Path(str(sys.modules[module].__file__))
            every = lines_of(path)
            ran = {line for name, line in self.lines if name == path.name} & every
            if ran:
                missing = " ".join(map(str, sorted(every - ran)[:SHOWN]))
                yield f"lines of {module}: {len(ran)} of {len(every)} (not {missing or 'one'})"


def opcodes(shared: Shared) -> Iterator[tuple[str, int, int]]:
    """Each opcode with how often the loader began and completed it."""
    for opcode in pickletools.opcodes:
        yield opcode.name, *shared.counts(ord(opcode.code))


def least(shared: Shared) -> tuple[str, int]:
    """The opcode of those that picklers write that was completed least often."""
    written = [(n, name) for name, _, n in opcodes(shared) if name not in NEVER_DUMPED]
    number, name = min(written)
    return name, number


assert pickle.HIGHEST_PROTOCOL == 5, "a new protocol has opcodes that are not generated"
