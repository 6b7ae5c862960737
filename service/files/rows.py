"""Rows of CSV. Most blocks have no quotes and as many commas in each line: they are split at those,
many times as fast as the `csv` module, which reads the others. Both ways give the same rows.
"""

import csv
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import repeat
from types import SimpleNamespace
from typing import Any

import orjson

from service.api.cells import values_of
from service.model.signature import Input


class Grid:
    """Rows without a quote, all of them as wide as the header, below so many lines of the file."""

    def __init__(self, before: int, text: Sequence[str], header: Sequence[str]) -> None:
        self._before = before
        self._text = text
        self._header = header
        self.broken: Mapping[int, str] = {}

    def __len__(self) -> int:
        return len(self._text)

    def values(self, column: Input) -> Sequence[Any]:
        """The cells of an input."""
        return values_of(self._cells[self._header.index(column.name) :: len(self._header)], column)

    def number(self, place: int) -> int:
        """The line."""
        return self._before + place + 1

    def cells(self, place: int) -> Sequence[str]:
        """A row as it is."""
        return self._text[place].split(",")

    def lines(self, places: Sequence[int]) -> Sequence[str]:
        """Rows as they are."""
        return self._text if len(places) == len(self) else [self._text[i] for i in places]

    @cached_property
    def _cells(self) -> list[str]:
        """Row after row."""
        return ",".join(self._text).split(",")


def grid(before: int, text: str, header: Sequence[str]) -> Grid | None:
    """The rows of this text, if it is as plain as most is."""
    text = text.replace("\r\n", "\n")
    if '"' in text or "\r" in text:
        return None
    lines = text.removesuffix("\n").split("\n")
    if not all(lines) or set(map(str.count, lines, repeat(","))) != {len(header) - 1}:
        return None
    if max(map(len, lines)) > csv.field_size_limit():  # a cell may be; that is to be told
        return None
    return Grid(before, lines, header)


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

    def lines(self, places: Sequence[int]) -> Sequence[str]:
        """Rows with quotes where they must be."""
        return written(self._rows[place] for place in places)


def plain(values: list[Any]) -> list[str]:
    """Finite numbers and booleans as JSON has them."""
    return orjson.dumps(values).decode()[1:-1].split(",") if values else []


def written(rows: Iterable[Sequence[Any]]) -> list[str]:
    """Rows as lines of CSV, without their ends."""
    lines: list[str] = []
    # It puts into quotes what has a character of the line's end.
    csv.writer(SimpleNamespace(write=lines.append), lineterminator="\r\n").writerows(rows)
    return [line[:-2] for line in lines]
