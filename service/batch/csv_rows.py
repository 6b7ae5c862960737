"""Rows of CSV. NumPy splits blocks without quotes whose lines have the same number of commas, which
are most, many times as fast as the `csv` module. The `csv` module reads the others. Both return the
same rows.
"""

import csv
from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import chain
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from service.api.fast_json import may_be_rounded
from service.batch.dialect import Dialect, encoded
from service.model.signature import Input

COMMAS = Dialect()
NUMBER_BYTES = b"0123456789+-eE \n"  # in addition to the separator and the decimal mark


class UniformRows:
    """Rows without quotes, all as wide as the header, after `before` lines of the file."""

    def __init__(
        self, before: int, text: str, size: int, header: Sequence[str], dialect: Dialect
    ) -> None:
        self._before = before
        self._text = text  # with a line end after each row
        self._size = size
        self._header = header
        self._dialect = dialect
        self.malformed: Mapping[int, str] = {}

    def __len__(self) -> int:
        return self._size

    def values(self, column: Input) -> Sequence[Any]:
        """The cells of an input."""
        at = self._header.index(column.name)
        if column.kind == "number" and self._numbers is not None:
            return self._numbers[:, at]  # type: ignore[return-value]  # an array has what callers use
        return self._dialect.values(self._cells[at :: len(self._header)], column)

    def number(self, place: int) -> int:
        """The number of its line."""
        return self._before + place + 1

    def cells(self, place: int) -> Sequence[str]:
        """A row as it is."""
        return self._lines[place].split(self._dialect.separator)

    def with_columns(self, places: Sequence[int], columns: Sequence[Sequence[bytes]]) -> bytes:
        """The unchanged text of rows, with more columns."""
        if self._dialect.safe_cells:
            return self._dialect.with_columns(map(self.cells, places), columns)
        if len(places) < len(self):
            return self._dialect.joined([encoded(self._lines[place] for place in places), *columns])
        more = f"{self._dialect.separator}%b".encode() * len(columns)
        lines = self._text.encode().replace(b"%", b"%%").replace(b"\n", more + b"\n")
        one, *others = columns
        return lines % tuple(chain.from_iterable(zip(*columns, strict=True)) if others else one)

    @cached_property
    def _lines(self) -> list[str]:
        return self._text[:-1].split("\n")

    @cached_property
    def _cells(self) -> list[str]:
        """Row after row."""
        return self._joined.split(self._dialect.separator)

    @cached_property
    def _numbers(self) -> NDArray[np.float64] | None:
        """An array of shape (rows, columns), if all cells are numbers as JSON writes them."""
        between = self._dialect.separator + self._dialect.decimal
        if self._text.encode().translate(None, NUMBER_BYTES + between.encode()):
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


def uniform_rows(
    before: int, text: str, header: Sequence[str], dialect: Dialect = COMMAS
) -> UniformRows | None:
    """The rows of a block; None if only the `csv` module reads it."""
    text = text.replace("\r\n", "\n")
    if '"' in text or "\r" in text:
        return None
    if not text.endswith("\n"):  # the last line of the file may lack it
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
    if np.diff(ends, prepend=-1).max() > csv.field_size_limit():  # the `csv` module reports it
        return None
    return UniformRows(before, text, size, header, dialect)


class RaggedRows:
    """Rows of any width. `numbers` are the lines on which they end."""

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
        self.malformed: Mapping[int, str] = {
            place: f"has {len(cells)} cells, the header has {width}"
            for place, cells in enumerate(rows)
            if len(cells) != width
        }

    def __len__(self) -> int:
        return len(self._rows)

    def values(self, column: Input) -> Sequence[Any]:
        """The values of an input in rows that are as wide as the header."""
        at = self._header.index(column.name)
        malformed = self.malformed
        cells = [row[at] for place, row in enumerate(self._rows) if place not in malformed]
        return self._dialect.values(cells, column)

    def number(self, place: int) -> int:
        """The line on which a row ends."""
        return self._numbers[place]

    def cells(self, place: int) -> Sequence[str]:
        """A row as it is."""
        return self._rows[place]

    def with_columns(self, places: Sequence[int], columns: Sequence[Sequence[bytes]]) -> bytes:
        """Rows with the quotes that they need, and more columns."""
        return self._dialect.with_columns(map(self.cells, places), columns)
