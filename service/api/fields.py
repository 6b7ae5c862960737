"""Fields of the schema: one per column. NumPy checks a column of numbers at once.

A field per number would take seventeen times as long at 10,000 rows.
"""

from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any, NoReturn

import numpy as np
from marshmallow import ValidationError, fields
from numpy.typing import NDArray

from service.api.csv_values import Cell
from service.api.problems import MAX_ERRORS, likely
from service.model import dates
from service.model.frames import MASKED
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
CELLS = {  # what is wrong with a cell of CSV
    "a boolean": "is neither true nor false",
    "a number": "is not a number, such as 1.5",
    "a whole number": "is not a whole number, such as 15",
}
SHOWN_CATEGORIES = 20
MAX_EXACT = {
    "float64": 2**53,
    "float32": 2**24,
    "float16": 2**11,
}  # up to here every integer is exact
SINGLE: dict[str, Any] = {"float32": np.float32, "float16": np.float16}
WRITE_AS_INTEGER = "must be written without a point or exponent: as a decimal it may be rounded"
FEW_VALUES = 32  # Python compares so many faster than NumPy


class ColumnField(fields.Field[NDArray[Any]]):
    """Converts a list of values to an array of shape (rows,) of the input's type.

    Subclasses say which types are accepted, and check the values. Null is accepted if the input is
    nullable.
    """

    types: frozenset[type] = frozenset()
    expected = ""
    default_error_messages = {"required": "is missing"}  # noqa: RUF012

    def __init__(self, column: Input) -> None:
        super().__init__(required=True, data_key=column.name)
        self.column = column
        self.accepted = self.types | {type(None)} if column.nullable else self.types

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> NDArray[Any]:
        numbers = isinstance(value, np.ndarray)  # from files and long bodies
        if not numbers and not set(map(type, value)) <= self.accepted:
            self._refuse(value, lambda one: type(one) not in self.accepted, self._wrong_type)
        return self.array(value)

    def array(self, values: Sequence[Any]) -> NDArray[Any]:
        """The array of values that have accepted types; ValidationError if one is invalid."""
        return as_column(list(values), self.column.dtype)

    def _wrong_type(self, value: Any) -> str:
        if isinstance(value, Cell):
            no_value = CELLS.get(self.expected, f"is not {self.expected}")
            return no_value if value else f"is empty, not {self.expected}"
        return f"is {NAMES_OF_TYPES[type(value)]}, not {self.expected}"

    def _refuse(
        self, values: Sequence[Any], wrong: Callable[[Any], bool], why: Callable[[Any], str]
    ) -> None:
        faults = ((row, [why(value)]) for row, value in enumerate(values) if wrong(value))
        raise ValidationError(dict(islice(faults, MAX_ERRORS)))


class NumberField(ColumnField):
    """Finite numbers within the input's range. Integers are never rounded.

    A decimal such as 0.1 becomes the nearest float. An integer that the type cannot represent is
    refused: it may be an identifier.
    """

    types = frozenset({int, float})
    expected = "a number"

    def __init__(self, column: Input) -> None:
        super().__init__(column)
        self.low, self.high = column.lowest or 0.0, column.highest or 0.0
        plain = MASKED.get(column.dtype, column.dtype)
        self.type = plain if plain in MAX_EXACT else "float64"  # an object column has floats, too
        exact = MAX_EXACT[self.type]
        self.exact = exact
        self.quick_low, self.quick_high = max(self.low, 1 - exact), min(self.high, exact - 1)

    def array(self, values: Sequence[Any]) -> NDArray[Any]:
        """Floats of the input's type, NaN for null."""
        floats = self.within_range(values)
        if self.column.dtype == "float64":
            return floats
        held = floats.astype(self.type)
        return held if self.column.dtype == self.type else held.astype(object)

    def within_range(self, values: Sequence[Any]) -> NDArray[np.float64]:
        """Floats, NaN for null; ValidationError for values out of range or inexact."""
        low, high = self.quick_low, self.quick_high
        few = len(values) <= FEW_VALUES and None not in values
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
            self.refuse_range(bad)
        self.check_exact(values, array)
        return array

    def refuse_range(self, bad: Sequence[int]) -> NoReturn:
        """Raise ValidationError for rows out of range."""
        raise ValidationError({row: [self.out_of_range()] for row in bad[:MAX_ERRORS]})

    def out_of_range(self) -> str:
        """The error of a value out of range."""
        return f"is out of range: the model works from {_shown(self.low)} to {_shown(self.high)}"

    def check_exact(self, values: Sequence[Any], floats: NDArray[np.float64]) -> None:
        """Raise ValidationError for integers that would be rounded; `floats` are the values as
        floats."""
        far = np.flatnonzero(np.abs(floats) >= self.exact).tolist()
        held = floats.astype(self.type).astype(np.float64) if self.type != "float64" else floats
        bad = [row for row in far if _is_rounded(values[row], float(held[row]))]
        if bad:
            bits = self.exact.bit_length() - 1
            message = [f"cannot be held exactly: the model takes {self.type}, of {bits} bits"]
            raise ValidationError(dict.fromkeys(bad[:MAX_ERRORS], message))


