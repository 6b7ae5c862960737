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
from service.model import dates
from service.model.predictor import as_column
from service.model.signature import WHOLE_NUMBERS, Input

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
EXACT = {"float64": 2**53, "float32": 2**24, "float16": 2**11}  # up to these all whole numbers are
ROUGH = "must be written without a point or an exponent: as a decimal it is only nearly this number"
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
    """Finite numbers within the input's range, none of which is rounded.

    A decimal such as 0.1 becomes the nearest float, as everywhere. A whole number that the type
    does not hold is refused: it may be an identifier.
    """

    types = frozenset({int, float})
    wanted = "a number"

    def __init__(self, column: Input) -> None:
        super().__init__(column)
        self.low, self.high = column.lowest or 0.0, column.highest or 0.0
        exact = EXACT.get(column.dtype, EXACT["float64"])  # of objects: floats, too
        self.type = column.dtype if column.dtype in EXACT else "float64"
        self.exact = exact
        self.quick_low, self.quick_high = max(self.low, 1 - exact), min(self.high, exact - 1)

    def array(self, values: Sequence[Any]) -> NDArray[Any]:
        """Floats of the input's type, NaN for null."""
        floats = self.within_range(values)
        if self.column.dtype == "float64":
            return floats
        return floats.astype(self.column.dtype if self.column.dtype in EXACT else object)

    def within_range(self, values: Sequence[Any]) -> NDArray[np.float64]:
        """Floats, NaN for null; ValidationError for those beyond the range, or inexact ones."""
        low, high = self.quick_low, self.quick_high
        few = len(values) <= FEW and None not in values
        if few and all(low <= value <= high for value in values):
            return np.array(values, dtype=np.float64)
        try:
            array = np.asarray(values, dtype=np.float64)
        except OverflowError:  # an integer beyond float64
            array = np.array([_clipped(number) for number in values], dtype=np.float64)
        if low <= array.min() and array.max() <= high:
            return array
        fits = (array >= self.low) & (array <= self.high)
        bad = [row for row in np.flatnonzero(~fits).tolist() if values[row] is not None]
        if bad:
            message = [f"is out of range: the model works from {self.low:.6g} to {self.high:.6g}"]
            raise ValidationError(dict.fromkeys(bad[:MOST_ERRORS], message))
        self.check_exact(values, array)
        return array

    def check_exact(self, values: Sequence[Any], floats: NDArray[np.float64]) -> None:
        """ValidationError for whole numbers that would be rounded; `floats` are those values."""
        far = np.flatnonzero(np.abs(floats) >= self.exact).tolist()
        held = floats.astype(self.type).astype(np.float64) if self.type != "float64" else floats
        bad = [row for row in far if _is_rounded(values[row], float(held[row]))]
        if bad:
            bits = self.exact.bit_length() - 1
            message = [f"cannot be held exactly: the model takes {self.type}, of {bits} bits"]
            raise ValidationError(dict.fromkeys(bad[:MOST_ERRORS], message))


class IntegerField(NumberField):
    """Whole numbers, in whatever notation: JSON has one kind of number."""

    wanted = "a whole number"

    def array(self, values: Sequence[Any]) -> NDArray[Any]:
        """Integers; objects, or floats, where one may be null."""
        if any(map(_is_broken, values)):
            self._refuse(values, _is_broken, lambda _: f"is not {self.wanted}")
        if any(map(_is_rough, values)):
            self._refuse(values, _is_rough, lambda _: ROUGH)
        if self.column.dtype in EXACT:
            return super().array(values)
        self.within_range(values)
        whole = [None if value is None else int(value) for value in values]
        return as_column(whole, self.column.dtype)

    def check_exact(self, values: Sequence[Any], floats: NDArray[np.float64]) -> None:
        """As of numbers where the type is one of floats; else nothing is rounded."""
        if self.column.dtype in EXACT:
            super().check_exact(values, floats)


class BooleanField(ColumnField):
    """true and false, nothing that merely looks like them."""

    types = frozenset({bool})
    wanted = "a boolean"


class TextField(ColumnField):
    """Any string; where all of the sample are whole numbers, these may be numbers, too."""

    types = frozenset({str})
    wanted = "a string"

    def __init__(self, column: Input) -> None:
        super().__init__(column)
        if column.form == WHOLE_NUMBERS:
            self.passing |= {int}

    def array(self, values: Sequence[Any]) -> NDArray[Any]:
        """The strings."""
        if self.column.form == WHOLE_NUMBERS:
            values = [str(value) if type(value) is int else value for value in values]
        return super().array(values)


class MomentField(ColumnField):
    """Dates, or dates with times, as ISO 8601 has them."""

    types = frozenset({str})
    wanted = "a string"

    def array(self, values: Sequence[Any]) -> NDArray[Any]:
        """Text in the form that the model knows, or datetime64."""
        made, faults = [], {}
        for row, value in enumerate(values):
            try:
                made.append(None if value is None else self._read(value))
            except ValueError as error:
                faults[row] = [str(error)]
                if len(faults) == MOST_ERRORS:
                    break
        if faults:
            raise ValidationError(faults)
        return as_column(made, self.column.dtype)

    def _read(self, text: str) -> str:
        if self.column.form:
            return dates.in_form(text, self.column.form)
        is_day = self.column.kind == "date"
        dates.as_datetime64(text, self.column.dtype, is_day)
        return text


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
        if column.form == WHOLE_NUMBERS:
            self.passing |= {int}

    def array(self, values: Sequence[Any]) -> NDArray[Any]:
        """The categories as the model knows them: 1 where a client wrote 1.0."""
        known = self.known
        if self.column.form == WHOLE_NUMBERS:
            values = [str(value) if type(value) is int else value for value in values]
        elif any(map(_is_rough, values)):
            self._refuse(values, _is_rough, lambda _: ROUGH)
        if self.column.dtype == "float32":  # 0.1 is the category that float32 holds of it
            values = [None if value is None else float(np.float32(value)) for value in values]
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
    "date": MomentField,
    "datetime": MomentField,
}


def _family(value: Any) -> type:
    """The JSON type of a value, for 1 equals True in Python."""
    return float if type(value) is int else type(value)


def _is_broken(value: Any) -> bool:
    """Whether a number is not whole; an infinite one is not."""
    return type(value) is float and not value.is_integer()


def _is_rough(value: Any) -> bool:
    """Whether a whole number came as a decimal, of which the last digits may be lost."""
    return type(value) is float and abs(value) >= EXACT["float64"]


def _is_rounded(value: Any, held: float) -> bool:
    """Whether a number is whole, and another one in its column's type."""
    if value is None or not (type(value) is int or float(value).is_integer()):
        return False
    return bool(value != held)


def _clipped(number: float | None) -> float:
    try:
        return np.nan if number is None else float(number)
    except OverflowError:
        return np.inf
