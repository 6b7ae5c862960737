"""Rows of CSV. Most blocks have no quotes and as many commas in each line: they are split at those,
many times as fast as the `csv` module, which reads the others. Both ways give the same rows.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain
from types import SimpleNamespace
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from service.api.cells import values_of
from service.model.signature import Input

OF_NUMBERS = b"0123456789+-.eE ,\n"


class Grid:
    """Rows without a quote, all of them as wide as the header, below so many lines of the file."""

    def __init__(self, before: int, text: str, size: int, header: Sequence[str]) -> None:
        self._before = before
        self._text = text  # with a line end behind each row
        self._size = size
        self._header = header
        self.broken: Mapping[int, str] = {}

    def __len__(self) -> int:
        return self._size

    def values(self, column: Input) -> Sequence[Any]:
        """The cells of an input."""
        at = self._header.index(column.name)
        if column.kind == "number" and self._numbers is not None:
            return self._numbers[:, at]  # type: ignore[return-value]  # it has what is asked of one
        return values_of(self._cells[at :: len(self._header)], column)

    def number(self, place: int) -> int:
        """The line."""
        return self._before + place + 1

    def cells(self, place: int) -> Sequence[str]:
        """A row as it is."""
        return self._lines[place].split(",")

    def texts(self, places: Sequence[int]) -> Iterator[Sequence[str]]:
        """The cells of these rows."""
        return map(self.cells, places)

    def beside(self, places: Sequence[int], told: Sequence[Sequence[bytes]]) -> bytes:
        """Rows as they are, with more columns."""
        if len(places) < len(self):
            return joined([[self._lines[place].encode() for place in places], *told])
        lines = self._text.encode().replace(b"%", b"%%")
        lines = lines.replace(b"\n", b",%b" * len(told) + b"\n")
        one, *others = told
        return lines % tuple(chain.from_iterable(zip(*told, strict=True)) if others else one)

    @cached_property
    def _lines(self) -> list[str]:
        return self._text[:-1].split("\n")

    @cached_property
    def _cells(self) -> list[str]:
        """Row after row."""
        return self._joined.split(",")

    @cached_property
    def _numbers(self) -> NDArray[np.float64] | None:
        """Of shape (rows, columns), if all cells are numbers as JSON writes them."""
        if self._text.encode().translate(None, OF_NUMBERS):
            return None
        try:
            numbers = np.array(orjson.loads(f"[{self._joined}]"), dtype=np.float64)
        except (orjson.JSONDecodeError, OverflowError):
            return None
        return numbers.reshape(len(self), len(self._header))

    @property
    def _joined(self) -> str:
        return self._text[:-1].replace("\n", ",")


def grid(before: int, text: str, header: Sequence[str]) -> Grid | None:
    """The rows of this text, if it is as plain as most is."""
    text = text.replace("\r\n", "\n")
    if '"' in text or "\r" in text:
        return None
    if not text.endswith("\n"):  # the last of the file may lack it
        text += "\n"
    if len(header) == 1 and "\n\n" in f"\n{text}":  # a blank line, not an empty cell
        return None
    characters = np.frombuffer(text.encode(), np.uint8)
    ends = np.flatnonzero((characters == ord(",")) | (characters == ord("\n")))
    one = b"," * (len(header) - 1) + b"\n"
    size = len(ends) // len(one)
    if characters[ends].tobytes() != size * one:
        return None
    if np.diff(ends, prepend=-1).max() > csv.field_size_limit():  # that is to be told
        return None
    return Grid(before, text, size, header)


class Ragged:
    """Rows of any width, with the line on which each ends."""

    def __init__(
        self, numbers: Sequence[int], rows: Sequence[list[str]], header: Sequence[str]
    ) -> None:
        self._numbers = numbers
        self._rows = rows
        self._header = header
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
        return values_of([r[at] for i, r in enumerate(self._rows) if i not in broken], column)

    def number(self, place: int) -> int:
        """The line on which a row ends."""
        return self._numbers[place]

    def cells(self, place: int) -> Sequence[str]:
        """A row as it is."""
        return self._rows[place]

    def texts(self, places: Sequence[int]) -> Iterator[Sequence[str]]:
        """The cells of these rows."""
        return map(self.cells, places)

    def beside(self, places: Sequence[int], told: Sequence[Sequence[bytes]]) -> bytes:
        """Rows with quotes where they must be, with more columns."""
        return joined([encoded(written(self.texts(places))), *told])


def joined(columns: Sequence[Sequence[bytes]]) -> bytes:
    """Columns of text, equally long, as lines of CSV."""
    step = 2 * len(columns)
    pieces = [b","] * (step * len(columns[0]))
    for place, texts in enumerate(columns):
        pieces[2 * place :: step] = texts
    pieces[step - 1 :: step] = [b"\n"] * len(columns[0])
    return b"".join(pieces)


def encoded(texts: Iterable[str]) -> list[bytes]:
    """Texts as they are written."""
    return [text.encode() for text in texts]


def written(rows: Iterable[Iterable[Any]]) -> list[str]:
    """Rows as lines of CSV, without their ends."""
    lines: list[str] = []
    # It puts into quotes what has a character of the line's end.
    csv.writer(SimpleNamespace(write=lines.append), lineterminator="\r\n").writerows(rows)
    return [line[:-2] for line in lines]
