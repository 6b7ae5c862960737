"""Finds columns whose type the sample does not have, although the predictions depend on it.

10 in a CSV file may have been a whole number, a category or an object, and 10 in a column with
empty cells may have been 10.0. Most models answer the same to all of them. Where one does not,
`--kind` or a sample with types has to say which it was.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import Any

from service.model import dates
from service.model.signature import Input, Null
from training.errors import PackError
from training.samples.sample import BOOLEANS, MISSING, Column
from training.signature.probe import Probe
from training.summary import listed

MOST = 50  # columns that are tried one by one
WORDS = {
    "Int64": "whole numbers beside missing values",
    "object": "objects of Python",
    "str": "text",
    "category": "categories",
    "datetime64[us]": "times",
    "datetime64[ns]": "times in nanoseconds, not microseconds",
}
NULLS = (
    "the model answers otherwise if missing values of the column {} are NaN and not None, and a "
    "file stores both alike: fit a model that treats both alike, as pandas.isna does"
)
OBJECTS = (
    "the model answers otherwise if the column {} holds objects of Python, as it was written, or "
    "has the type that pandas reads: fit the model on columns with types, as "
    "frame.convert_dtypes() gives them, and write the sample again"
)
ORDERS = (
    "the model answers otherwise if the categories of the column {} have another order or "
    "number, and Parquet keeps them for text alone: give the sample as Feather"
)
SECONDS = (
    "the model answers otherwise if the times of the column {} are in seconds, as they were "
    "written, and Parquet stores milliseconds: give the sample as Feather"
)
PADDED = re.compile(r"\+|-?0\d", re.ASCII)  # numbers as codes are written: 01234
LENGTH = re.compile(r"-?\d+ days(?: [+-]?\d\d:\d\d:\d\d(?:\.\d+)?)?", re.ASCII)


def check(probe: Probe, columns: Sequence[Column], fixed: Collection[str]) -> None:
    """PackError for a column that changes predictions if it has another type.

    `fixed` are columns whose kind is known for certain.
    """
    if probe.signature.container != "frame":
        return
    for column in columns:
        if column.is_untyped and column.name not in fixed and _are_lengths(column):
            raise PackError(
                f"the column {column.name} looks like lengths of time ({column.cells[0]}), which "
                "no kind of input holds: fit the model on numbers, or say "
                f"--kind {column.name}=text"
            )
    _check_stored(probe, columns, fixed)
    texts = {
        one.name: one.as_kind("text").values
        for one in columns
        if one.name not in fixed and _may_be_text(one)
    }
    for dtype, names in (*_others(columns, fixed), ("str", [*texts])):
        values = texts if dtype == "str" else {}
        together = probe.differing(dict.fromkeys(names, dtype), values) if names else False
        if together is False:
            continue
        alone = [
            name
            for name in names[:MOST]
            if probe.differing({name: dtype}, {name: values[name]} if values else None)
        ]
        if alone or together:  # together alone: if one decides by several, or is beyond the 50
            raise PackError(_message(alone[:1] or names, dtype))


def _check_stored(probe: Probe, columns: Sequence[Column], fixed: Collection[str]) -> None:
    """PackError for what files store alike, such as None and NaN, if answers depend on it."""
    changed: dict[str, dict[str, Input]] = {NULLS: {}, OBJECTS: {}, ORDERS: {}, SECONDS: {}}
    for column in columns:
        if column.series is None:
            continue
        one = replace(probe.inputs[column.name], nullable=column.missing > 0)
        other = column.alternative
        if other and not (column.dtype == "object" and column.name in fixed):
            why = SECONDS if other.startswith("datetime64") else OBJECTS
            changed[why][column.name] = replace(one, dtype=other)
        if "object" in (column.dtype, other) and column.missing and not column.null_is_known:
            null: Null = "nan" if column.null == "none" else "none"
            changed[NULLS][column.name] = replace(one, dtype="object", null=null)
        if column.is_unordered and one.categories:
            changed[ORDERS][column.name] = replace(one, categories=_reordered(one.categories))
    for why, inputs in changed.items():
        if inputs and probe.differing_as(inputs):
            alone = [name for name, one in inputs.items() if probe.differing_as({name: one})]
            raise PackError(why.format((alone or list(inputs))[0]))


def _reordered(categories: Sequence[Any]) -> tuple[Any, ...]:
    """The categories in another order, after one that no value has."""
    known = tuple(reversed(categories))
    if isinstance(known[0], bool):
        return known if len(known) > 1 else (not known[0], *known)
    return (max(known) + 1, *known)


def _message(names: Sequence[str], dtype: str) -> str:
    is_one = len(names) == 1
    columns = f"column {names[0]} holds" if is_one else f"columns {listed(names)} hold"
    other = "" if dtype == "datetime64[ns]" else f", or say --kind {names[0]}=KIND"
    return (
        f"the model answers otherwise if the {columns} {_words(dtype)}, and the sample does not "
        f"tell: give it as Parquet with the types that the model was fitted with{other}"
    )


def _others(columns: Sequence[Column], fixed: Collection[str]) -> Iterator[tuple[str, list[str]]]:
    """Types that columns may have had, and the columns."""
    free = [
        column
        for column in columns
        if column.name not in fixed and column.is_untyped and column.kind != "text"
    ]
    whole = [column for column in free if column.kind == "integer"]
    gaps = [column for column in whole if column.missing]
    plain = [column for column in free if column.kind in ("integer", "boolean")]
    for dtype, ones in (("Int64", gaps), ("object", plain), ("category", whole)):
        yield dtype, [column.name for column in ones if column.dtype != dtype]
    units = [one for one in columns if one.is_untyped and not one.learned]  # no --kind chooses
    yield "datetime64[ns]", [one.name for one in units if one.dtype == "datetime64[us]"]
    times: dict[str, list[str]] = {}
    for one in free:
        for dtype in _times(one):
            times.setdefault(dtype, []).append(one.name)
    yield from times.items()


def _may_be_text(column: Column) -> bool:
    """Whether cells that look like numbers or booleans are not written as programs write those."""
    if not column.is_untyped or column.kind not in ("integer", "number", "boolean"):
        return False
    cells = {cell.strip() for cell in column.cells} - MISSING
    if column.kind == "boolean":
        return len(cells) > len({BOOLEANS.get(cell) for cell in cells})
    return any(map(PADDED.match, cells))


def _times(column: Column) -> Iterator[str]:
    """The types of times that a column of text may have been; with a zone in UTC or as written."""
    if not column.form:
        return
    if not dates.has_zone(column.form):
        yield "datetime64[us]"
        return
    yield "datetime64[us, UTC]"
    zone = next(dates.read(value).zone for value in column.values if value is not None)
    if zone != "Z":
        yield f"datetime64[us, UTC{zone[:3]}:{zone[-2:]}]"


def _words(dtype: str) -> str:
    """What a column of this type holds."""
    return WORDS.get(dtype, "times with a zone")


def _are_lengths(column: Column) -> bool:
    """Whether these are what pandas writes of timedelta."""
    there = [value for value in column.values if value is not None]
    return column.kind == "text" and bool(there) and all(map(LENGTH.fullmatch, there))
