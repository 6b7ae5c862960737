"""Turns a block into the bytes to write: rows with their predictions, and rejected rows."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import orjson

from service.batch.compression import compress
from service.batch.dialect import Dialect, encoded
from service.batch.parquet_rows import ParquetRows
from service.batch.scoring import Scored, Scorer
from service.batch.tables import Rows, Table
from service.model.known_categories import Unknown
from service.model.signature import Input, Signature

DECIMAL_COMMA = re.compile(r"[+-]?[0-9]+,[0-9]+")


@dataclass(frozen=True, slots=True)
class Result:
    """The bytes of a block for the output (`good`) and for the file of rejected rows (`bad`), the
    number of all rows and of rejected ones, the first reason, and values that the encoders do not
    know."""

    good: bytes
    bad: bytes
    rows: int
    rejected: int
    first: str
    unknown: Mapping[str, Unknown]


class Format(Protocol):
    """A format of the output."""

    def head(self) -> bytes:
        """The start of the output."""

    def encoded(self, rows: Rows, scored: Scored) -> bytes:
        """The rows that have predictions."""

    def finish(self, part: Path, whole: Path) -> Path:
        """Make the output from the bytes in `part`. Return its path, which is `part` or `whole`."""


@dataclass(frozen=True, slots=True)
class Work:
    """The work on a block, which a worker calls. Rejected rows are written in `dialect`."""

    table: Table
    scorer: Scorer
    format: Format
    dialect: Dialect

    def __call__(self, block: Any) -> Result:
        """Read, check, predict and encode a block; InputError if it is not a table."""
        rows = self.table.rows(block)
        scored = self.scorer.score(rows)
        rejected = sorted(scored.rejected.items())
        bad = [[rows.number(place), reason, *rows.cells(place)] for place, reason in rejected]
        first = f"{self.table.unit} {bad[0][0]}: {bad[0][1]}" if bad else ""
        if bad and self._has_decimal_comma(rows.cells(rejected[0][0])):
            first += "; --decimal , reads decimal commas"
        return Result(
            self.format.encoded(rows, scored),
            joined_lines(self.dialect.lines(bad)),
            len(rows),
            len(bad),
            first,
            scored.unknown,
        )

    def _has_decimal_comma(self, cells: Sequence[str]) -> bool:
        return self.dialect.decimal == "." and any(map(DECIMAL_COMMA.fullmatch, cells))


class CsvFormat:
    """Writes CSV: the input's rows, if they are kept, then the predictions."""

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
        columns = [self._column(name, scored.predictions[name]) for name in self._columns]
        if not self._kept:
            return self._dialect.joined(columns)
        return rows.with_columns(scored.good, columns)

    def finish(self, part: Path, whole: Path) -> Path:
        """Nothing is left to do."""
        return part

    def _column(self, name: str, values: Sequence[Any]) -> Sequence[bytes]:
        try:
            return list(map(self._known[name].__getitem__, values))
        except KeyError:  # the labels are unknown or incomplete
            return self._texts(values)

    def _texts(self, values: Sequence[Any]) -> Sequence[bytes]:
        """Cells with the values as in JSON, without quotes; this command can read them again."""
        if not values:
            return []
        if isinstance(values[0], str):
            return encoded(self._dialect.lines([value] for value in values))
        texts = orjson.dumps(values)[1:-1]
        if self._dialect.decimal == ".":
            return texts.split(b",")
        return encoded(map(self._dialect.number, texts.decode().split(",")))


class CompressedFormat:
    """Compresses a text format in one piece at the end: many readers read only the first of several
    pieces."""

    def __init__(self, format: Format, compression: str) -> None:
        self.head = format.head
        self.encoded = format.encoded
        self._compression = compression

    def finish(self, part: Path, whole: Path) -> Path:
        """Compress the output."""
        compress(part, whole, self._compression)
        return whole


def kept_values(rows: Rows, scored: Scored, names: Sequence[str]) -> list[Sequence[Any]]:
    """Columns of the rows that have predictions. Inputs have the checked values, other columns are
    text, or null if empty. Columns of Parquet are unchanged."""
    if isinstance(rows, ParquetRows):
        return [rows.some(rows.column(name), scored.good).to_pylist() for name in names]
    whole = [place for place in range(len(rows)) if place not in rows.malformed]
    good = set(scored.good)
    picked = [at for at, place in enumerate(whole) if place in good]
    columns = []
    for name in names:
        values = scored.values[name] if name in scored.values else rows.values(_other(name))
        columns.append(values if len(picked) == len(values) else [values[at] for at in picked])
    return columns


def _other(name: str) -> Input:
    """A column that is not an input of the model: text, or null for an empty cell."""
    return Input(name=name, kind="text", dtype="object", nullable=True)


def joined_lines(texts: Iterable[str]) -> bytes:
    """Encoded lines, each with a line end."""
    return "\n".join([*texts, ""]).encode()
