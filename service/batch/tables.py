"""Interfaces of the readers: a table is read in blocks, and each block becomes rows."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from service.api.problems import likely
from service.model.errors import SlipwayError
from service.model.signature import Input


class InputError(SlipwayError):
    """A file cannot be scored. The message has the place and the reason."""


class NoInputError(InputError):
    """A file does not exist, or may not be read."""

    exit_code = os.EX_NOINPUT


class NotInstalledError(InputError):
    """An optional package that reads or writes a file is not installed."""

    exit_code = os.EX_UNAVAILABLE


class Rows(Protocol):
    """The rows of one block.

    Places are indexes of rows in this block, from 0. `malformed` has the place of each row that
    cannot be read, and the reason.
    """

    malformed: Mapping[int, str]

    def __len__(self) -> int:
        """The number of rows, with the malformed ones."""

    def values(self, column: Input) -> Sequence[Any]:
        """The values of an input in all rows but the malformed ones, as JSON would have them."""

    def number(self, place: int) -> int:
        """The number of a row or line in the file, for error messages."""

    def cells(self, place: int) -> Sequence[str]:
        """A row as text, for the file of rejected rows."""

    def with_columns(self, places: Sequence[int], columns: Sequence[Sequence[bytes]]) -> bytes:
        """These rows as lines of CSV, with more columns of encoded cells."""


class Table(Protocol):
    """An open file. The blocks can be sent to another process, which calls `rows`."""

    header: Sequence[str]
    unit: str  # what `Rows.number` counts: lines or rows
    schema: Any  # pyarrow's; None if the format has no types
    pieces: int  # the approximate number of blocks
    total: int  # `position` at the end

    def blocks(self) -> Iterator[Any]:
        """The whole file, divided at the same places each time."""

    def rows(self, block: Any) -> Rows:
        """The rows of a block; InputError if it is not a table."""

    @property
    def position(self) -> int:
        """How much was read so far, in the unit of `total`."""

    def close(self) -> None:
        """Close the file."""


def check(path: Path, header: Sequence[str], needed: Sequence[str]) -> None:
    """Raise InputError if a column occurs twice, or a needed one is missing."""
    for name in header:
        if header.count(name) > 1:
            raise InputError(f"{path}: the column {name[:64]} occurs more than once")
    for name in needed:
        if name not in header:
            close = likely(name, header)
            hint = f"; did you mean {close}?" if close else ""
            raise InputError(f"{path}: has no column {name}{hint}")
