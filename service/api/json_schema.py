"""Request and response bodies of `/predict` as JSON Schema, for the model of a signature."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from service.api.details import TOP, why_no_top
from service.api.payloads import INSTANCES
from service.model.signature import WHOLE_NUMBERS, Input, Output, Signature, has_zone, takes_strings

Shape = dict[str, Any]
Columns = Mapping[str, Sequence[Any]]  # of example rows

MOMENTS = ("date", "datetime")
JSON_TYPES = {bool: "boolean", int: "integer", float: "number", str: "string"}
TYPES = {
    "number": "number",
    "integer": "integer",
    "boolean": "boolean",
    "text": "string",
    "category": "string",
    "date": "string",
    "datetime": "string",
}
# A time of ISO 8601 without a time zone; the format `date-time` of JSON Schema requires one.
LOCAL_TIME = r"^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?)?$"


def ref(name: str) -> Shape:
    """The schema of this name, among the components."""
    return {"$ref": f"#/components/schemas/{name}"}


def of_input(one: Input) -> Shape:
    """One value of an input."""
    shape: Shape = {"title": one.name}
    if one.categories and one.closed:
        shape["enum"] = [*one.categories, *([None] if one.nullable else [])]
        return shape
    kinds = [TYPES[one.kind]]
    if one.categories:
        kinds = list(dict.fromkeys(JSON_TYPES[type(value)] for value in one.categories))
    if one.form == WHOLE_NUMBERS:
        kinds.append("integer")
    kinds += ["null"] if one.nullable else []
    shape["type"] = kinds if len(kinds) > 1 else kinds[0]
    if one.kind in MOMENTS:
        return shape | _moment(one)
    if one.lowest is not None and one.highest is not None:
        shape |= {"minimum": one.lowest, "maximum": one.highest}
    if one.minimum is not None and one.maximum is not None:
        shape["description"] = (
            f"From {one.minimum:.6g} to {one.maximum:.6g} in the sample that the model was packed "
            "with. Values outside are accepted, but the model may not have been trained on such."
        )
    if one.categories:
        shape["examples"] = list(one.categories)
        shape["description"] = (
            "The examples are those of the sample that the model was packed with. "
            "Others are accepted."
        )
    return shape


def _moment(one: Input) -> Shape:
    """Format and description of dates and times."""
    shape: Shape = {"format": "date"}
    description = "A date of ISO 8601."
    if one.kind == "datetime" and has_zone(one):
        shape = {"format": "date-time"}
        description = "A date and time of RFC 3339, with a time zone."
    elif one.kind == "datetime":
        shape = {"format": "date-time-local", "pattern": LOCAL_TIME}
        description = (
            "A date and time of ISO 8601, without a time zone: the local time of the model's rows."
        )
    if one.earliest is not None:
        description += (
            f" From {one.earliest} to {one.latest} in the sample that the model was packed with."
        )
        description += " Others are accepted, but the model may not have been trained on such."
    return shape | {"description": description}


def column(one: Input, value: Shape, rows: int) -> Shape:
    """A column in each of its forms; `value` is the schema of one value."""
    values = {"type": "array", "items": value, "minItems": 1, "maxItems": rows}
    forms = [values, value]
    if one.closed or not takes_strings(one):  # otherwise a string in brackets is a value
        in_string = {
            "description": "A JSON list of values in a string",
            "type": "string",
            "pattern": r"^\s*\[",
            "contentMediaType": "application/json",
            "contentSchema": values,
        }
        forms.append(in_string)
    return {"anyOf": forms}


def in_rows(signature: Signature, rows: int, extra: bool) -> dict[str, Shape]:
    """A JSON body of rows, named and in order; `extra` is whether other names are ignored."""
    values = [ref(input_name(place)) for place in range(len(signature.inputs))]
    named = {
        "type": "object",
        "properties": dict(zip(signature.names, values, strict=True)),
        "required": list(signature.names),
        "additionalProperties": extra,
    }
    width = len(values)
    ordered = {"type": "array", "prefixItems": values, "minItems": width, "maxItems": width}
    found = {"named-rows": _instances(named, rows), "ordered-rows": _instances(ordered, rows)}
    forms = [named, ordered]
    if width == 1:  # the values themselves are rows, too
        found["single-values"] = _instances(values[0], rows)
        forms.append(values[0])
    return {**found, "list": {"anyOf": [_array(form, rows) for form in forms]}}


def input_name(place: int) -> str:
    """The name of the component for the input at this place.

    The input's own name may have characters that names of components cannot have.
    """
    return f"input-{place}"


def examples(columns: Columns) -> dict[str, Shape]:
    """Example requests, one in each form."""
    rows = list(zip(*columns.values(), strict=True))
    shown: dict[str, Any] = {
        "columns": {**columns},
        "one row": dict(zip(columns, rows[0], strict=True)),
    }
    shown["named rows"] = {INSTANCES: [dict(zip(columns, row, strict=True)) for row in rows]}
    shown["ordered rows"] = {INSTANCES: [list(row) for row in rows]}
    shown["list"] = shown["named rows"][INSTANCES]
    return {name: {"value": value} for name, value in shown.items()}


def table(columns: Columns) -> str:
    """The example as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for row in zip(*columns.values(), strict=True):
        writer.writerow([str(cell).lower() if isinstance(cell, bool) else cell for cell in row])
    return text.getvalue()


