"""The model that all servers have, and the requests that they are sent.

Its answer is a sum in which each value of a row is visible, so that no value is read otherwise
without another answer.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from benchmarks.models import Model

ROWS = 400
NAMES = ("site", "kind", "age", "temperature", "guarded")
ROW: tuple[Any, ...] = ("Graz", "pump", 3, 61.5, True)
OTHER: tuple[Any, ...] = ("Oslo", "fan", 12, 20.25, False)
JSON, CSV = "application/json", "text/csv"
TENSORS = ("BYTES", "BYTES", "INT64", "FP64", "BOOL")


@dataclass(frozen=True, slots=True)
class Case:
    """A request. `documented` is the text in docs/clients.md, if the answers may differ."""

    name: str
    body: bytes
    kind: str = JSON
    documented: str = ""


def build() -> Any:
    """Missing texts are the commonest, missing numbers the median."""
    columns = make_column_transformer(
        (
            make_pipeline(
                SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore")
            ),
            ["site"],
        ),
        (OneHotEncoder(handle_unknown="ignore"), ["kind"]),
        (SimpleImputer(strategy="median"), ["temperature"]),
        ("passthrough", ["age", "guarded"]),
    )
    return make_pipeline(columns, LinearRegression())


MODEL = Model("parity", "sum of a mixed table", "mixed", build)


def rows() -> tuple[pd.DataFrame, "pd.Series[float]"]:
    """Rows from a fixed seed, and their targets."""
    dice = np.random.default_rng(0)
    sites, kinds = ("Graz", "Oslo", "Lyon"), ("pump", "fan", "press")
    table = pd.DataFrame(
        {
            "site": pd.Series(dice.choice(sites, ROWS, p=(0.5, 0.3, 0.2)), dtype="str"),
            "kind": dice.choice(kinds, ROWS),
            "age": dice.integers(0, 30, ROWS),
            "temperature": dice.uniform(10, 90, ROWS).round(2),
            "guarded": dice.choice([True, False], ROWS),
        }
    )
    total = (
        10_000 * table["site"].map(sites.index)
        + 1_000 * table["kind"].map(kinds.index)
        + 100 * table["guarded"]
        + table["age"]
        + table["temperature"] / 100
    )
    gone = dice.random(ROWS) < 0.1
    table.loc[gone, "site"] = None
    table.loc[dice.random(ROWS) < 0.1, "temperature"] = np.nan
    return table, total


def records(*given: tuple[Any, ...]) -> list[dict[str, Any]]:
    """An object for each row."""
    return [dict(zip(NAMES, row, strict=True)) for row in given]


def changed(**values: Any) -> tuple[Any, ...]:
    """The row with other values."""
    return tuple(values.get(name, value) for name, value in zip(NAMES, ROW, strict=True))


def split(*given: tuple[Any, ...]) -> dict[str, Any]:
    """Rows as pandas writes them."""
    return {"dataframe_split": {"columns": NAMES, "data": given}}


def _mlflow(name: str, payload: Any, documented: str = "") -> Case:
    return Case(name, json.dumps(payload).encode(), documented=documented)


def _table(name: str, text: str, documented: str = "") -> Case:
    return Case(name, text.encode(), CSV, documented)


HEADER, CELLS = ",".join(NAMES), "Oslo,fan,12,20.25,False"
(FULL,) = records(ROW)
NULL_ALONE = "a lone row with null in a text column"
NO_BOOLEAN = 'null, `"false"` and 2 are no booleans'
WHOLE = "20.5 is no whole number"
MLFLOW = (
    _mlflow("split", split(ROW, OTHER)),
    _mlflow(
        "split, other order",
        {"dataframe_split": {"columns": NAMES[::-1], "data": [ROW[::-1], OTHER[::-1]]}},
    ),
    _mlflow(
        "split, index",
        {"dataframe_split": {"columns": NAMES, "index": [7, 8], "data": [ROW, OTHER]}},
    ),
    _mlflow("records", {"dataframe_records": records(ROW, OTHER)}),
    _mlflow("instances, named", {"instances": records(ROW, OTHER)}),
    _mlflow("instances, columns", {"instances": {n: [v] for n, v in FULL.items()}}),
    _mlflow("inputs, columns", {"inputs": {n: [v] for n, v in FULL.items()}}),
    _mlflow("inputs, one row", {"inputs": FULL}),
    _mlflow("inputs, named", {"inputs": records(ROW, OTHER)}),
    _mlflow("unknown key beside", {"client_request_id": "7", "inputs": records(ROW)}),
    _mlflow("params null", {"inputs": records(ROW), "params": None}),
    _mlflow("params {}", {"inputs": records(ROW), "params": {}}),
    _mlflow("null beside a text", split(changed(site=None), OTHER)),
    _mlflow("null in a text alone", split(changed(site=None)), NULL_ALONE),
    _mlflow("null in a number", split(changed(temperature=None))),
    Case("NaN in a number", json.dumps(split(changed(temperature=float("nan")))).encode()),
    _mlflow(
        "key left out",
        {"dataframe_records": [FULL, {n: v for n, v in FULL.items() if n != "temperature"}]},
    ),
    _mlflow("0 and 1 as booleans", split(changed(guarded=1), (*OTHER[:-1], 0))),
    _mlflow("int for a double", split(changed(temperature=61))),
    _mlflow("20.0 for a long", split(changed(age=20.0))),
    _mlflow("unknown category", split(changed(kind="crane"))),
    _mlflow("empty text", split(changed(site=""), OTHER)),
    Case("byte order mark", b"\xef\xbb\xbf" + json.dumps(split(ROW)).encode()),
    _table("table", f"{HEADER}\n{CELLS}\n"),
    _table("table, index column", f",{HEADER}\n0,{CELLS}\n"),
    _table("table, 0 and 1", f"{HEADER}\nOslo,fan,12,20.25,0\n"),
    *(
        _table(
            f"table, {text or 'empty'}", f"{HEADER}\n{text},fan,12,{text},True\nOslo,fan,1,1,True\n"
        )
        for text in ("", "NA", "N/A", "null", "nan", "NaN", "None", "<NA>")
    ),
    _mlflow("null for a boolean", split(changed(guarded=None)), NO_BOOLEAN),
    _mlflow('"false" for a boolean', split(changed(guarded="false")), NO_BOOLEAN),
    _mlflow("2 for a boolean", split(changed(guarded=2)), NO_BOOLEAN),
    _mlflow("20.5 for a long", split(changed(age=20.5)), WHOLE),
    _mlflow("number as text", split(changed(temperature="61.5")), "Numbers in text"),
    _mlflow("column too many", {"dataframe_records": [FULL | {"id": 7}]}, "An additional column"),
    _mlflow("unknown params", {"inputs": records(ROW), "params": {"x": 1}}, "Other parameters"),
    _mlflow("column missing", {"dataframe_records": [{"site": "Graz"}]}),
    _mlflow("two forms", {"inputs": records(ROW), "instances": records(ROW)}),
    _mlflow("not JSON's object", [1, 2]),
    Case("plain text", b"x", "text/plain"),
)


def _tensors(
    name: str,
    *given: tuple[Any, ...],
    documented: str = "",
    extra: tuple[dict[str, Any], ...] = (),
    more: Mapping[str, Any] | None = None,
    **kinds: str,
) -> Case:
    inputs: list[dict[str, Any]] = [
        {
            "name": column,
            "datatype": kinds.get(column, kind),
            "shape": [len(given), 1],
            "data": [row[place] for row in given],
            **({"parameters": {"content_type": "str"}} if kind == "BYTES" else {}),
        }
        for place, (column, kind) in enumerate(zip(NAMES, TENSORS, strict=True))
    ]
    inputs += extra
    body = {"parameters": {"content_type": "pd"}, "inputs": inputs, **(more or {})}
    return Case(name, json.dumps(body).encode(), documented=documented)


MLSERVER = (
    _tensors("tensors", ROW, OTHER),
    _tensors("an output by name", ROW, OTHER, more={"outputs": [{"name": "predict"}]}),
    _tensors("outputs []", ROW, OTHER, more={"outputs": []}),
    _tensors("INT32", ROW, age="INT32"),
    _tensors("FP32", ROW, temperature="FP32"),
    _tensors("0 and 1 under BOOL", changed(guarded=1), (*OTHER[:-1], 0)),
    _tensors("0 and 1 under INT64", changed(guarded=1), (*OTHER[:-1], 0), guarded="INT64"),
    _tensors("empty text", changed(site=""), OTHER),
    _tensors("null beside a text", changed(site=None), OTHER),
    _tensors("null in a text alone", changed(site=None), documented=NULL_ALONE),
    _tensors("null in a number", changed(temperature=None)),
    _tensors("unknown category", changed(kind="crane")),
    _tensors(
        "decimals under INT64",
        changed(temperature=61.5),
        temperature="INT64",
        documented="decimals under INT64",
    ),
    _tensors("null for a boolean", changed(guarded=None), documented=NO_BOOLEAN),
    _tensors('"false" for a boolean', changed(guarded="false"), documented=NO_BOOLEAN),
    _tensors("2 for a boolean", changed(guarded=2), documented=NO_BOOLEAN),
    _tensors("2 under INT64", changed(guarded=2), guarded="INT64", documented=NO_BOOLEAN),
    _tensors("20.5 for a whole number", changed(age=20.5), age="FP64", documented=WHOLE),
    _tensors("number as text", changed(temperature="61.5"), documented="Numbers in text"),
    _tensors(
        "column too many",
        ROW,
        extra=({"name": "id", "datatype": "INT64", "shape": [1, 1], "data": [7]},),
        documented="a column too many",
    ),
)
