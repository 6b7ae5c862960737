"""The marshmallow schema that a signature asks for: one field per column."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from marshmallow import RAISE, Schema, ValidationError
from numpy.typing import NDArray

from service.api.columns import FIELDS
from service.api.forms import Columns
from service.api.problems import MOST_ERRORS, Problem, pointer, unknown
from service.model.signature import Signature


class ColumnsSchema(Schema):
    """Base of the generated schemas: what is not an input is an error."""

    class Meta:
        unknown = RAISE


def build(signature: Signature) -> Schema:
    """The schema for columns as `forms` gives them.

    Attributes are numbered, because a column may be called `a.b` or `Meta`, which mean something
    else to marshmallow.
    """
    columns = {
        f"column_{i}": FIELDS[column.kind](column) for i, column in enumerate(signature.inputs)
    }
    return ColumnsSchema.from_dict(dict(columns), name="Columns")()


def check(schema: Schema, names: Sequence[str], columns: Columns) -> dict[str, NDArray[Any]]:
    """Arrays by name, all of shape (rows,); Problem 422 with a pointer to each fault otherwise."""
    arrays = _whole(schema, names, columns) or _loaded(schema, names, columns)
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


def _whole(
    schema: Schema, names: Sequence[str], columns: Columns
) -> dict[str, NDArray[Any]] | None:
    """The arrays if nothing is wrong: each field as `Schema.load` asks it, without the rest of it,
    which takes a few rows longer than their fields."""
    if len(columns.values) != len(names):
        return None
    fields = schema.load_fields.values()
    try:
        return {
            name: field.deserialize(columns.values[name])
            for name, field in zip(names, fields, strict=True)
        }
    except (KeyError, ValidationError):
        return None


def _loaded(schema: Schema, names: Sequence[str], columns: Columns) -> dict[str, NDArray[Any]]:
    """The arrays, or a Problem with all that is wrong."""
    try:
        loaded = schema.load(columns.values)
    except ValidationError as error:
        error.__traceback__ = None  # of which marshmallow's frame holds the error: a cycle
        faults = _faults(error.messages_dict, names, columns)
        raise Problem(
            422, "the input does not fit the model", list(islice(faults, MOST_ERRORS))
        ) from error
    return {name: loaded[f"column_{i}"] for i, name in enumerate(names)}


def _faults(
    messages: dict[str, Any], names: Sequence[str], columns: Columns
) -> Iterator[dict[str, str]]:
    given = {name: place for place, name in enumerate((*names, *columns.values))}
    for name, found in sorted(messages.items(), key=lambda item: given[item[0]]):
        if isinstance(found, dict):
            for row, details in found.items():
                yield {"pointer": columns.pointer(name, row), "detail": details[0]}
        else:
            detail = found[0] if name in names else unknown(name, names, "input")
            yield {"pointer": pointer(name), "detail": detail}
