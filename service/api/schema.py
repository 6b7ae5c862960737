"""The marshmallow schema of a signature: one field per column."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from marshmallow import RAISE, Schema, ValidationError
from numpy.typing import NDArray

from service.api.fields import FIELDS
from service.api.payloads import Columns
from service.api.problems import MAX_ERRORS, Problem, pointer, unknown
from service.model.signature import Signature


class ColumnsSchema(Schema):
    """Base of the generated schemas. A column that is not an input is an error."""

    class Meta:
        unknown = RAISE


def build(signature: Signature) -> Schema:
    """The schema for columns from `payloads`.

    Attributes are numbered, because names such as `a.b` or `Meta` have a meaning in marshmallow.
    """
    columns = {
        f"column_{i}": FIELDS[column.kind](column) for i, column in enumerate(signature.inputs)
    }
    return ColumnsSchema.from_dict(dict(columns), name="Columns")()


def check(schema: Schema, names: Sequence[str], columns: Columns) -> dict[str, NDArray[Any]]:
    """Arrays of shape (rows,) by name; Problem 422 with a pointer to each fault."""
    arrays = _load_fast(schema, names, columns) or _load(schema, names, columns)
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
        raise Problem(422, "the columns are not equally long", errors[:MAX_ERRORS])
    return arrays


def _load_fast(
    schema: Schema, names: Sequence[str], columns: Columns
) -> dict[str, NDArray[Any]] | None:
    """The arrays if all columns are valid: the fields without `Schema.load`, whose own work takes
    longer than the fields of a few rows."""
    if len(columns.values) != len(names):
        return None
    fields = schema.load_fields.values()
    try:
        return {
            name: field._deserialize(columns.values[name], None, None)
            for name, field in zip(names, fields, strict=True)
        }
    except (KeyError, ValidationError):
        return None


def _load(schema: Schema, names: Sequence[str], columns: Columns) -> dict[str, NDArray[Any]]:
    """The arrays; Problem with all faults."""
    try:
        loaded = schema.load(columns.values)
    except ValidationError as error:
        error.__traceback__ = None  # marshmallow's frame in it has the error: a reference cycle
        faults = _faults(error.messages_dict, names, columns)
        raise Problem(
            422, "the input does not fit the model", list(islice(faults, MAX_ERRORS))
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
