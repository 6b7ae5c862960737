"""Reads a sample from a file with types: Parquet, or Arrow's IPC format, which is also Feather's.

pandas reads the columns, so that text, categories, nullable integers and times have the types with
which the file was written.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from service.model import dates
from service.model.installation import install_extra
from training.errors import DataError, MissingFileError, MissingPackageError
from training.samples import datetimes
from training.samples.sample import (
    KEPT_CELLS,
    KEPT_ROWS,
    MAX_CATEGORIES,
    MAX_EXACT_INTEGER,
    MIN_KEPT_ROWS,
    Column,
    Sample,
)

PARQUET, ARROW = ".parquet", (".arrow", ".feather")
REQUIRED = f"needs pyarrow and pandas: {install_extra('pack,parquet', 'pyarrow', 'pandas')}"
# The names of Python's types in the metadata that pandas writes
OBJECTS = ("bool", "int64", "integer", "boolean", "float64")
KEPT_ALIKE = ("object", "datetime64[s]")  # for these pandas may read another type than it wrote
OTHER = "other"  # a kind that no input has


def is_typed(path: Path) -> bool:
    """Whether a file stores types, by its suffix."""
    return path.suffix.lower() in (PARQUET, *ARROW)


def read(path: Path) -> Sample:
    """Read a file of Parquet or Arrow; DataError if it is another one, or has no rows."""
    table = _table(path)
    rows, names = table.num_rows, table.column_names
    if not rows:
        raise DataError(f"{path}: there are no rows")
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        raise DataError(f"{path}: column {twice[0]} occurs more than once")
    whole = table.to_pandas()
    whole.columns = whole.columns.map(str)  # pandas restores names that were numbers
    types = _types(whole, table)
    whole = _restored(whole, table)
    whole = whole.reset_index(drop=True)[[name for name in names if name in whole.columns]]
    most = min(KEPT_ROWS, max(MIN_KEPT_ROWS, KEPT_CELLS // max(1, whole.shape[1])))
    kept = _kept(whole, most)
    columns = {
        str(name): _stored(
            _column(str(name), whole[name], kept), table, kept, types.get(str(name), set())
        )
        for name in whole
    }
    return Sample(columns=columns, rows=rows, kept=len(kept))


def _restored(whole: Any, table: Any) -> Any:
    """The frame with its categories and objects, of which Parquet stores only the values."""
    import pandas as pd

    metadata = table.schema.pandas_metadata or {}
    for one in metadata.get("columns", ()):
        name = one.get("field_name")
        if one.get("pandas_type") == "categorical" and str(whole[name].dtype) != "category":
            values = table.column(name).to_pylist()  # whole numbers, also if some are missing
            known = sorted({value for value in values if value is not None})
            whole[name] = pd.Categorical(values, categories=known)
        elif one.get("numpy_type") == "object" and one.get("pandas_type") in OBJECTS:
            values = table.column(name).to_pylist()
            whole[name] = pd.Series(values, index=whole.index, dtype=object)
    return whole


def _table(path: Path) -> Any:
    try:
        import pandas  # noqa: F401
        import pyarrow as pa
        import pyarrow.feather as feather
        import pyarrow.parquet as parquet
    except ImportError as error:
        raise MissingPackageError(f"{path}: {REQUIRED}") from error
    try:
        with path.open("rb") as file:
            if path.suffix.lower() == PARQUET:
                return parquet.read_table(file)
            return feather.read_table(file)
    except OSError as error:
        if isinstance(error, pa.ArrowException) or error.strerror is None:
            raise DataError(f"{path}: cannot be read ({_line(error)})") from error
        raise MissingFileError.of(path, error) from error
    except pa.ArrowException as error:
        raise DataError(f"{path}: cannot be read ({_line(error)})") from error


def _line(error: Exception) -> str:
    return str(error).partition("\n")[0][:200]


def _kept(whole: Any, most: int) -> Any:
    """The indices of kept rows: random with a fixed seed, and a missing value of each column."""
    if len(whole) <= most:
        return np.arange(len(whole))
    chosen = np.random.default_rng(0).choice(len(whole), most, replace=False)
    first = [np.flatnonzero(whole[name].isna())[:1] for name in whole]
    return np.unique(np.concatenate([chosen, *first]))


def _column(name: str, series: Any, kept: Any) -> Column:
    missing = int(series.isna().sum())
    own = series.iloc[kept].reset_index(drop=True)
    kind = _kind(series)
    column = Column(name, kind=kind, missing=missing, series=own, dtype=_name(series))
    if kind == OTHER and column.dtype == "category":
        column.dtype = f"category of {series.cat.categories.dtype}"
    there = series.dropna()
    if kind in ("integer", "number") and len(there) and column.dtype != "category":
        column.minimum, column.maximum = float(there.min()), float(there.max())
    counts = Counter(map(str, _plain(there, kind)))
    column.counts = counts if len(counts) <= MAX_CATEGORIES else None
    column.values = _plain(own, kind)
    if column.dtype == "object" and any(value is None for value in series):
        column.null = "none"
    return column


def _types(read: Any, table: Any) -> dict[str, set[str]]:
    """The types that columns may have, by name, if pandas may read another type than it wrote.

    The model may have been fitted on the frame that was written, or on `read`.
    """
    written = (table.schema.pandas_metadata or {}).get("columns", ())
    types = {one.get("field_name"): one.get("numpy_type") for one in written}
    kinds = {str(name): types.get(str(name)) for name in read}
    return {
        name: {kind, str(read[name].dtype)} for name, kind in kinds.items() if kind in KEPT_ALIKE
    }


def _stored(column: Column, table: Any, kept: Any, types: Collection[str]) -> Column:
    """The column with what the file stores about its type; `types` are those of `_types`."""
    import pyarrow.compute as compute
    import pyarrow.types as is_

    stored = table.column(column.name)
    column.is_unordered = column.dtype == "category" and not is_.is_dictionary(stored.type)
    column.alternative = next((one for one in types if one != column.dtype), "")
    if column.dtype.startswith("Float") and compute.any(compute.is_nan(stored)).as_py():
        column.kind = OTHER
        column.dtype = f"{column.dtype} with NaN beside NA"
    return _exact(column, stored, kept)


def _exact(column: Column, stored: Any, kept: Any) -> Column:
    """The column with exact whole numbers, if pandas read floats because of missing values."""
    import pandas as pd
    import pyarrow.types as is_

    if not (is_.is_integer(stored.type) and column.dtype == "float64"):
        return column
    values = stored.to_pylist()
    there = [value for value in values if value is not None]
    column.kind, column.values = "integer", [values[place] for place in kept]
    if there and max(map(abs, (min(there), max(there)))) >= MAX_EXACT_INTEGER:
        column.series = pd.Series(column.values, dtype="Int64")
        column.dtype = "Int64"
    else:
        column.gaps = True
    return column


def _name(series: Any) -> str:
    """The name of the type; for the strings of pandas with their storage."""
    import pandas as pd

    kind = series.dtype
    if isinstance(kind, pd.StringDtype) and kind.na_value is pd.NA:
        return f"string[{kind.storage}]"
    return str(kind)


def _kind(series: Any) -> str:
    """The kind of a column's values."""
    import pandas as pd

    kind = series.dtype
    if isinstance(kind, pd.ArrowDtype):
        return OTHER  # the service builds columns with NumPy, not with pyarrow
    if isinstance(kind, pd.CategoricalDtype):
        return _of_values(kind.categories.tolist())
    if isinstance(kind, pd.StringDtype):
        return "text"
    if isinstance(kind, pd.DatetimeTZDtype):
        return "datetime" if dates.TYPE.fullmatch(str(kind)) else OTHER
    if str(kind) == "object":
        return _of_values(series.dropna().tolist())
    letter = getattr(kind, "kind", "")
    if str(kind).startswith("datetime64"):
        return "datetime"
    return {"b": "boolean", "i": "integer", "u": "integer", "f": "number"}.get(letter, OTHER)


def _of_values(values: Sequence[Any]) -> str:
    types = {type(value) for value in values}
    for found, kind in (({str}, "text"), ({bool}, "boolean"), ({int}, "integer")):
        if types <= found and types:
            return kind
    if not types:
        return "text"
    return "number" if types <= {int, float} else OTHER


def _plain(series: Any, kind: str) -> list[Any]:
    """The values as JSON has them; None for a missing one."""
    if kind == "datetime":
        zoned = getattr(series.dtype, "tz", None) is not None
        naive = series.dt.tz_convert("UTC").dt.tz_localize(None) if zoned else series
        return list(datetimes.texts(naive.to_numpy(), zoned))
    missing = series.isna().tolist()
    values = series.astype(object).tolist()
    return [None if gap else _value(value) for value, gap in zip(values, missing, strict=True)]


def _value(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    return value.isoformat() if isinstance(value, date) else value
