"""Reads a text file of any size, compressed or not, in pieces of whole lines."""

import codecs
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import BinaryIO

from service.batch.compression import BEGINNING_BYTES, check_beginning, decompressed, require
from service.batch.tables import InputError, NoInputError

BLOCK_CHARACTERS = 1 << 20  # of a piece, to which the rest of its last line is added
MAX_LINE_CHARACTERS = 1 << 26  # otherwise one line of a compressed file could fill the memory
BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


@dataclass(frozen=True, slots=True)
class Block:
    """Text of whole rows, and the number of lines before it."""

    before: int
    text: str


class TextFile:
    """An open file. A byte order mark selects UTF-8 or UTF-16, and is not part of the text.

    `newline` is the argument of `open`: the line end, or empty if any line end is allowed.
    """

    def __init__(self, path: Path, compression: str | None, encoding: str, newline: str) -> None:
        require(path, compression)
        self.path = path
        self._compression = compression
        self._encoding = encoding
        self._newline = newline
        self._bytes = self._opened()
        try:
            self.total = os.fstat(self._bytes.fileno()).st_size
            self.pieces = 1 + self.total // BLOCK_CHARACTERS
            with self.reading():
                self._file = self._decoded(self._bytes)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self._bytes.close()

    @property
    def position(self) -> int:
        """Bytes of the file read so far."""
        return self._bytes.tell()

    def read(self) -> str:
        """The next piece; empty at the end of the file."""
        with self.reading():
            text = self._file.read(BLOCK_CHARACTERS)
            return text + self._line() if text else text

    def lines(self) -> Iterator[str]:
        """One line after another."""
        while line := self._line():
            yield line

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Turn errors of reading into InputError."""
        try:
            yield
        except UnicodeDecodeError as error:
            raise self._not_encoded(error) from error
        except LookupError as error:
            raise InputError(f"unknown encoding {self._encoding}") from error
        except (OSError, EOFError, zlib.error) as error:
            how = f" as {self._compression}" if self._compression else ""
            raise InputError(f"{self.path}: cannot be read{how} ({error})") from error

    def _opened(self) -> BinaryIO:
        try:
            return self.path.open("rb")
        except OSError as error:
            raise NoInputError(f"{self.path}: cannot be read ({error.strerror})") from error

    def _decoded(self, raw: BinaryIO) -> TextIOWrapper:
        content = decompressed(raw, self._compression)
        begins = content.peek(BEGINNING_BYTES)[:BEGINNING_BYTES]
        check_beginning(self.path, begins)
        encoding = self._encoding
        if encoding.lower() in ("utf-8", "utf8"):
            marks = [name for mark, name in BYTE_ORDER_MARKS.items() if begins.startswith(mark)]
            encoding = marks[0] if marks else encoding
        return TextIOWrapper(content, encoding=encoding, newline=self._newline)

    def _line(self) -> str:
        line = self._file.readline(MAX_LINE_CHARACTERS)
        if len(line) == MAX_LINE_CHARACTERS and not line.endswith(("\n", "\r")):
            raise InputError(
                f"{self.path}: has a line of more than {MAX_LINE_CHARACTERS:,} characters"
            )
        return line

    def _not_encoded(self, error: UnicodeDecodeError) -> InputError:
        """The error with its line, which is found by reading the file again."""
        line = 0
        try:
            with self._opened() as raw, self._decoded(raw) as text:
                for line, _ in enumerate(text, 1):  # noqa: B007
                    pass
        except UnicodeDecodeError:
            pass
        return InputError(
            f"{self.path}: is not {error.encoding} after line {line}; name its encoding, like "
            "--encoding latin-1"
        )
