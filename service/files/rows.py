"""Rows of CSV. Most blocks have no quotes and as many commas in each line: they are split at those,
many times as fast as the `csv` module, which reads the others. Both ways give the same rows.
"""

import csv
from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import chain
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from service.api.buffers import may_be_rounded
from service.files.dialect import Dialect, encoded
from service.model.signature import Input

COMMAS = Dialect()
OF_NUMBERS = b"0123456789+-eE \n"  # and what separates cells, or stands before decimals


class Grid:
    """Rows without a quote, all of them as wide as the header, below so many lines of the file."""

    def __init__(
        self, before: int, text: str, size: int, header: Sequence[str], dialect: Dialect
    ) -> None:
        self._before = before
        self._text = text  # with a line end behind each row
        self._size = size
        self._header = header
        self._dialect = dialect
        self.broken: Mapping[int, str] = {}

    def __len__(self) -> int:
        return self._size

    def values(self, column: Input) -> Sequence[Any]:
        """The cells of an input."""
        at = self._header.index(column.name)
        if column.kind == "number" and self._numbers is not None:
            return self._numbers[:, at]  # type: ignore[return-value]  # it has what is asked of one
        return self._dialect.values(self._cells[at :: len(self._header)], column)

    def number(self, place: int) -> int:
        """The line."""
        return self._before + place + 1

    def cells(self, place: int) -> Sequence[str]:
        """A row as it is."""
        return self._lines[place].split(self._dialect.separator)

    def beside(self, places: Sequence[int], told: Sequence[Sequence[bytes]]) -> bytes:
        """Rows as they are, with more columns."""
        if self._dialect.safe_cells:
            return self._dialect.beside(map(self.cells, places), told)
        if len(places) < len(self):
            return self._dialect.joined([encoded(self._lines[place] for place in places), *told])
        more = f"{self._dialect.separator}%b".encode() * len(told)
        lines = self._text.encode().replace(b"%", b"%%").replace(b"\n", more + b"\n")
        one, *others = told
        return lines % tuple(chain.from_iterable(zip(*told, strict=True)) if others else one)

    @cached_property
    def _lines(self) -> list[str]:
        return self._text[:-1].split("\n")

    @cached_property
    def _cells(self) -> list[str]:
        """Row after row."""
        return self._joined.split(self._dialect.separator)

    @cached_property
    def _numbers(self) -> NDArray[np.float64] | None:
        """Of shape (rows, columns), if all cells are numbers as JSON writes them."""
        between = self._dialect.separator + self._dialect.decimal
        if self._text.encode().translate(None, OF_NUMBERS + between.encode()):
            return None
        listed = self._joined
        if between != ",.":
            listed = listed.translate(str.maketrans(between, ",."))
        try:
            numbers = np.array(orjson.loads(f"[{listed}]"), dtype=np.float64)
        except (orjson.JSONDecodeError, OverflowError):
            return None
        if len(numbers) and may_be_rounded(numbers):
            return None
        return numbers.reshape(len(self), len(self._header))

    @property
    def _joined(self) -> str:
        return self._text[:-1].replace("\n", self._dialect.separator)


def grid(before: int, text: str, header: Sequence[str], dialect: Dialect = COMMAS) -> Grid | None:
    """The rows of this text, if it is as plain as most is."""
    text = text.replace("\r\n", "\n")
    if '"' in text or "\r" in text:
        return None
    if not text.endswith("\n"):  # the last of the file may lack it
        text += "\n"
    if len(header) == 1 and "\n\n" in f"\n{text}":  # a blank line, not an empty cell
        return None
    characters = np.frombuffer(text.encode(), np.uint8)
    separator = dialect.separator
    ends = np.flatnonzero((characters == ord(separator)) | (characters == ord("\n")))
    one = separator.encode() * (len(header) - 1) + b"\n"
    size = len(ends) // len(one)
    if characters[ends].tobytes() != size * one:
        return None
    if np.diff(ends, prepend=-1).max() > csv.field_size_limit():  # that is to be told
        return None
    return Grid(before, text, size, header, dialect)


class Ragged:
    """Rows of any width, with the line on which each ends."""

    def __init__(
        self,
        numbers: Sequence[int],
        rows: Sequence[list[str]],
        header: Sequence[str],
        dialect: Dialect = COMMAS,
    ) -> None:
        self._numbers = numbers
        self._rows = rows
        self._header = header
        self._dialect = dialect
        width = len(header)
        self.broken: Mapping[int, str] = {
            place: f"has {len(cells)} cells, the header has {width}"
            for place, cells in enumerate(rows)
            if len(cells) != width
        }

    def __len__(self) -> int:
        return len(self._rows)

    def values(self, column: Input) -> Sequence[Any]:
        """The cells of an input in rows that are as wide as the header."""
        at = self._header.index(column.name)
        broken = self.broken
        cells = [row[at] for place, row in enumerate(self._rows) if place not in broken]
        return self._dialect.values(cells, column)

    def number(self, place: int) -> int:
        """The line on which a row ends."""
        return self._numbers[place]

    def cells(self, place: int) -> Sequence[str]:
        """A row as it is."""
        return self._rows[place]

    def beside(self, places: Sequence[int], told: Sequence[Sequence[bytes]]) -> bytes:
        """Rows with quotes where they must be, with more columns."""
        return self._dialect.beside(map(self.cells, places), told)
