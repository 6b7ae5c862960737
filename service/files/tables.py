"""What is read: a table in blocks, each of which becomes rows."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from service.api.problems import likely
from service.model.errors import SlipwayError
from service.model.signature import Input


class InputError(SlipwayError):
    """A file that cannot be scored; the text says where and why."""


class NoInputError(InputError):
    """A file that is not there, or may not be read."""

    exit_code = os.EX_NOINPUT


class NotInstalledError(InputError):
    """What would read or write a file is an extra that is not there."""

    exit_code = os.EX_UNAVAILABLE


class Rows(Protocol):
    """Some rows of a table. `broken` says why those at these places are none.

    Places count from 0, in this block.
    """

    broken: Mapping[int, str]

    def __len__(self) -> int:
        """How many there are, broken ones as well."""

    def values(self, column: Input) -> Sequence[Any]:
        """The cells of an input in all rows but the broken ones, as its JSON would be."""

    def number(self, place: int) -> int:
        """Where in the file people find a row."""

    def cells(self, place: int) -> Sequence[str]:
        """A row as text, for people to read."""

    def beside(self, places: Sequence[int], told: Sequence[Sequence[bytes]]) -> bytes:
        """Rows as lines of CSV, with more columns of text for them, as CSV has it."""


class Table(Protocol):
    """An open file. What `blocks` yields may be sent to another process, there to be read."""

    header: Sequence[str]
    unit: str  # of the numbers of its rows
    schema: Any  # pyarrow's; None of a file without types
    pieces: int  # about as many as there are blocks
    total: int  # of `position`, at the end

    def blocks(self) -> Iterator[Any]:
        """All of it, cut at the same places each time."""

    def rows(self, block: Any) -> Rows:
        """The rows of a block; InputError where it is no table."""

    @property
    def position(self) -> int:
        """How much was read so far."""

    def close(self) -> None:
        """Read no further."""


def check(path: Path, header: Sequence[str], needed: Sequence[str]) -> None:
    """InputError if a column is there twice, or not at all."""
    for name in header:
        if header.count(name) > 1:
            raise InputError(f"{path}: the column {name[:64]} is there more than once")
    for name in needed:
        if name not in header:
            close = likely(name, header)
            hint = f"; did you mean {close}?" if close else ""
            raise InputError(f"{path}: has no column {name}{hint}")
