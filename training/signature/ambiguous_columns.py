"""Columns of which the sample does not tell the type, where the model's answers depend on it.

10 in a CSV file may have been a whole number, a category or an object, and 10 in a column with
empty cells may have been 10.0. Most models answer the same to all of them. Where one does not,
`--kind` or a sample with types has to say which it was.
"""

import re
from collections.abc import Collection, Iterator, Sequence

from service.model import dates
from training.errors import PackError
from training.samples.sample import Column
from training.signature.probe import Probe

MOST = 50  # columns that are tried one by one
WORDS = {
    "Int64": "whole numbers beside missing values",
    "object": "objects of Python",
    "category": "categories",
    "datetime64[us]": "times",
    "datetime64[us, UTC]": "times",
    "datetime64[ns]": "times in nanoseconds, not microseconds",
}
LENGTH = re.compile(r"-?\d+ days(?: [+-]?\d\d:\d\d:\d\d(?:\.\d+)?)?", re.ASCII)


def check(probe: Probe, columns: Sequence[Column], fixed: Collection[str]) -> None:
    """PackError for a column that the model answers to otherwise in another type.

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
    for dtype, names in _others(columns, fixed):
        types = dict.fromkeys(names, dtype)
        if not types or probe.differing(types) is False:
            continue
        for name in names[:MOST]:
            if probe.differing({name: dtype}):
                other = "" if dtype == "datetime64[ns]" else f", or say --kind {name}=KIND"
                raise PackError(
                    f"the model answers otherwise if the column {name} holds {WORDS[dtype]}, and "
                    "the sample does not tell: give it as Parquet with the types that the model "
                    f"was fitted with{other}"
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
    units = [one for one in columns if one.is_untyped and not one.learned]  # no --kind tells it
    yield "datetime64[ns]", [one.name for one in units if one.dtype == "datetime64[us]"]
    for dtype, zoned in (("datetime64[us]", False), ("datetime64[us, UTC]", True)):
        yield (
            dtype,
            [one.name for one in free if one.form and dates.has_zone(one.form) is zoned],
        )


def _are_lengths(column: Column) -> bool:
    """Whether these are what pandas writes of timedelta."""
    there = [value for value in column.values if value is not None]
    return column.kind == "text" and bool(there) and all(map(LENGTH.fullmatch, there))
