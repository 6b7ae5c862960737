"""Compressed files: gzip by the standard library, Zstandard by pyarrow."""

import gzip
import io
import re
import shutil
from pathlib import Path
from typing import Any, BinaryIO

from service.batch.tables import InputError, NotInstalledError
from service.model.installation import install_extra

WAY = install_extra("parquet", "pyarrow")
REQUIRED = f"Zstandard needs a package that is not installed: {WAY}, or use .gz"
GZIP_LEVEL = 6  # the default of gzip
# The first bytes of files that are not text, and their format.
BEGINNINGS = (
    (re.compile(rb"\x1f\x8b"), "gzip", ".gz"),
    (re.compile(rb"\x28\xb5\x2f\xfd"), "Zstandard", ".zst"),
    (re.compile(rb"BZh[1-9]1AY&SY"), "bzip2", None),
    (re.compile(rb"\xfd7zXZ\0"), "xz", None),
    (re.compile(rb"PK\x03\x04"), "a zip file, as spreadsheets are", None),
    (re.compile(rb"PAR1\x15"), "Parquet", ".parquet"),
)
BEGINNING_BYTES = 10  # enough to recognize the format


def require(path: Path, compression: str | None) -> None:
    """Raise NotInstalledError if the package for this compression is not installed."""
    if compression == "zstd":
        try:
            import pyarrow  # noqa: F401
        except ImportError as error:
            raise NotInstalledError(f"{path}: {REQUIRED}") from error


def decompressed(raw: BinaryIO, compression: str | None) -> Any:
    """A reader of the content of an open file; it has `peek`."""
    if compression == "gzip":
        return gzip.GzipFile(fileobj=raw)
    if compression == "zstd":
        import pyarrow as pa

        return io.BufferedReader(pa.input_stream(raw, compression="zstd"))
    return raw


def check_beginning(path: Path, begins: bytes) -> None:
    """Raise InputError if a text file begins like a binary format."""
    for pattern, what, ending in BEGINNINGS:
        if pattern.match(begins):
            advice = f"; its name must end in {ending}" if ending else ": save it as text"
            raise InputError(f"{path}: is {what}, not text{advice}")


def compress(source: Path, target: Path, compression: str) -> None:
    """Write a compressed copy: the same bytes for the same content, without a name or a time."""
    with source.open("rb") as content, target.open("wb") as raw:
        if compression == "gzip":
            with gzip.GzipFile("", "wb", GZIP_LEVEL, raw, mtime=0) as packed:
                shutil.copyfileobj(content, packed, 1 << 20)
            return
        import pyarrow as pa

        with pa.output_stream(raw, compression="zstd") as packed:
            shutil.copyfileobj(content, packed, 1 << 20)
