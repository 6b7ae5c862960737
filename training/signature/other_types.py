"""The types that a column may have had where the model was fitted, besides that of the sample.

Files do not have all types: CSV has only text, Parquet and Feather do not distinguish None from
NaN, and no file has Int64 within a category. Each function below is for one such type. It returns
the column in this type, or None if the column cannot have had it.
"""

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, time
from functools import partial
from typing import Any

from service.model import dates
from service.model.frames import frame
from service.model.predictor import as_column
from service.model.signature import Input
from training.samples.sample import BOOLEANS, MISSING, Column

PADDED = re.compile(r"\+|-?0\d", re.ASCII)  # numbers as codes are written: 01234
TIME = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{6})?", re.ASCII)  # as Python's str()
MASKED = {"integer": "Int64", "boolean": "boolean", "number": "Float64"}
MOMENTS = ("date", "datetime")


@dataclass(frozen=True, slots=True)
class Other:
    """A column in another type.

    `make` makes a column of pandas from plain values, None for a missing one. `values` are the
    compared rows' values, if not only their type differs from the column's own.
    """

    make: Callable[[list[Any]], Any]
    has_null: bool
    values: Sequence[Any] | None = None

    def column(self, values: Sequence[Any]) -> Any:
        """The column of pandas for rows with these values, the last for an additional row."""
        if self.values is None:
            return self.make(list(values))
        own = self.values[: len(values) - 1]
        return self.make([*own, None if self.has_null else own[0]])


@dataclass(frozen=True, slots=True)
class Doubted:
    """A column, its input, whether `--kind` gives its kind, and whether its kind is known."""

    column: Column
    input: Input
    is_given: bool
    is_known: bool

    def as_input(self, **changes: Any) -> Other:
        """The column as the service makes it for an input with these changes."""
        return self.made(partial(_column, replace(self.input, **changes)))

    def made(self, make: Callable[[list[Any]], Any], values: Sequence[Any] | None = None) -> Other:
        """The column made by a function."""
        return Other(make, self.column.missing > 0, values)

    @property
    def is_free(self) -> bool:
        """Whether its kind is known neither from the file nor otherwise."""
        return self.column.is_untyped and not self.is_known

    @property
    def is_whole(self) -> bool:
        """Whether it may be of any type that holds whole numbers."""
        return self.is_free and self.column.kind == "integer"


def _column(one: Input, values: Sequence[Any]) -> Any:
    return frame([one], [as_column(list(values), one.dtype)])[one.name]


# Types that Parquet or Feather do not have


def other_null(one: Doubted) -> Other | None:
    """NaN in place of None, or None in place of NaN: files with types do not distinguish them."""
    column = one.column
    is_object = column.series is not None and "object" in (column.dtype, column.alternative)
    if not (is_object and column.missing) or column.null_is_known:
        return None
    return one.as_input(dtype="object", null="nan" if column.null == "none" else "none")


def objects_stored(one: Doubted) -> Other | None:
    """Objects in place of the type that pandas reads, or this type in place of objects."""
    column = one.column
    if not column.alternative or column.alternative.startswith("datetime64"):
        return None
    is_certain = column.dtype == "object" and one.is_known
    return None if is_certain else one.as_input(dtype=column.alternative)


def other_categories(one: Doubted) -> Other | None:
    """Categories in another order: Parquet has their list only if they are text."""
    if not (one.column.is_unordered and one.input.categories):
        return None
    return one.as_input(categories=_reordered(one.input.categories))


def seconds(one: Doubted) -> Other | None:
    """Times in seconds, which Parquet stores as milliseconds."""
    other = one.column.alternative
    return one.as_input(dtype=other) if other.startswith("datetime64") else None


def extended_categories(one: Doubted) -> Other | None:
    """A category of `Int64`, `Float64`, `boolean` or `string`; files have its plain type."""
    known: Collection[Any] = ()
    if one.column.dtype == "category" and one.input.categories:
        known = one.input.categories
    elif one.is_whole:
        known = sorted({value for value in one.column.values if value is not None})
    return one.made(partial(_extended, known)) if known and not one.is_given else None


# Types that CSV does not have


def masked(one: Doubted) -> Other | None:
    """`Int64`, `boolean` or `Float64`; `Float32` for numbers that the model learned as float32."""
    column = one.column
    dtype = MASKED.get(column.kind, "") if one.is_free else ""
    if one.input.dtype == "float32":
        dtype = "Float32" if dtype else ""
    return one.as_input(dtype=dtype) if dtype and column.dtype != dtype else None


