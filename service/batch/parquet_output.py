"""Writes Parquet. Each block is first written as a batch of an Arrow stream: unlike a Parquet
file, it can be continued after an interruption. At the end it becomes a Parquet file.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from service.batch.output import kept_values
from service.batch.parquet_rows import ParquetRows
from service.batch.scoring import Scored
from service.batch.tables import Rows
from service.model.signature import Label, Signature

ROW_GROUP_BYTES = 32 << 20  # before compression


class ParquetFormat:
    """Writes the kept columns, then the predictions.

    `schema` is the schema of a Parquet input, whose columns keep their types. Without it, the types
    of the model's inputs are those of its signature, and other columns are text.
    """

    def __init__(
        self, signature: Signature, kept: Sequence[str], columns: Sequence[str], schema: Any
    ) -> None:
        import pyarrow as pa

        self._inputs = {one.name: one for one in signature.inputs}
        self._kept = kept
        self._columns = columns
        outputs = {one.name: _type(one.kind, one.labels) for one in signature.outputs}
        types = [self._kept_type(name, schema) for name in kept]
        types += [outputs.get(name, pa.float64()) for name in columns]
        self._schema = pa.schema(list(zip([*kept, *columns], types, strict=True)))

    def head(self) -> bytes:
        """The schema."""
        return bytes(self._schema.serialize())

    def encoded(self, rows: Rows, scored: Scored) -> bytes:
        """A batch of the rows that have predictions."""
        import pyarrow as pa

        kept = self._kept_arrays(rows, scored)
        types = [self._schema.field(name).type for name in self._columns]
        kept += map(_array, map(scored.predictions.__getitem__, self._columns), types)
        return bytes(pa.record_batch(kept, schema=self._schema).serialize())

    def finish(self, part: Path, whole: Path) -> Path:
        """Turn the stream into a Parquet file."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        with (
            pa.OSFile(str(part)) as source,
            pa.ipc.open_stream(source) as stream,
            pq.ParquetWriter(whole, self._schema) as writer,
        ):
            for group in _groups(stream):
                writer.write_table(pa.Table.from_batches(group, self._schema))
        return whole

    def _kept_type(self, name: str, schema: Any) -> Any:
        import pyarrow as pa

        if schema is not None:
            found = schema.field(name).type
            return found.value_type if pa.types.is_dictionary(found) else found
        one = self._inputs.get(name)
        return _type(one.kind, one.categories) if one else pa.string()

    def _kept_arrays(self, rows: Rows, scored: Scored) -> list[Any]:
        if isinstance(rows, ParquetRows):
            return [rows.some(rows.column(name), scored.good) for name in self._kept]
        return [
            _array(values, self._schema.field(name).type)
            for name, values in zip(self._kept, kept_values(rows, scored, self._kept), strict=True)
        ]


def _type(kind: str, known: Sequence[Label] | None) -> Any:
    import pyarrow as pa

    types = {"number": pa.float64(), "integer": pa.int64(), "boolean": pa.bool_()}
    if kind != "category":
        return types.get(kind, pa.string())
    kinds = {type(value) for value in known or ("",)}
    if kinds <= {int, float}:
        return pa.float64() if float in kinds else pa.int64()
    return pa.bool_() if kinds == {bool} else pa.string()


def _array(values: Sequence[Any], kind: Any) -> Any:
    """An Arrow array of checked values. An integer may be a float such as 1.0."""
    import pyarrow as pa

    if kind == pa.float64():
        return pa.array(np.array(values, dtype=np.float64), from_pandas=True)
    if kind == pa.int64():
        values = [None if value is None else int(value) for value in values]
    return pa.array(values, kind)


def _groups(batches: Any) -> Iterator[list[Any]]:
    """Batches grouped into row groups of about ROW_GROUP_BYTES."""
    group: list[Any] = []
    for batch in batches:
        group.append(batch)
        if sum(one.nbytes for one in group) > ROW_GROUP_BYTES:
            yield group
            group = []
    if group:
        yield group
