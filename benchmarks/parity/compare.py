"""Compares two servers' answers to one request."""

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.parity.cases import Case

SAME, COMPATIBLE, DIFFERS = "same", "compatible", "differs"
PRECISION = 1e-5  # relative: FP32 and ONNX
OK = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and body."""

    status: int
    body: bytes

    def predictions(self, read: Callable[[Any], Any]) -> list[float]:
        """The predictions in an answer of 200."""
        return [float(value) for value in read(json.loads(self.body))]

    def shown(self, read: Callable[[Any], Any]) -> str:
        """Predictions, or the status."""
        if self.status != OK:
            return str(self.status)
        return ", ".join(f"{value:.8g}" for value in self.predictions(read))


@dataclass(frozen=True, slots=True)
class Compared:
    """A row of the table."""

    case: Case
    outcome: str
    theirs: str
    ours: str


def compared(case: Case, theirs: Answer, ours: Answer, read: Callable[[Any], Any]) -> Compared:
    """same: equal predictions, or both refuse. compatible: only this service answers. Otherwise it
    differs."""
    if (theirs.status == OK) != (ours.status == OK):
        outcome = COMPATIBLE if ours.status == OK else DIFFERS
    elif ours.status != OK:
        outcome = SAME
    else:
        pairs = theirs.predictions(read), ours.predictions(read)
        equal = len(pairs[0]) == len(pairs[1]) and all(
            math.isclose(one, other, rel_tol=PRECISION) for one, other in zip(*pairs, strict=True)
        )
        outcome = SAME if equal else DIFFERS
    return Compared(case, outcome, theirs.shown(read), ours.shown(read))


def undocumented(rows: list[Compared], page: str) -> list[Compared]:
    """What differs, although the page does not say so."""
    text = re.sub(r"\s+", " ", page)
    return [
        row
        for row in rows
        if row.outcome == DIFFERS and not (row.case.documented and row.case.documented in text)
    ]


def table(server: str, rows: list[Compared]) -> str:
    """The rows as Markdown."""
    lines = [f"| request to {server} | | {server} | Slipway |", "|---|---|---|---|"]
    lines += [f"| {row.case.name} | {row.outcome} | {row.theirs} | {row.ours} |" for row in rows]
    return "\n".join(lines)
