"""CSV: a file of any size, in blocks of whole rows."""

import csv
import io
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import TextIOWrapper
from itertools import chain
from pathlib import Path
from typing import Any

from service.files import tables
from service.files.rows import Ragged, grid
from service.files.tables import InputError, NoInputError, Rows

BLOCK = 1 << 20  # characters, and what is left of the last row


@dataclass(frozen=True, slots=True)
class Block:
    """Text of whole rows, and how many lines of the file are before it."""

    before: int
    text: str


class CsvTable:
    """An open file with a header line. Blank lines are no rows; a byte order mark is left out."""

    unit = "line"
    schema = None

    def __init__(self, path: Path, encoding: str, needed: Sequence[str]) -> None:
        self.path = path
        self.encoding = "utf-8-sig" if encoding.lower() in ("utf-8", "utf8") else encoding
        try:
            self._bytes = path.open("rb")
        except OSError as error:
            raise NoInputError(f"{path}: cannot be read ({error.strerror})") from error
        try:
            self.total = os.fstat(self._bytes.fileno()).st_size
            self.pieces = 1 + self.total // BLOCK
            self._file = TextIOWrapper(self._bytes, encoding=self.encoding, newline="")
            first, self._lines = self._first()
            self.header: Sequence[str] = [name.strip() for name in first]
            if not self.header:
                raise InputError(f"{path}: has no header line")
            tables.check(path, self.header, needed)
        except LookupError as error:
            self.close()
            raise InputError(f"there is no encoding {encoding}") from error
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Read no further."""
        self._bytes.close()

    @property
    def position(self) -> int:
        """Bytes read so far."""
        return self._bytes.tell()

    def blocks(self) -> Iterator[Block]:
        """All rows; InputError where the file is no table."""
        while text := self._read():
            if '"' in text:
                text = self._completed(text)
            yield Block(self._lines, text)
            self._lines += text.count("\n")
            if "\r" in text:
                self._lines += text.count("\r") - text.count("\r\n")

    def rows(self, block: Block) -> Rows:
        """The rows of a block; InputError where it is no table."""
        return grid(block.before, block.text, self.header) or self._ragged(block)

    def _first(self) -> tuple[list[str], int]:
        """The cells of the first row, and the lines up to there."""
        reader = csv.reader(self._file, strict=True)
        return next((cells for cells in self._read_by(reader, 0) if cells), []), reader.line_num

    def _read(self) -> str:
        try:
            return self._file.read(BLOCK) + self._file.readline()
        except UnicodeDecodeError as error:
            raise self._not_encoded(error) from error

    def _completed(self, text: str) -> str:
        """The text up to where its last row ends: what is quoted may have line ends in it."""
        inside = list(io.StringIO(text, newline=""))
        more: list[str] = []

        def noted() -> Iterator[str]:
            for line in self._file:
                more.append(line)
                yield line

        reader = csv.reader(chain(inside, noted()), strict=True)
        for _ in self._read_by(reader, self._lines):
            if reader.line_num >= len(inside):
                break
        return "".join([text, *more])

    def _ragged(self, block: Block) -> Rows:
        """Rows as the `csv` module reads them."""
        reader = csv.reader(io.StringIO(block.text, newline=""), strict=True)
        found = [
            (block.before + reader.line_num, cells)
            for cells in self._read_by(reader, block.before)
            if cells
        ]
        return Ragged([number for number, _ in found], [cells for _, cells in found], self.header)

    def _read_by(self, reader: Any, before: int) -> Iterator[list[str]]:
        try:
            yield from reader
        except csv.Error as error:
            raise InputError(f"{self.path}, line {before + reader.line_num}: {error}") from error
        except UnicodeDecodeError as error:
            raise self._not_encoded(error) from error

    def _not_encoded(self, error: UnicodeDecodeError) -> InputError:
        """It is read once more, to tell where."""
        line = 0
        try:
            with self.path.open(encoding=self.encoding, newline="") as again:
                for line, _ in enumerate(again, 1):  # noqa: B007
                    pass
        except UnicodeDecodeError:
            pass
        return InputError(
            f"{self.path}: is not {error.encoding} after line {line}; name what it is, like "
            "--encoding latin-1"
        )
