"""A block to what is written of it: its rows with their predictions, and those that have none."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import orjson

from service.files.compression import compress
from service.files.dialect import Dialect, encoded
from service.files.records import Records
from service.files.scoring import Scored, Scorer
from service.files.tables import Rows, Table
from service.model.signature import Input, Signature

DECIMAL_COMMA = re.compile(r"[+-]?[0-9]+,[0-9]+")


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
    """What is done with each block of a table; `dialect` is that of the rows put aside."""

    table: Table
    scorer: Scorer
    format: Format
    dialect: Dialect

    def __call__(self, block: Any) -> Result:
        """Read, check, predict and encode; InputError where it is no table."""
        rows = self.table.rows(block)
        scored = self.scorer.score(rows)
        refused = sorted(scored.refused.items())
        bad = [[rows.number(place), reason, *rows.cells(place)] for place, reason in refused]
        first = f"{self.table.unit} {bad[0][0]}: {bad[0][1]}" if bad else ""
        if bad and self._has_decimal_comma(rows.cells(refused[0][0])):
            first += "; --decimal , reads decimal commas"
        return Result(
            self.format.encoded(rows, scored),
            joined_lines(self.dialect.lines(bad)),
            len(rows),
            len(bad),
            first,
        )

    def _has_decimal_comma(self, cells: Sequence[str]) -> bool:
        return self.dialect.decimal == "." and any(map(DECIMAL_COMMA.fullmatch, cells))


class Csv:
    """Rows as they were, unless there is no need of them, then the predictions."""

    def __init__(
        self,
        kept: Sequence[str],
        columns: Sequence[str],
        signature: Signature,
        dialect: Dialect,
    ) -> None:
        self._kept = kept
        self._columns = columns
        self._dialect = dialect
        self._known = {
            output.name: dict(zip(output.labels, self._texts(output.labels), strict=True))
            for output in signature.outputs
            if output.labels
        }

    def head(self) -> bytes:
        """The header line."""
        return joined_lines(self._dialect.lines([[*self._kept, *self._columns]]))

    def encoded(self, rows: Rows, scored: Scored) -> bytes:
        """A line for each row that has predictions."""
        told = [self._column(name, scored.told[name]) for name in self._columns]
        return rows.beside(scored.good, told) if self._kept else self._dialect.joined(told)

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
            return encoded(self._dialect.lines([value] for value in values))
        texts = orjson.dumps(values)[1:-1]
        if self._dialect.decimal == ".":
            return texts.split(b",")
        return encoded(map(self._dialect.number, texts.decode().split(",")))


class Compressed:
    """A format of text, compressed when all of it is there, in one piece: readers that take the
    first piece of several for the whole are common."""

    def __init__(self, format: Format, compression: str) -> None:
        self.head = format.head
        self.encoded = format.encoded
        self._compression = compression

    def finish(self, part: Path, whole: Path) -> Path:
        """Compress it."""
        compress(part, whole, self._compression)
        return whole


def kept_values(rows: Rows, scored: Scored, names: Sequence[str]) -> list[Sequence[Any]]:
    """Columns of the rows that have predictions: the inputs as they were checked, others as text,
    or null where they are empty; of Parquet all as they are."""
    if isinstance(rows, Records):
        return [rows.some(rows.column(name), scored.good).to_pylist() for name in names]
    whole = [place for place in range(len(rows)) if place not in rows.broken]
    good = set(scored.good)
    picked = [at for at, place in enumerate(whole) if place in good]
    columns = []
    for name in names:
        values = scored.values[name] if name in scored.values else rows.values(_other(name))
        columns.append(values if len(picked) == len(values) else [values[at] for at in picked])
    return columns


def _other(name: str) -> Input:
    """A column that is not the model's: text, or null where it is empty."""
    return Input(name=name, kind="category", dtype="object", categories=("",))


def joined_lines(texts: Iterable[str]) -> bytes:
    """Text for a file, each with its end."""
    return "\n".join([*texts, ""]).encode()