class IntegerField(NumberField):
    """Integers, in any notation: JSON has one type of number."""

    expected = "a whole number"

    def array(self, values: Sequence[Any]) -> NDArray[Any]:
        """Integers; objects or floats if null is accepted."""
        if any(map(_is_fraction, values)):
            self._refuse(values, _is_fraction, lambda _: f"is not {self.expected}")
        if any(map(_may_be_rounded, values)):
            self._refuse(values, _may_be_rounded, self._why_not_exact)
        if self.column.dtype in MAX_EXACT:
            return super().array(values)
        self.within_range(values)
        whole = [None if value is None else int(value) for value in values]
        return as_column(whole, self.column.dtype)

    def _why_not_exact(self, value: float) -> str:
        """JSON parsers make floats of integers beyond 64 bits, too."""
        return WRITE_AS_INTEGER if self.low <= value <= self.high else self.out_of_range()

    def check_exact(self, values: Sequence[Any], floats: NDArray[np.float64]) -> None:
        """Integers are rounded only if the type is a float; others are compared with the range
        again, because as floats they may be equal to its ends."""
        if self.column.dtype in MAX_EXACT:
            super().check_exact(values, floats)
            return
        far = np.flatnonzero(np.abs(floats) >= self.exact).tolist()
        bad = [row for row in far if not self.low <= values[row] <= self.high]
        if bad:
            self.refuse_range(bad)


class BooleanField(ColumnField):
    """true and false, and no other spelling of them."""

    types = frozenset({bool})
    expected = "a boolean"


class TextField(ColumnField):
    """Any string. If all of the sample are integers, integers are accepted, too."""

    types = frozenset({str})
    expected = "a string"

    def __init__(self, column: Input) -> None:
        super().__init__(column)
        if column.form == WHOLE_NUMBERS:
            self.accepted |= {int}

    def array(self, values: Sequence[Any]) -> NDArray[Any]:
        """The strings."""
        if self.column.form == WHOLE_NUMBERS:
            values = [str(value) if type(value) is int else value for value in values]
        return super().array(values)


class MomentField(ColumnField):
    """Dates, or dates with times, in ISO 8601."""

    types = frozenset({str})
    expected = "a string"

    def array(self, values: Sequence[Any]) -> NDArray[Any]:
        """Text in the model's format, or datetime64."""
        made, faults = [], {}
        for row, value in enumerate(values):
            try:
                made.append(None if value is None else self._read(value))
            except ValueError as error:
                faults[row] = [str(error)]
                if len(faults) == MAX_ERRORS:
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
    """One of the input's categories; another value of their type only if they are open."""

    def __init__(self, column: Input) -> None:
        categories = column.categories or ("",)
        self.types = frozenset(type(value) for value in categories)
        if self.types & {int, float}:  # in JSON 1 and 1.0 are the same number
            self.types |= {int, float}
        self.expected = " or ".join(sorted({NAMES_OF_TYPES[kind] for kind in self.types}))
        self.known = {(_family(value), value): value for value in categories}
        # One fraction would make floats of all categories of a column of pandas.
        self.are_whole = column.dtype == "category" and all(type(one) is int for one in categories)
        super().__init__(column)
        if column.form == WHOLE_NUMBERS:
            self.accepted |= {int}

    def array(self, values: Sequence[Any]) -> NDArray[Any]:
        """The categories as the model has them: 1 for a client's 1.0."""
        known = self.known
        if self.column.form == WHOLE_NUMBERS:
            values = [str(value) if type(value) is int else value for value in values]
        elif any(map(_may_be_rounded, values)):
            self._refuse(values, _may_be_rounded, lambda _: WRITE_AS_INTEGER)
        plain = MASKED.get(self.column.dtype, self.column.dtype)
        if plain in SINGLE:  # the category 0.1 is the float32 nearest to it
            single = SINGLE[plain]
            values = [None if value is None else single(value).item() for value in values]
        if self.are_whole:
            if any(map(_is_fraction, values)):
                self._refuse(values, _is_fraction, lambda _: "is not a whole number")
            values = [None if value is None else int(value) for value in values]
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
    """The JSON type of a value, because 1 equals True in Python."""
    return float if type(value) is int else type(value)


def _shown(bound: float) -> str:
    """A bound in few digits, unless it has to be exact."""
    return str(bound) if isinstance(bound, int) else f"{bound:.6g}"


def _is_fraction(value: Any) -> bool:
    """Whether a number is not an integer. Infinity is not one."""
    return type(value) is float and not value.is_integer()


def _may_be_rounded(value: Any) -> bool:
    """Whether an integer was written as a decimal so large that its last digits may be lost."""
    return type(value) is float and abs(value) >= MAX_EXACT["float64"]


def _is_rounded(value: Any, held: float) -> bool:
    """Whether a number is an integer that the column's type has changed."""
    if value is None or not (type(value) is int or float(value).is_integer()):
        return False
    return bool(value != held)


def _clipped(number: float | None) -> float:
    try:
        return np.nan if number is None else float(number)
    except OverflowError:
        return np.inf
