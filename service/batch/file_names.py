"""The format and the compression of a file, by its name.

The last suffix is the compression, the one before it the format: `rows.jsonl.gz`.
"""

from dataclasses import dataclass
from pathlib import Path

from service.batch.tables import InputError

STANDARD = "-"  # standard input, or standard output
FORMATS = {
    ".csv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
}
COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}
OTHER_COMPRESSIONS = (
    *(".7z", ".br", ".bz2", ".gzip", ".lz4", ".lzma", ".lzo", ".rar", ".snappy", ".sz"),
    *(".tar", ".tbz2", ".tgz", ".txz", ".xz", ".z", ".zip", ".zstd"),
)


@dataclass(frozen=True, slots=True)
class Kind:
    """The format of a file, and its compression, if it has one."""

    format: str
    compression: str | None


def file_kind(path: Path, otherwise: str = "csv") -> Kind:
    """Format and compression by a file's name. The format is `otherwise` if no suffix is known.

    InputError if the compression is not supported.
    """
    *_, before, last = ["", "", *(ending.lower() for ending in path.suffixes)]
    if last in OTHER_COMPRESSIONS:
        raise InputError(
            f"{path}: {last} cannot be read or written; .gz (gzip) and .zst (Zstandard) can"
        )
    compression = COMPRESSIONS.get(last)
    format = FORMATS.get(before if compression else last, otherwise)
    if compression and format == "parquet":
        raise InputError(
            f"{path}: Parquet is compressed inside the file; leave {last} out of the name"
        )
    return Kind(format, compression)
