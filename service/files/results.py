"""A block to what is written of it: its rows with their predictions, and those that have none."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import orjson

from service.files.rows import encoded, joined, written
from service.files.scoring import Scored, Scorer
from service.files.tables import Rows, Table
from service.model.signature import Signature

Write = Callable[[Iterable[Sequence[Any]]], list[str]]  # rows to lines of CSV


@dataclass(frozen=True, slots=True)
class Result:
    """Bytes for the output and for what is put aside, how many rows there were, how many of them
    were refused, and the first of those."""

    good: bytes
    bad: bytes
    rows: int
    refused: int
    first: str


class Format(Protocol):
    """How rows are written."""

    def head(self) -> bytes:
        """What comes first."""

    def encoded(self, rows: Rows, scored: Scored) -> bytes:
        """The rows that have predictions."""

    def finish(self, part: Path, whole: Path) -> Path:
        """Make of all these bytes what the output is to be: at `part` still, or else at `whole`."""


@dataclass(frozen=True, slots=True)
class Work:
    """What is done with each block of a table; `write` makes lines of the rows put aside."""

    table: Table
    scorer: Scorer
    format: Format
    write: Write

    def __call__(self, block: Any) -> Result:
        """Read, check, predict and encode; InputError where it is no table."""
        rows = self.table.rows(block)
        scored = self.scorer.score(rows)
        refused = sorted(scored.refused.items())
        bad = [[rows.number(place), reason, *rows.cells(place)] for place, reason in refused]
        first = f"{self.table.unit} {bad[0][0]}: {bad[0][1]}" if bad else ""
        return Result(
            self.format.encoded(rows, scored), lines(self.write(bad)), len(rows), len(bad), first
        )


class Csv:
    """Rows as they were, unless there is no need of them, then the predictions.

    With `write` each row goes through it; without, most are copied as they are, which is faster.
    """

    def __init__(
        self,
        kept: Sequence[str],
        columns: Sequence[str],
        signature: Signature,
        write: Write = written,
    ) -> None:
        self._kept = kept
        self._columns = columns
        self._write = write
        self._known = {
            output.name: dict(zip(output.labels, self._texts(output.labels), strict=True))
            for output in signature.outputs
            if output.labels
        }

    def head(self) -> bytes:
        """The header line."""
        return lines(self._write([[*self._kept, *self._columns]]))

    def encoded(self, rows: Rows, scored: Scored) -> bytes:
        """A line for each row that has predictions."""
        told = [self._column(name, scored.told[name]) for name in self._columns]
        if not self._kept:
            return joined(told)
        if self._write is written:
            return rows.beside(scored.good, told)
        return joined([encoded(self._write(rows.texts(scored.good))), *told])

    def finish(self, part: Path, whole: Path) -> Path:
        """It is finished."""
        return part

    def _column(self, name: str, values: Sequence[Any]) -> Sequence[bytes]:
        try:
            return list(map(self._known[name].__getitem__, values))
        except KeyError:  # no labels are known, or the model gives others, too
            return self._texts(values)

    def _texts(self, values: Sequence[Any]) -> Sequence[bytes]:
        """As JSON has them, but for quotes; and as this command reads them."""
        if not values:
            return []
        if isinstance(values[0], str):
            return encoded(self._write([value] for value in values))
        return orjson.dumps(values)[1:-1].split(b",")


def lines(texts: Iterable[str]) -> bytes:
    """Text for a file, each with its end."""
    return "\n".join([*texts, ""]).encode()
