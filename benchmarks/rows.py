"""Rows in the form that each peer accepts."""

from typing import Any

import pandas as pd

COLUMN_TYPES = {"f": "FP64", "i": "INT64"}
TEXT = {"content_type": "str"}


def columns(table: pd.DataFrame) -> Any:
    """A list of values for each column."""
    return table.to_dict("list")


def matrix(table: pd.DataFrame) -> list[list[Any]]:
    """A list of values for each row."""
    listed: list[list[Any]] = table.to_numpy().tolist()
    return listed


def is_mixed(table: pd.DataFrame) -> bool:
    """Whether the model takes a DataFrame."""
    return "region" in table


def to_mlserver(table: pd.DataFrame) -> Any:
    """The Open Inference Protocol: one tensor, or one for each column of a DataFrame."""
    if not is_mixed(table):
        values = table.to_numpy().ravel().tolist()
        tensor = {"name": "rows", "datatype": "FP64", "shape": list(table.shape), "data": values}
        return {"inputs": [tensor]}
    inputs = [
        {
            "name": name,
            "datatype": COLUMN_TYPES.get(table[name].dtype.kind, "BYTES"),
            "shape": [len(table), 1],
            "data": table[name].tolist(),
            **({} if table[name].dtype.kind in COLUMN_TYPES else {"parameters": TEXT}),
        }
        for name in table
    ]
    return {"parameters": {"content_type": "pd"}, "inputs": inputs}


def to_mlflow(table: pd.DataFrame) -> Any:
    """Arrays as `inputs`, DataFrames split."""
    if is_mixed(table):
        return {"dataframe_split": {"columns": list(table), "data": rows(table)}}
    return {"inputs": matrix(table)}


def rows(table: pd.DataFrame) -> list[list[Any]]:
    """Rows of values of different types."""
    return [list(row) for row in zip(*columns(table).values(), strict=True)]


def records(table: pd.DataFrame) -> Any:
    """An object for each row."""
    return table.to_dict("records")


def rows_or_records(table: pd.DataFrame) -> Any:
    """Rows of an array; records of a DataFrame."""
    return records(table) if is_mixed(table) else matrix(table)
