"""Reads the sample as the user's own code would: with pandas, without code of the service.

If pandas is not installed, NumPy reads it, and the sample must be an array of numbers.
"""

import csv
import io
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any, cast

import numpy as np

from service.model.installation import install_extra
from service.model.signature import Signature
from training.errors import MissingPackageError
from training.samples.sample import MAX_EXACT_INTEGER, MISSING, Column, Sample

# Made on import: while a model is tried, reading the list of installed packages is refused.
INSTALL = install_extra("pack", "pandas")


def prepare() -> None:
    """Let pandas import its own modules. While a model is tried, imports are refused: they have
    side effects."""
    try:
        import pandas as pd
    except ImportError:  # only an array of numbers can then be read
        return
    text = pd.read_csv(io.StringIO("a,b\nx,2026-03-01"), dtype="str")
    pd.to_datetime(text["b"], format="ISO8601", utc=True).dt.tz_convert("Europe/Oslo")
    text["a"].astype("category")
    text["a"].astype("string")


def rows(signature: Signature, sample: Sample) -> Any:
    """The kept rows in the container that the model takes."""
    columns = [sample.columns[name] for name in signature.names]
    if find_spec("pandas") is None:
        return _numbers(signature, columns)
    table = frame(columns)
    if signature.container == "frame":
        return table
    if signature.container == "list":
        return table.iloc[:, 0].tolist()
    array = table.to_numpy()
    if _are_long(columns) and array.dtype.kind == "f":  # pandas would round
        array = table.to_numpy(dtype=object)
    if array.dtype == object and any(column.null == "none" for column in columns):
        array = table.astype(object).where(table.notna(), None).to_numpy()
    return array


def require_pandas(why: str) -> None:
    """Raise MissingPackageError with the reason `why`, unless pandas is installed."""
    if find_spec("pandas") is None:
        raise MissingPackageError(f"{why}, which needs pandas: {INSTALL}")


def _are_long(columns: Sequence[Column]) -> bool:
    """Whether there are whole numbers that float64 may not hold."""
    whole = [column for column in columns if column.kind == "integer"]
    return any(abs(value or 0) > MAX_EXACT_INTEGER for column in whole for value in column.values)


def _numbers(signature: Signature, columns: Sequence[Column]) -> Any:
    """An array of numbers, read by NumPy; MissingPackageError if the rows need pandas."""
    plain = all(column.kind in ("integer", "number") and column.cells for column in columns)
    if signature.container != "array" or not plain or _are_long(columns):
        require_pandas("the sample's types are compared with those that pandas.read_csv gives")
    rows = zip(
        *(map(_number, map(column.with_decimal_point, column.cells)) for column in columns),
        strict=True,
    )
    return np.genfromtxt(map("|".join, rows), dtype=np.float64, delimiter="|", ndmin=2)


def _number(cell: str) -> str:
    """The cell; `nan` for a missing value, because NumPy skips empty lines."""
    return "nan" if cell.strip() in MISSING else cell


def frame(columns: Sequence[Column]) -> Any:
    """A DataFrame of the kept rows, with the types of `pandas.read_csv` or of the file."""
    import pandas as pd

    read = _read_csv([column for column in columns if column.series is None])
    return pd.DataFrame(
        {
            column.name: read[column.name] if column.series is None else column.series
            for column in columns
        }
    )


def _read_csv(columns: Sequence[Column]) -> dict[str, Any]:
    """The columns of a CSV file, by name, with the types of the whole file."""
    import pandas as pd

    if not columns:
        return {}
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(range(len(columns)))
    writer.writerows(zip(*(column.cells for column in columns), strict=True))
    as_text: dict[Any, Any] = {
        place: "str"
        for place, column in enumerate(columns)
        if column.kind in ("text", "date", "datetime") or _is_exact(column)
    }
    missing: Any = {place: sorted(MISSING - one.texts) for place, one in enumerate(columns)}
    text.seek(0)
    table = pd.read_csv(
        text,
        header=0,
        names=cast(Any, range(len(columns))),
        dtype=as_text,
        keep_default_na=False,
        na_values=missing,
        skip_blank_lines=False,
        decimal=columns[0].decimal,
    )
    return {column.name: _as_known(table[place], column) for place, column in enumerate(columns)}


def _as_known(series: Any, column: Column) -> Any:
    """The column in its known type."""
    import pandas as pd

    if column.dtype.startswith("datetime64"):
        unit = column.dtype.removeprefix("datetime64[").rstrip("]").split(",")[0]
        read = pd.to_datetime(series, format="ISO8601", utc="," in column.dtype)
        return read.dt.as_unit(unit)
    if _is_exact(column):
        missing = pd.NA if column.dtype == "Int64" else None if column.null == "none" else np.nan
        whole: Any = [missing if value != value else int(value) for value in series.tolist()]
        return _objects(whole).astype(column.dtype)
    if column.kind == "boolean" and (series.dtype != bool or column.dtype == "object"):
        return _booleans(series, column)
    if column.kind == "number" and column.dtype == "object":
        gone = None if column.null == "none" else np.nan
        return _objects([gone if value != value else float(value) for value in series.tolist()])
    if column.kind == "number":
        return series.astype(column.dtype if column.dtype.startswith("float") else np.float64)
    if column.kind == "integer":
        return series.astype(np.float64 if column.missing else column.dtype)
    if column.kind in ("text", "date", "datetime") and column.dtype in ("object", "category"):
        if column.null == "none":
            values = [None if value != value else value for value in series.tolist()]
            return _objects(values)
        return series.astype(column.dtype)
    return series


def _is_exact(column: Column) -> bool:
    """Whether whole numbers must not become floats if some are missing."""
    return column.kind == "integer" and column.dtype in ("Int64", "object")


def _booleans(series: Any, column: Column) -> Any:
    """Booleans from a column of 0 and 1, or with missing values."""
    if column.dtype == "object" and column.null == "none":
        values = [None if value != value else bool(value) for value in series.tolist()]
        return _objects(values)
    if series.isna().any() or column.missing or column.dtype == "object":
        return series.astype(object)
    return series.astype(bool)


def _objects(values: list[Any]) -> Any:
    """A column of type object with these values."""
    import pandas as pd

    return pd.Series(values, dtype=object)
