"""Rows of Parquet: the values of an Arrow batch as JSON would have them, and as text."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import orjson

from service.batch.dialect import Dialect
from service.model import dates
from service.model.signature import Input


class ParquetRows:
    """Rows of a batch, after `before` rows of the file."""

    def __init__(self, before: int, batch: Any, dialect: Dialect) -> None:
        self._before = before
        self._dialect = dialect
        self._batch = batch
        self.malformed: Mapping[int, str] = {}

    def __len__(self) -> int:
        return int(self._batch.num_rows)

    def values(self, column: Input) -> Sequence[Any]:
        """The values of an input. NaN becomes null, and a decimal a number."""
        return _plain(self.column(column.name))

    def number(self, place: int) -> int:
        """The number of the row, from 1."""
        return self._before + place + 1

    def cells(self, place: int) -> Sequence[str]:
        """A row as text."""
        return [_texts(column.slice(place, 1), self._dialect)[0] for column in self._columns]

    def with_columns(self, places: Sequence[int], added: Sequence[Sequence[bytes]]) -> bytes:
        """Rows as CSV, with more columns. Null is an empty cell, nested values are JSON."""
        columns = [_texts(self.some(column, places), self._dialect) for column in self._columns]
        return self._dialect.with_columns(zip(*columns, strict=True), added)

    def column(self, name: str) -> Any:
        """A column by its name, without dictionary encoding."""
        return self._columns[self._batch.schema.names.index(name)]

    def some(self, column: Any, places: Sequence[int]) -> Any:
        """The values at these places."""
        import pyarrow as pa

        return column if len(places) == len(self) else column.take(pa.array(places, pa.int64()))

    @cached_property
    def _columns(self) -> list[Any]:
        return [_decoded(column) for column in self._batch.columns]


def _decoded(column: Any) -> Any:
    import pyarrow.types as is_

    return column.dictionary_decode() if is_.is_dictionary(column.type) else column


def _plain(column: Any) -> list[Any]:
    import pyarrow.types as is_

    if is_.is_decimal(column.type):
        return [_number(value) for value in column.to_pylist()]
    if is_.is_temporal(column.type):
        return _moments(column)
    if is_.is_floating(column.type):
        floats = column.cast("float64").to_numpy(zero_copy_only=False)
        values: list[Any] = floats.tolist()
        missing = (floats != floats).any()
        return [None if value != value else value for value in values] if missing else values
    if is_.is_integer(column.type) and not column.null_count:
        whole: list[Any] = column.to_numpy().tolist()
        return whole
    others: list[Any] = column.to_pylist()
    return others


def _number(value: Any) -> Any:
    """A decimal as a number of JSON. Integers stay exact."""
    if value is None:
        return None
    return int(value) if value == value.to_integral_value() else float(value)


def _moments(column: Any) -> list[Any]:
    """Dates and times in ISO 8601, in UTC if they have a time zone."""
    import pyarrow.types as is_

    zoned = is_.is_timestamp(column.type) and column.type.tz is not None
    if is_.is_timestamp(column.type):
        unit = column.type.unit
        column = column.cast("int64").to_pylist()
        moments = [None if one is None else np.datetime64(one, unit) for one in column]
        return [None if one is None else dates.text_of(one, zoned) for one in moments]
    texts: list[Any] = column.cast("string").to_pylist()
    return texts


def _texts(column: Any, dialect: Dialect) -> list[str]:
    """Values as cells of CSV."""
    import pyarrow.types as is_

    if is_.is_temporal(column.type) and not is_.is_duration(column.type):
        column = column.cast("string")
    if is_.is_floating(column.type):
        floats = column.to_numpy(zero_copy_only=False)
        # float32 values remain float32: as float64 they would be written with more digits.
        if floats.dtype == "float64" and np.isfinite(floats).all():
            texts = orjson.dumps(floats.tolist()).decode()[1:-1].split(",") if len(floats) else []
            return texts if dialect.decimal == "." else list(map(dialect.number, texts))
        return ["" if value != value else dialect.number(str(value)) for value in floats]
    return [dialect.text(value) for value in column.to_pylist()]