def answer(signature: Signature, echo: bool = False) -> Shape:
    """The response of a prediction: one value per row for each output, by name.

    With `echo` it also has columns of the request.
    """
    outputs = signature.outputs
    properties = {one.name: _list(_value_of(one), "One for each row") for one in outputs}
    shape: Shape = {
        "type": "object",
        "properties": properties,
        "required": [one.name for one in outputs],
    }
    if echo:
        plain: Shape = {"type": ["string", "number", "boolean", "null"]}
        shape["additionalProperties"] = _list(plain, "A column that the model does not take")
    kind = signature.confidence
    if kind is None:
        return shape
    confidences = [_list(_confidence(one), f"The {kind} of each row") for one in outputs]
    properties[kind] = confidences[0] if len(outputs) == 1 else _by_name(outputs, confidences)
    if any(one.labels for one in outputs):
        labels: list[Shape] = [{"const": list(one.labels or ())} for one in outputs]
        properties["labels"] = labels[0] if len(outputs) == 1 else _by_name(outputs, labels)
        shape["dependentRequired"] = {kind: ["labels"], "labels": [kind]}
    if why_no_top(signature) is None:
        ranked = [_ranked(one) for one in outputs]
        properties[TOP] = ranked[0] if len(outputs) == 1 else _by_name(outputs, ranked)
    return shape


def _instances(row: Shape, rows: int) -> Shape:
    return {
        "type": "object",
        "properties": {INSTANCES: _array(row, rows)},
        "required": [INSTANCES],
        "additionalProperties": False,
    }


def _array(items: Shape, rows: int) -> Shape:
    return {"type": "array", "items": items, "minItems": 1, "maxItems": rows}


def _value_of(one: Output) -> Shape:
    return {"enum": list(one.labels)} if one.labels else {"type": TYPES[one.kind]}


def _confidence(one: Output) -> Shape:
    each: Shape = {"type": "number"}
    if one.confidence == "probabilities":
        if not one.labels:  # multi-label: one number per label
            return each
        count = len(one.labels)
        return {"type": "array", "items": each, "minItems": count, "maxItems": count}
    return {"type": ["number", "array"], "items": {"type": "number"}}


def _ranked(one: Output) -> Shape:
    """The most probable labels, for ?top=K."""
    labels = one.labels or ()
    row: Shape = {"type": "array", "minItems": 1, "maxItems": len(labels)}
    about = "of each row, the most probable first"
    properties = {
        "labels": _list({**row, "items": _value_of(one)}, f"The labels {about}"),
        "probabilities": _list({**row, "items": {"type": "number"}}, f"Those {about}"),
    }
    return {"type": "object", "properties": properties, "required": [*properties]}


def _list(items: Shape, description: str) -> Shape:
    return {"type": "array", "items": items, "minItems": 1, "description": description}


def _by_name(outputs: Sequence[Output], shapes: Sequence[Shape]) -> Shape:
    names = [one.name for one in outputs]
    return {
        "type": "object",
        "properties": dict(zip(names, shapes, strict=True)),
        "required": names,
    }
