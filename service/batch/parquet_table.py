"""Reads a Parquet file of any size in batches of rows."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service.batch import tables
from service.batch.dialect import Dialect
from service.batch.parquet_rows import ParquetRows
from service.batch.tables import InputError, NoInputError, NotInstalledError, Rows
from service.model.installation import install_extra

BATCH_ROWS = 50_000
BUFFER_BYTES = 1 << 20  # of a column that are read at once, instead of a whole row group
WAY = install_extra("parquet", "pyarrow")
REQUIRED = (
    f"Parquet needs a package that is not installed: {WAY}, or in a checkout "
    'build the image with --build-arg REQUIREMENTS="requirements.txt requirements/parquet.txt"'
)


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows, and the number of rows before them."""

    before: int
    records: Any  # pyarrow's RecordBatch


class ParquetTable:
    """An open file. A column whose type no model accepts is refused at once."""

    unit = "row"

    def __init__(self, path: Path, needed: Sequence[str], dialect: Dialect) -> None:
        require(path)
        import pyarrow.parquet as pq

        self.path = path
        self._dialect = dialect
        self._rows = 0
        try:
            source = path.open("rb")
        except OSError as error:
            raise NoInputError(f"{path}: cannot be read ({error.strerror})") from error
        with self._reporting():
            try:
                self._file = pq.ParquetFile(source, buffer_size=BUFFER_BYTES, pre_buffer=False)
            except BaseException:
                source.close()
                raise
        self.close = source.close
        self.schema = self._file.schema_arrow
        self.header: Sequence[str] = self.schema.names
        self.total = self._file.metadata.num_rows
        self.pieces = 1 + self.total // BATCH_ROWS
        try:
            tables.check(path, self.header, needed)
            for name in needed:
                if not _fits(self.schema.field(name).type):
                    raise InputError(
                        f"{path}: the column {name} is {self.schema.field(name).type}, which no "
                        "model accepts: convert it to numbers, booleans or text"
                    )
        except InputError:
            self.close()
            raise

    @property
    def position(self) -> int:
        """Rows read so far."""
        return self._rows

    def blocks(self) -> Iterator[Batch]:
        """All rows; InputError if the file is damaged."""
        with self._reporting():
            for records in self._file.iter_batches(BATCH_ROWS, use_threads=False):
                before = self._rows
                self._rows += records.num_rows
                yield Batch(before, records)

    def rows(self, block: Batch) -> Rows:
        """The rows of a batch."""
        return ParquetRows(block.before, block.records, self._dialect)

    @contextmanager
    def _reporting(self) -> Iterator[None]:
        """Turn pyarrow's errors into InputError."""
        import pyarrow as pa

        try:
            yield
        except (pa.ArrowException, OSError) as error:
            reason = str(error).partition("\n")[0]
            raise InputError(f"{self.path}: cannot be read as Parquet ({reason})") from error


def require(path: Path) -> None:
    """Raise NotInstalledError if pyarrow is not installed."""
    try:
        import pyarrow  # noqa: F401
    except ImportError as error:
        raise NotInstalledError(f"{path}: {REQUIRED}") from error


def _fits(kind: Any) -> bool:
    """Whether JSON can represent values of this type."""
    import pyarrow.types as is_

    if is_.is_dictionary(kind):
        return _fits(kind.value_type)
    return any(
        (
            *(is_.is_boolean(kind), is_.is_integer(kind), is_.is_floating(kind)),
            *(is_.is_decimal(kind), is_.is_null(kind), is_.is_string(kind)),
            *(is_.is_large_string(kind), is_.is_string_view(kind)),
            *(is_.is_timestamp(kind), is_.is_date(kind)),
        )
    )
