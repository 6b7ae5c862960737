"""Steps of pipelines for the property test of DataFrames, which packs them as trusted code."""

from datetime import date
from typing import Any

import numpy as np
import pandas as pd


def texts(frame: pd.DataFrame) -> pd.DataFrame:
    """All columns as text."""
    return frame.astype(str)


def numbers(frame: pd.DataFrame) -> Any:
    """A number for each value: the hour of a time, the length of a text, or the number itself."""
    return np.column_stack([_number(frame[name]) for name in frame])


def _number(column: Any) -> Any:
    if pd.api.types.is_timedelta64_dtype(column):
        return column.dt.total_seconds().fillna(-1).to_numpy(np.float64)
    if pd.api.types.is_datetime64_any_dtype(column):
        return (column.dt.hour * 100 + column.dt.dayofweek).fillna(-1).to_numpy(np.float64)
    if pd.api.types.is_numeric_dtype(column):
        return column.astype("Float64").fillna(-1).to_numpy(np.float64)
    return column.astype(str).str.len().fillna(-1).to_numpy(np.float64)


def hours(frame: pd.DataFrame) -> pd.DataFrame:
    """The hours of a column `when`, of times or of text."""
    when = frame["when"]
    if not pd.api.types.is_datetime64_any_dtype(when):
        when = pd.to_datetime(when, format="%H:%M" if when.iloc[0][2] == ":" else None)
    return pd.DataFrame({"hour": when.dt.hour})


def is_midnight(frame: pd.DataFrame) -> Any:
    """Whether times are midnight in their own zone; False for text."""
    when = frame.iloc[:, 0]
    if not pd.api.types.is_datetime64_any_dtype(when):
        return np.zeros((len(frame), 1))
    return (when.dt.hour == 0).to_numpy(np.float64).reshape(-1, 1)


def are_objects(frame: pd.DataFrame) -> Any:
    """The first column, and ten times it if all columns are objects."""
    objects = all(dtype.kind == "O" for dtype in frame.dtypes)
    return frame.iloc[:, :1].astype(float).to_numpy() * (10 if objects else 1)


def are_none(rows: Any) -> Any:
    """Whether each value is None; NaN is not."""
    nones = [[value is None for value in column] for column in np.asarray(rows, dtype=object).T]
    return np.array(nones, np.float64).T


def codes(frame: pd.DataFrame) -> Any:
    """The places of values in the lists of their categories."""
    return np.column_stack([frame[name].cat.codes for name in frame]).astype(np.float64)


def units(frame: pd.DataFrame) -> Any:
    """The size of the values' type, and whether each value is the first one."""
    size = sum(map(ord, str(frame.dtypes.iloc[0])))
    is_first = frame.iloc[:, 0] == frame.iloc[0, 0]
    return np.column_stack([is_first * size, np.full(len(frame), size)]).astype(np.float64)


def array_texts(frame: pd.DataFrame) -> Any:
    """The text of each value in a NumPy array: 10.0 for a whole number if others are missing."""
    texts = [list(map(str, frame[name].to_numpy().tolist())) for name in frame]
    return np.array(texts, dtype=object).T


def lengths(rows: Any) -> Any:
    """The length of each value's text: 4 for None and 3 for NaN."""
    columns = np.asarray(rows, dtype=object).T
    return np.array([[len(str(value)) for value in column] for column in columns]).T


def classes(frame: pd.DataFrame) -> Any:
    """The length of the name of a value's class, if the value is missing or the first one."""
    columns = [frame[name].tolist() for name in frame]
    sizes = [
        [len(type(one).__name__) * (one == column[0] or pd.isna(one)) for one in column]
        for column in columns
    ]
    return np.array(sizes, np.float64).T


def are_dates(frame: pd.DataFrame) -> Any:
    """Whether each value is the first one, and a date of Python."""
    columns = [frame[name].tolist() for name in frame]
    found = [[type(one) is date and one == column[0] for one in column] for column in columns]
    return np.array(found, np.float64).T


def as_it_is(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame itself. Packing cannot relate the steps behind this one to the input columns."""
    return frame


def category_types(frame: pd.DataFrame) -> Any:
    """A number for the type of the categories, if a value is missing; 0 without categories."""
    types = [getattr(frame[name].dtype, "categories", pd.Index([])).dtype for name in frame]
    sizes = [0 if name == "object" else sum(map(ord, name)) for name in map(str, types)]
    return frame.isna().to_numpy() * np.array(sizes)
