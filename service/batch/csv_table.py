"""Reads a CSV file of any size in blocks of whole rows."""

import io
from collections.abc import Iterator, Sequence
from csv import Error
from itertools import chain
from pathlib import Path
from typing import Any

from service.batch import tables
from service.batch.csv_rows import COMMAS, RaggedRows, uniform_rows
from service.batch.dialect import Dialect
from service.batch.tables import InputError, Rows
from service.batch.text_file import Block, TextFile
from service.model import separators
from service.model.column_names import matched


class CsvTable(TextFile):
    """An open file with a header line. Blank lines are skipped."""

    unit = "line"
    schema = None

    def __init__(
        self,
        path: Path,
        encoding: str,
        needed: Sequence[str],
        compression: str | None = None,
        dialect: Dialect = COMMAS,
    ) -> None:
        super().__init__(path, compression, encoding, newline="")
        self._dialect = dialect
        try:
            first, self._lines = self._first()
            self.header: Sequence[str] = matched(first, needed)
            if not self.header:
                raise InputError(f"{path}: has no header line")
            self._check(needed)
        except BaseException:
            self.close()
            raise

    def blocks(self) -> Iterator[Block]:
        """All rows; InputError if the file is not a table."""
        while text := self.read():
            if '"' in text:
                text = self._completed(text)
            yield Block(self._lines, text)
            self._lines += text.count("\n")
            if "\r" in text:
                self._lines += text.count("\r") - text.count("\r\n")

    def rows(self, block: Block) -> Rows:
        """The rows of a block; InputError if it is not a table."""
        uniform = uniform_rows(block.before, block.text, self.header, self._dialect)
        return uniform or self._ragged(block)

    def _first(self) -> tuple[list[str], int]:
        """The cells of the first row, and the number of lines up to its end."""
        reader = self._dialect.read(self.lines())
        return next((cells for cells in self._read_by(reader, 0) if cells), []), reader.line_num

    def _check(self, needed: Sequence[str]) -> None:
        """Raise InputError with advice if the header lacks a needed column."""
        try:
            tables.check(self.path, self.header, needed)
        except InputError as error:
            advice = _advice(self.header, self._dialect.separator)
            if advice:
                raise InputError(f"{self.path}: {advice}") from error
            raise

    def _completed(self, text: str) -> str:
        """The text, completed up to the end of its last row: a quoted cell may contain line
        ends."""
        inside = list(io.StringIO(text, newline=""))
        more: list[str] = []

        def recorded() -> Iterator[str]:
            for line in self.lines():
                more.append(line)
                yield line

        reader = self._dialect.read(chain(inside, recorded()))
        for _ in self._read_by(reader, self._lines):
            if reader.line_num >= len(inside):
                break
        return "".join([text, *more])

    def _ragged(self, block: Block) -> Rows:
        """Rows as the `csv` module reads them."""
        reader = self._dialect.read(io.StringIO(block.text, newline=""))
        found = [
            (block.before + reader.line_num, cells)
            for cells in self._read_by(reader, block.before)
            if cells
        ]
        numbers, rows = [number for number, _ in found], [cells for _, cells in found]
        return RaggedRows(numbers, rows, self.header, self._dialect)

    def _read_by(self, reader: Any, before: int) -> Iterator[list[str]]:
        try:
            with self.reading():
                yield from reader
        except Error as error:
            raise InputError(f"{self.path}, line {before + reader.line_num}: {error}") from error


def _advice(header: Sequence[str], separator: str) -> str | None:
    """The likely cause of a header that lacks columns, and the option that helps."""
    first = header[0]
    if first.startswith("sep="):
        return (
            "its first line is an instruction for spreadsheets; delete it, and name the separator "
            "with --separator"
        )
    if first.startswith("{"):
        return "looks like JSON Lines; give it a name that ends in .jsonl, or use --format jsonl"
    if "\0" in first:
        return "looks like UTF-16 without a byte order mark; use --encoding utf-16-le, or utf-16-be"
    other = separators.other_than(separator, first) if len(header) == 1 else None
    if other is None:
        return None
    found, expected, spelling = other
    return f"the header line has {found} and no {expected}; use --separator {spelling}"
