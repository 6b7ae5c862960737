"""The dialect of CSV that a run reads and writes: `--separator`, `--decimal`, `--safe-cells`."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import orjson

from service.api.cells import values_of
from service.files.spreadsheets import safe_cell
from service.files.tables import InputError
from service.model.signature import Input

# What may separate cells: its plural, and the word for it on a command line.
SEPARATORS = {
    ",": ("commas", "','"),
    ";": ("semicolons", "';'"),
    "\t": ("tabs", "tab"),
    "|": ("vertical bars", "'|'"),
}
SWAPPED = str.maketrans(",.", ".,")


@dataclass(frozen=True, slots=True)
class Dialect:
    """What separates cells, what stands before a number's decimals, and whether cells that a
    spreadsheet would run are made text."""

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
        """The values of an input. A number with a point is none where decimals follow a comma."""
        if self.decimal == "," and _is_numeric(column):
            cells = [cell.translate(SWAPPED) for cell in cells]
        return values_of(cells, column)

    def number(self, text: str) -> str:
        """A number as JSON has it, as this dialect has it."""
        return text.replace(".", self.decimal)

    def text(self, value: Any) -> str:
        """A value as a cell: null is empty, what is nested is JSON, and bytes are hexadecimal."""
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
        """Rows as lines of CSV, without their ends, with quotes where they must be."""
        if self.safe_cells:
            rows = (self._safe(row) for row in rows)
        lines: list[str] = []
        # It puts into quotes what has a character of the line's end.
        csv.writer(
            SimpleNamespace(write=lines.append), lineterminator="\r\n", delimiter=self.separator
        ).writerows(rows)
        return [line[:-2] for line in lines]

    def beside(self, rows: Iterable[Iterable[Any]], told: Sequence[Sequence[bytes]]) -> bytes:
        """Rows as lines of CSV, with more columns of text for them."""
        return self.joined([encoded(self.lines(rows)), *told])

    def joined(self, columns: Sequence[Sequence[bytes]]) -> bytes:
        """Columns of text, equally long, as lines of CSV."""
        step = 2 * len(columns)
        pieces = [self.separator.encode()] * (step * len(columns[0]))
        for place, texts in enumerate(columns):
            pieces[2 * place :: step] = texts
        pieces[step - 1 :: step] = [b"\n"] * len(columns[0])
        return b"".join(pieces)

    def _safe(self, row: Iterable[Any]) -> Iterator[Any]:
        return (safe_cell(cell, self.decimal) for cell in row)


def encoded(texts: Iterable[str]) -> list[bytes]:
    """Texts as they are written."""
    return [text.encode() for text in texts]


def _is_numeric(column: Input) -> bool:
    if column.kind in ("number", "integer"):
        return True
    first = (column.categories or [None])[0]
    return isinstance(first, int | float) and not isinstance(first, bool)
