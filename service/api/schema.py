"""The marshmallow schema that a signature asks for: one field per column, a column checked whole.

A field per number would cost seventeen times as much at 10,000 rows.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np
from marshmallow import RAISE, Schema, ValidationError, fields
from numpy.typing import NDArray

from service.api.forms import Columns
from service.api.problems import MOST_ERRORS, Problem, pointer, unknown
from service.model.signature import Input, Signature

NAMES_OF_TYPES = {
    bool: "a boolean",
    dict: "an object",
    list: "a list",
    str: "a string",
    type(None): "null",
}


class NumberColumn(fields.Field[NDArray[Any]]):
    """A list of numbers, to an array of shape (rows,) of the input's type."""

    default_error_messages = {"required": "is missing"}  # noqa: RUF012

    def __init__(self, column: Input) -> None:
        super().__init__(required=True, data_key=column.name)
        self.column = column

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> NDArray[Any]:
        if not set(map(type, value)) <= {int, float}:
            raise ValidationError(dict(islice(_not_numbers(value), MOST_ERRORS)))
        try:
            array = np.array(value, dtype=np.float64)
        except OverflowError:  # an integer beyond float64
            array = np.array([_clipped(number) for number in value], dtype=np.float64)
        fits = np.abs(array) <= self.column.limit
        if not fits.all():
            message = [f"is too large, at most {self.column.limit:g} in magnitude works"]
            rows = np.flatnonzero(~fits)[:MOST_ERRORS]
            raise ValidationError(dict.fromkeys(rows.tolist(), message))
        return array.astype(self.column.dtype, copy=False)


class ColumnsSchema(Schema):
    """Base of the generated schemas: what is not an input is an error."""

    class Meta:
        unknown = RAISE


def build(signature: Signature) -> Schema:
    """The schema for columns as `forms` gives them.

    Attributes are numbered, because a column may be called `a.b` or `Meta`, which mean something
    else to marshmallow.
    """
    columns = {f"column_{i}": NumberColumn(column) for i, column in enumerate(signature.inputs)}
    return ColumnsSchema.from_dict(dict(columns), name="Columns")()


def check(schema: Schema, names: Sequence[str], columns: Columns) -> dict[str, NDArray[Any]]:
    """Arrays by name, all of shape (rows,); Problem 422 with a pointer to each fault otherwise."""
    try:
        loaded = schema.load(columns.values)
    except ValidationError as error:
        faults = _faults(error.messages_dict, names, columns)
        raise Problem(
            422, "the input does not fit the model", list(islice(faults, MOST_ERRORS))
        ) from error
    arrays = {name: loaded[f"column_{i}"] for i, name in enumerate(names)}
    rows = len(arrays[names[0]])
    errors = [
        {
            "pointer": pointer(name),
            "detail": f"has {len(array)} rows, {names[0]} has {rows}",
        }
        for name, array in arrays.items()
        if len(array) != rows
    ]
    if errors:
        raise Problem(422, "the columns are not equally long", errors[:MOST_ERRORS])
    return arrays


def _faults(
    messages: dict[str, Any], names: Sequence[str], columns: Columns
) -> Iterator[dict[str, str]]:
    for name, found in messages.items():
        if isinstance(found, dict):
            for row, details in found.items():
                yield {"pointer": columns.pointer(name, row), "detail": details[0]}
        else:
            detail = found[0] if name in names else unknown(name, names, "input")
            yield {"pointer": pointer(name), "detail": detail}


def _not_numbers(values: Sequence[Any]) -> Iterator[tuple[int, list[str]]]:
    for row, value in enumerate(values):
        if type(value) not in (int, float):
            yield row, [f"is {NAMES_OF_TYPES[type(value)]}, not a number"]


def _clipped(number: float) -> float:
    try:
        return float(number)
    except OverflowError:
        return np.inf
