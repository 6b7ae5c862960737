"""The fields of the schema: one per column, which is checked whole, with NumPy where it is numbers.

A field per number would cost seventeen times as much at 10,000 rows.
"""

from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any

import numpy as np
from marshmallow import ValidationError, fields
from numpy.typing import NDArray

from service.api.problems import MOST_ERRORS, likely
from service.model.predictor import as_column
from service.model.signature import Input

NAMES_OF_TYPES = {
    bool: "a boolean",
    dict: "an object",
    float: "a number",
    int: "a number",
    list: "a list",
    str: "a string",
    type(None): "null",
}
SHOWN_CATEGORIES = 20
FEW = 32  # values, which Python compares before NumPy has begun


class ColumnField(fields.Field[NDArray[Any]]):
    """A list of values, to an array of shape (rows,) of the input's type.

    Subclasses say which types may pass, and check the values. NULL passes where the input is
    nullable.
    """

    types: frozenset[type] = frozenset()
    wanted = ""
    default_error_messages = {"required": "is missing"}  # noqa: RUF012

    def __init__(self, column: Input) -> None:
        super().__init__(required=True, data_key=column.name)
        self.column = column
        self.passing = self.types | {type(None)} if column.nullable else self.types

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> NDArray[Any]:
        numbers = isinstance(value, np.ndarray)  # which files and long bodies are read to
        if not numbers and not set(map(type, value)) <= self.passing:
            self._refuse(value, lambda one: type(one) not in self.passing, self._wrong_type)
        return self.array(value)

    def array(self, values: Sequence[Any]) -> NDArray[Any]:
        """The checked array of values of the right types."""
        return as_column(list(values), self.column.dtype)

    def _wrong_type(self, value: Any) -> str:
        return f"is {NAMES_OF_TYPES[type(value)]}, not {self.wanted}"

    def _refuse(
        self, values: Sequence[Any], wrong: Callable[[Any], bool], why: Callable[[Any], str]
    ) -> None:
        faults = ((row, [why(value)]) for row, value in enumerate(values) if wrong(value))
        raise ValidationError(dict(islice(faults, MOST_ERRORS)))


class NumberField(ColumnField):
    """Finite numbers within the input's range."""

    types = frozenset({int, float})
    wanted = "a number"

    def array(self, values: Sequence[Any]) -> NDArray[Any]:
        """Floats of the input's type, NaN for null."""
        floats = self.within_range(values)
        return floats if self.column.dtype == "float64" else floats.astype(self.column.dtype)

    def within_range(self, values: Sequence[Any]) -> NDArray[np.float64]:
        """Floats, NaN for null; ValidationError for those beyond the range."""
        low, high = self.column.lowest or 0.0, self.column.highest or 0.0
        few = len(values) <= FEW and None not in values
        if few and all(low <= value <= high for value in values):
            return np.array(values, dtype=np.float64)
        try:
            array = np.asarray(values, dtype=np.float64)
        except OverflowError:  # an integer beyond float64
            array = np.array([_clipped(number) for number in values], dtype=np.float64)
        if not (low <= array.min() and array.max() <= high):  # or there is a NaN
            fits = (array >= low) & (array <= high)
            bad = [row for row in np.flatnonzero(~fits).tolist() if values[row] is not None]
            if bad:
                message = [f"is out of range: the model works from {low:.6g} to {high:.6g}"]
                raise ValidationError(dict.fromkeys(bad[:MOST_ERRORS], message))
        return array


class IntegerField(NumberField):
    """Whole numbers, in whatever notation: JSON has one kind of number."""

    wanted = "a whole number"

    def array(self, values: Sequence[Any]) -> NDArray[Any]:
        """Integers, or floats where null is NaN."""
        if any(map(_is_broken, values)):
            self._refuse(values, _is_broken, lambda _: f"is not {self.wanted}")
        floats = self.within_range(values)
        if self.column.dtype != "int64":
            return floats
        return as_column([int(value) for value in values], self.column.dtype)


class BooleanField(ColumnField):
    """true and false, nothing that merely looks like them."""

    types = frozenset({bool})
    wanted = "a boolean"


class TextField(ColumnField):
    """Any string."""

    types = frozenset({str})
    wanted = "a string"


class CategoryField(ColumnField):
    """One of the input's categories; any other value of their type where they are open."""

    def __init__(self, column: Input) -> None:
        categories = column.categories or ("",)
        self.types = frozenset(type(value) for value in categories)
        if self.types & {int, float}:  # JSON writes 1 and 1.0 for the same number
            self.types |= {int, float}
        self.wanted = " or ".join(sorted(NAMES_OF_TYPES[kind] for kind in self.types))
        self.known = {(_family(value), value): value for value in categories}
        super().__init__(column)

    def array(self, values: Sequence[Any]) -> NDArray[Any]:
        """The categories as the model knows them: 1 where a client wrote 1.0."""
        known = self.known
        if self.column.closed:
            closed = known.keys() | {(type(None), None)}
            if not {(_family(value), value) for value in values} <= closed:
                self._refuse(values, lambda v: (_family(v), v) not in closed, self._unknown)
        return as_column([known.get((_family(v), v), v) for v in values], self.column.dtype)

    def _unknown(self, value: Any) -> str:
        names = [str(category) for category in self.column.categories or ()]
        close = likely(str(value), names)
        hint = f"; did you mean {close}?" if close else ""
        shown = ", ".join(names[:SHOWN_CATEGORIES])
        more = f" and {len(names) - SHOWN_CATEGORIES} more" if len(names) > SHOWN_CATEGORIES else ""
        return f"is none of {shown}{more}{hint}"


FIELDS: dict[str, type[ColumnField]] = {
    "number": NumberField,
    "integer": IntegerField,
    "boolean": BooleanField,
    "category": CategoryField,
    "text": TextField,
}


def _family(value: Any) -> type:
    """The JSON type of a value, for 1 equals True in Python."""
    return float if type(value) is int else type(value)


def _is_broken(value: Any) -> bool:
    """Whether a number is not whole; an infinite one is not."""
    return type(value) is float and not value.is_integer()


def _clipped(number: float | None) -> float:
    try:
        return np.nan if number is None else float(number)
    except OverflowError:
        return np.inf
