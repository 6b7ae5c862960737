"""A CSV file, row by row, whatever its size."""

import csv
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path

from service.api.problems import likely


class InputError(Exception):
    """A file that cannot be scored; the text is one line that says where and why."""

    exit_code = os.EX_DATAERR


class NoInputError(InputError):
    """A file that is not there, or may not be read."""

    exit_code = os.EX_NOINPUT


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of one row, and the line of the file on which it ends, from 1."""

    line: int
    cells: list[str]


class Table:
    """An open file with a header line. Blank lines are no rows; a byte order mark is left out."""

    def __init__(self, path: Path, encoding: str, needed: Sequence[str]) -> None:
        self.path = path
        self.encoding = "utf-8-sig" if encoding.lower() in ("utf-8", "utf8") else encoding
        try:
            self._file = path.open("rb")
        except OSError as error:
            raise NoInputError(f"{path}: cannot be read ({error.strerror})") from error
        try:
            text = TextIOWrapper(self._file, encoding=self.encoding, newline="")
            self._reader = csv.reader(text, strict=True)
            first = next(self._rows(), None)
            self.header = [name.strip() for name in first.cells] if first else []
            self._check(needed)
        except LookupError as error:
            self._file.close()
            raise InputError(f"there is no encoding {encoding}") from error
        except BaseException:
            self._file.close()
            raise

    def close(self) -> None:
        """Read no further."""
        self._file.close()

    @property
    def position(self) -> int:
        """Bytes read so far."""
        return self._file.tell()

    def chunks(self, size: int) -> Iterator[list[Row]]:
        """All rows, at most `size` at once; InputError where the file is no table."""
        chunk: list[Row] = []
        for row in self._rows():
            chunk.append(row)
            if len(chunk) == size:
                yield chunk
                chunk = []
        if chunk:
            yield chunk

    def _rows(self) -> Iterator[Row]:
        try:
            for cells in self._reader:
                if cells:
                    yield Row(self._reader.line_num, cells)
        except csv.Error as error:
            raise InputError(f"{self.path}, line {self._reader.line_num}: {error}") from error
        except UnicodeDecodeError as error:
            raise InputError(
                f"{self.path}: is not {error.encoding} after line {self._reader.line_num}; name "
                "what it is, like --encoding latin-1"
            ) from error

    def _check(self, needed: Sequence[str]) -> None:
        if not self.header:
            raise InputError(f"{self.path}: has no header line")
        for name in self.header:
            if self.header.count(name) > 1:
                raise InputError(f"{self.path}: the column {name[:64]} is there more than once")
        for name in needed:
            if name not in self.header:
                close = likely(name, self.header)
                hint = f"; did you mean {close}?" if close else ""
                raise InputError(f"{self.path}: has no column {name}{hint}")
