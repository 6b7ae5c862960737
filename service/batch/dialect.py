"""The dialect of CSV that a run reads and writes: `--separator`, `--decimal`, `--safe-cells`."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import orjson

from service.api.csv_values import values_of
from service.batch.spreadsheets import safe_cell
from service.batch.tables import InputError
from service.model.signature import Input

SWAPPED = str.maketrans(",.", ".,")


@dataclass(frozen=True, slots=True)
class Dialect:
    """The separator of cells, the decimal mark of numbers, and whether cells that a spreadsheet
    would run as formulas become text."""

    separator: str = ","
    decimal: str = "."
    safe_cells: bool = False

    def __post_init__(self) -> None:
        if self.decimal == self.separator:
            raise InputError("--decimal , needs another separator, such as --separator ';'")

    def read(self, lines: Iterable[str]) -> Any:
        """A reader of the `csv` module."""
        return csv.reader(lines, strict=True, delimiter=self.separator)

    def values(self, cells: Sequence[str], column: Input) -> Sequence[Any]:
        """The values of an input. With decimal commas, a number with a point is invalid."""
        if self.decimal == "," and _is_numeric(column):
            cells = [cell.translate(SWAPPED) for cell in cells]
        return values_of(cells, column)

    def number(self, text: str) -> str:
        """A number of JSON with the decimal mark of this dialect."""
        return text.replace(".", self.decimal)

    def text(self, value: Any) -> str:
        """A value as a cell. Null is empty, nested values are JSON, and bytes are hexadecimal."""
        if value is None:
            return ""
        if isinstance(value, str):
            return value
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, float | Decimal):
            return self.number(str(value))
        if isinstance(value, bytes):
            return value.hex()
        if isinstance(value, list | dict):
            return orjson.dumps(value, default=self.text).decode()
        return str(value)

    def lines(self, rows: Iterable[Iterable[Any]]) -> list[str]:
        """Rows as lines of CSV without line ends, quoted where necessary."""
        if self.safe_cells:
            rows = (self._safe(row) for row in rows)
        lines: list[str] = []
        # csv.writer quotes cells that contain a character of the line terminator: use \r\n, and
        # strip it.
        csv.writer(
            SimpleNamespace(write=lines.append), lineterminator="\r\n", delimiter=self.separator
        ).writerows(rows)
        return [line[:-2] for line in lines]

    def with_columns(
        self, rows: Iterable[Iterable[Any]], columns: Sequence[Sequence[bytes]]
    ) -> bytes:
        """Rows as lines of CSV, with more columns of encoded cells."""
        return self.joined([encoded(self.lines(rows)), *columns])

    def joined(self, columns: Sequence[Sequence[bytes]]) -> bytes:
        """Columns of encoded cells, equally long, as lines of CSV."""
        step = 2 * len(columns)
        pieces = [self.separator.encode()] * (step * len(columns[0]))
        for place, texts in enumerate(columns):
            pieces[2 * place :: step] = texts
        pieces[step - 1 :: step] = [b"\n"] * len(columns[0])
        return b"".join(pieces)

    def _safe(self, row: Iterable[Any]) -> Iterator[Any]:
        return (safe_cell(cell, self.decimal) for cell in row)


def encoded(texts: Iterable[str]) -> list[bytes]:
    """Texts in UTF-8."""
    return [text.encode() for text in texts]


def _is_numeric(column: Input) -> bool:
    if column.kind in ("number", "integer"):
        return True
    first = (column.categories or [None])[0]
    return isinstance(first, int | float) and not isinstance(first, bool)