def objects(one: Doubted) -> Other | None:
    """Whole numbers or booleans as objects of Python."""
    is_plain = one.is_free and one.column.kind in ("integer", "boolean")
    return one.as_input(dtype="object") if is_plain and one.column.dtype != "object" else None


def nones(one: Doubted) -> Other | None:
    """Objects with None for missing values."""
    column = one.column
    is_plain = one.is_free and column.kind in (*MASKED, "text", *MOMENTS)
    is_other = column.missing and column.null != "none" and not column.null_is_known
    if not (is_plain and is_other) or column.dtype.startswith("datetime64"):
        return None
    return one.as_input(dtype="object", null="none")


def category(one: Doubted) -> Other | None:
    """A category of whole numbers."""
    is_other = one.is_whole and one.column.dtype != "category"
    return one.as_input(dtype="category") if is_other else None


def nanoseconds(one: Doubted) -> Other | None:
    """Times in nanoseconds, which no `--kind` chooses."""
    column = one.column
    is_time = column.is_untyped and not column.learned and column.dtype == "datetime64[us]"
    dtypes = [column.dtype] if is_time else list(_types_of_times(column)) if one.is_free else []
    return one.as_input(dtype=dtypes[0].replace("[us", "[ns")) if dtypes else None


def times(one: Doubted) -> Other | None:
    """Times, in UTC if they have a zone."""
    return _moments(one, 0)


def local_times(one: Doubted) -> Other | None:
    """Times in the zone of their cells, if it is not UTC."""
    return _moments(one, 1)


def category_of_times(one: Doubted) -> Other | None:
    """A category of times."""
    column = one.column
    is_time = column.is_untyped and not one.is_given and column.dtype.startswith("datetime64")
    dtypes = [column.dtype] if is_time else list(_types_of_times(column)) if one.is_free else []
    if not dtypes:
        return None
    moments = replace(one.input, dtype=dtypes[0])
    return one.made(lambda values: _column(moments, values).astype("category"))


def dates_of_python(one: Doubted) -> Other | None:
    """Objects of `datetime.date`."""
    is_date = one.is_free and one.column.form == dates.DATE
    return one.made(partial(_parsed, date.fromisoformat)) if is_date else None


def times_of_day(one: Doubted) -> Other | None:
    """Objects of `datetime.time`, whose text is the text of the cells."""
    there = [value for value in one.column.values if value is not None]
    is_text = one.is_free and one.column.kind == "text" and bool(there)
    if not is_text or not all(map(TIME.fullmatch, there)):
        return None
    return one.made(partial(_parsed, time.fromisoformat))


def text(one: Doubted) -> Other | None:
    """Text, if programs write numbers or booleans differently than the cells have them."""
    column = one.column
    if not one.is_free or column.kind not in ("integer", "number", "boolean"):
        return None
    cells = {cell.strip() for cell in column.cells} - MISSING
    is_code = any(map(PADDED.match, cells))
    if column.kind == "boolean":
        is_code = len(cells) > len({BOOLEANS.get(cell) for cell in cells})
    if not is_code:
        return None
    make = partial(_column, replace(one.input, dtype="str"))
    return one.made(make, column.as_kind("text").values)


def _moments(one: Doubted, place: int) -> Other | None:
    dtypes = list(_types_of_times(one.column)) if one.is_free else []
    return one.as_input(dtype=dtypes[place]) if place < len(dtypes) else None


def _types_of_times(column: Column) -> Iterator[str]:
    """The types of times that a column of text may have had: in UTC, or in its cells' zone."""
    if not column.form:
        return
    if not dates.has_zone(column.form):
        yield "datetime64[us]"
        return
    yield "datetime64[us, UTC]"
    zone = next(dates.read(value).zone for value in column.values if value is not None)
    if zone != "Z":
        yield f"datetime64[us, UTC{zone[:3]}:{zone[-2:]}]"


def _reordered(categories: Sequence[Any]) -> tuple[Any, ...]:
    """The categories in another order, behind one that no value has."""
    known = tuple(reversed(categories))
    if isinstance(known[0], bool):
        return known if len(known) > 1 else (not known[0], *known)
    return (max(known) + 1, *known)


def _extended(known: Collection[Any], values: list[Any]) -> Any:
    """A category of pandas' own type for these values, such as `Int64`."""
    import pandas as pd

    of_text = isinstance(next(iter(known)), str)
    index = pd.Index(pd.array(list(known), dtype="string" if of_text else None))
    return pd.Series(pd.Categorical(values, categories=index))


def _parsed(parse: Callable[[str], Any], values: list[Any]) -> Any:
    """Objects that are parsed from text."""
    import pandas as pd

    return pd.Series([None if one is None else parse(one) for one in values], dtype=object)
