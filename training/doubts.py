"""Columns of which the sample does not tell the type, where the model's answers depend on it.

10 in a CSV file may have been a whole number, a category or an object, and 10 in a column with
empty cells may have been 10.0. Most models answer the same to all of them. Where one does not,
`--kind` or a sample with types has to say which it was.
"""

from collections.abc import Collection, Iterator, Sequence

from training.errors import PackError
from training.probe import Probe
from training.sample import Column

MOST = 50  # columns that are tried one by one
WORDS = {
    "Int64": "whole numbers beside missing values",
    "object": "objects of Python",
    "category": "categories",
}


def check(probe: Probe, columns: Sequence[Column], fixed: Collection[str]) -> None:
    """PackError for a column that the model answers to otherwise in another type.

    `fixed` are columns whose kind is known for certain.
    """
    if probe.signature.container != "frame":
        return
    for dtype, names in _others(columns, fixed):
        types = dict.fromkeys(names, dtype)
        if not types or probe.differing(types) is False:
            continue
        for name in names[:MOST]:
            if probe.differing({name: dtype}):
                raise PackError(
                    f"the model answers otherwise if the column {name} holds {WORDS[dtype]}, and "
                    "the sample does not tell: give it as Parquet with the types that the model "
                    f"was fitted with, or name the kind with --kind {name}=integer, number or text"
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
    for dtype, ones in (("Int64", gaps), ("object", whole), ("category", whole)):
        yield dtype, [column.name for column in ones if column.dtype != dtype]
