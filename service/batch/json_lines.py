"""Reads and writes JSON Lines: one JSON object per line, in blocks of whole lines."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import orjson

from service.api import parse
from service.api.problems import Problem
from service.batch import tables
from service.batch.dialect import Dialect
from service.batch.output import kept_values
from service.batch.scoring import Scored
from service.batch.tables import InputError, Rows
from service.batch.text_file import Block, TextFile
from service.model.signature import Input

NO_LIMITS = parse.PayloadLimits(*(sys.maxsize,) * 4)  # the limits of a request do not apply
BLANKS = " \t\r\n"


class JsonLinesTable(TextFile):
    """An open file. The keys of its first object are the columns. Blank lines are skipped."""

    unit = "line"
    schema = None

    def __init__(
        self,
        path: Path,
        encoding: str,
        needed: Sequence[str],
        compression: str | None,
        dialect: Dialect,
    ) -> None:
        super().__init__(path, compression, encoding, newline="\n")
        self._needed = needed
        self._dialect = dialect
        try:
            self._start = self._first()
            row = _parsed(self._start.strip(BLANKS))
            if isinstance(row, str):
                raise InputError(f"{path}, line {self._start.count(chr(10)) or 1}: {row}")
            self.header: Sequence[str] = list(row)
            tables.check(path, self.header, needed)
        except BaseException:
            self.close()
            raise

    def blocks(self) -> Iterator[Block]:
        """All rows."""
        before = 0
        for text in chain([self._start], iter(self.read, "")):
            yield Block(before, text)
            before += text.count("\n")

    def rows(self, block: Block) -> Rows:
        """The rows of a block."""
        return JsonLinesRows(block, self.header, self._needed, self._dialect)

    def _first(self) -> str:
        """The text up to the end of the first object."""
        start = ""
        with self.reading():
            for line in self.lines():
                start += line
                if line.strip(BLANKS):
                    return start
        raise InputError(f"{self.path}: has no rows")


class JsonLinesRows:
    """Rows of JSON. A missing key is null, unless it is an input of the model."""

    def __init__(
        self, block: Block, header: Sequence[str], needed: Sequence[str], dialect: Dialect
    ) -> None:
        self._header = header
        self._needed = needed
        self._dialect = dialect
        self._lines = [
            (number, line.strip(BLANKS))
            for number, line in enumerate(block.text.split("\n"), block.before + 1)
            if line.strip(BLANKS)
        ]
        self._rows = [self._row(line) for _, line in self._lines]
        self.malformed: Mapping[int, str] = {
            place: row for place, row in enumerate(self._rows) if isinstance(row, str)
        }

    def __len__(self) -> int:
        return len(self._rows)

    def values(self, column: Input) -> Sequence[Any]:
        """The values of an input. The values of another column are text or null."""
        name = column.name
        rows = [row for row in self._rows if not isinstance(row, str)]
        if name in self._needed:
            return [row[name] for row in rows]
        return [self._dialect.text(row.get(name)) or None for row in rows]

    def number(self, place: int) -> int:
        """The number of its line."""
        return self._lines[place][0]

    def cells(self, place: int) -> Sequence[str]:
        """The values of a row as text; of a malformed row, its whole line."""
        row = self._rows[place]
        if isinstance(row, str):
            return [self._lines[place][1]]
        return [self._dialect.text(row.get(name)) for name in self._header]

    def with_columns(self, places: Sequence[int], columns: Sequence[Sequence[bytes]]) -> bytes:
        """Rows as CSV, with more columns."""
        return self._dialect.with_columns(map(self.cells, places), columns)

    def extended(self, places: Sequence[int], more: Sequence[bytes]) -> Iterator[bytes]:
        """The unchanged text of rows, each extended by the members of another object."""
        for place, members in zip(places, more, strict=True):
            start = self._lines[place][1][:-1].rstrip(BLANKS)
            comma = "" if start == "{" else ", "
            yield f"{start}{comma}".encode() + members[1:] + b"\n"

    def _row(self, line: str) -> dict[str, Any] | str:
        row = _parsed(line)
        if isinstance(row, str):
            return row
        for name in self._needed:
            if name not in row:
                return f"has no {name}"
        for name in row:
            if name not in self._header:
                return f"has the key {name[:64]}, which the first row does not have"
        return row


class JsonLinesFormat:
    """Writes an object for each row: the columns of the input, then the predictions."""

    def __init__(self, kept: Sequence[str], columns: Sequence[str]) -> None:
        self._kept = kept
        self._columns = columns

    def head(self) -> bytes:
        """Nothing."""
        return b""

    def encoded(self, rows: Rows, scored: Scored) -> bytes:
        """A line for each row that has predictions."""
        predictions = [scored.predictions[name] for name in self._columns]
        if self._kept and isinstance(rows, JsonLinesRows):
            return b"".join(rows.extended(scored.good, list(_objects(self._columns, predictions))))
        kept = kept_values(rows, scored, self._kept)
        objects = _objects([*self._kept, *self._columns], [*kept, *predictions])
        return b"".join(text + b"\n" for text in objects)

    def finish(self, part: Path, whole: Path) -> Path:
        """Nothing is left to do."""
        return part


def _objects(names: Sequence[str], columns: Sequence[Sequence[Any]]) -> Iterator[bytes]:
    """JSON of each row."""
    for values in zip(*columns, strict=True):
        row = dict(zip(names, values, strict=True))
        yield orjson.dumps(row, default=_plain, option=orjson.OPT_SERIALIZE_NUMPY)


def _plain(value: Any) -> Any:
    """A value of Parquet that JSON has no type for: a decimal becomes a number, others text."""
    text = Dialect().text(value)
    return orjson.Fragment(text) if type(value).__name__ == "Decimal" else text


def _parsed(line: str) -> dict[str, Any] | str:
    """The object in a line, or the reason why there is none."""
    try:
        row = parse.parse_json(line, NO_LIMITS)
    except Problem as problem:
        [error] = problem.errors
        return f"is not JSON: {error['detail'].replace('at line 1 column', 'at column')}"
    return row if isinstance(row, dict) else "is not a JSON object"
