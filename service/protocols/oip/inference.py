"""Parses an inference request: columns for the model, and the wanted outputs.

The request has one input per column, with its name, of shape [rows] or [rows, 1]; or one input of
any name for all columns, of shape [rows, columns], in the model's order.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from service.api.details import TOP, Details, read_top
from service.api.parse import PayloadLimits
from service.api.payloads import Columns
from service.api.problems import MAX_ERRORS, unknown
from service.model.signature import Input, Signature, empty_cell, takes_strings
from service.protocols import lossless
from service.protocols.oip.metadata import datatype_of
from service.protocols.oip.outputs import Offered, Wanted
from service.protocols.oip.tensors import BYTES, FLOATS, Raw, Tensor, bad, parameters, read

MAX_ID_CHARACTERS = 256


@dataclass(frozen=True, slots=True)
class InferenceRequest:
    """One request. `id` is the client's id of it, or empty."""

    id: str
    columns: Columns
    outputs: list[Wanted]
    details: Details


def parse(
    payload: Any,
    raw: Raw,
    signature: Signature,
    limits: PayloadLimits,
    offered: Mapping[str, Offered],
) -> InferenceRequest:
    """Parse a request; Problem 400 if it is invalid."""
    if not isinstance(payload, dict):
        raise bad("", "must be an object")
    name = payload.get("id", "")
    if not isinstance(name, str) or len(name) > MAX_ID_CHARACTERS or not name.isprintable():
        raise bad("/id", f"must be a string of at most {MAX_ID_CHARACTERS} printable characters")
    given_parameters = parameters(payload, "")
    outputs = _outputs(
        payload.get("outputs"), _is_true(given_parameters, "binary_data_output", ""), offered
    )
    details = _details(given_parameters, outputs, signature)
    given, width = payload.get("inputs"), len(signature.inputs)
    if not isinstance(given, list):
        raise bad("/inputs", "must be a list of tensors")
    if len(given) > width + MAX_ERRORS:
        raise bad("/inputs", f"there are {len(given)}, the model takes {width}")
    tensors = [
        read(one, raw, f"/inputs/{place}", limits.rows, width) for place, one in enumerate(given)
    ]
    if raw.left:
        raise bad("/inputs", f"{len(raw.left)} bytes after the JSON belong to no tensor")
    columns = lossless.booleans(_columns(tensors, signature), signature)
    return InferenceRequest(name, columns, outputs, details)


def _columns(tensors: list[Tensor], signature: Signature) -> Columns:
    if len(tensors) == 1 and _is_whole(tensors[0], signature):
        return _split(tensors[0], signature)
    inputs = {column.name: column for column in signature.inputs}
    values = {}
    for place, tensor in enumerate(tensors):
        if tensor.name in values:
            raise bad(f"/inputs/{place}/name", "another input has the same name")
        if len(tensor.values) != tensor.shape[0]:
            raise bad(f"/inputs/{place}/shape", "must be [rows, 1] where there are other inputs")
        values[tensor.name] = _with_nulls(tensor, tensor.values, inputs.get(tensor.name))
    return Columns(values)


def _is_whole(tensor: Tensor, signature: Signature) -> bool:
    """Whether a single tensor has all columns; its name is ignored."""
    width = len(signature.inputs)
    return width == 1 or tensor.shape[1:] == (width,)


def _split(tensor: Tensor, signature: Signature) -> Columns:
    families = {_family(datatype_of(column)) for column in signature.inputs}
    if len(families) > 1:
        names = ", ".join(signature.names)
        raise bad("/inputs/0", f"one tensor cannot have these columns; send one for each: {names}")
    width = len(signature.inputs)
    return Columns(
        {
            column.name: _with_nulls(tensor, tensor.values[place::width], column)
            for place, column in enumerate(signature.inputs)
        }
    )


def _family(datatype: str) -> str:
    """The datatype whose tensor can have such a column: all numbers can share one."""
    return datatype if datatype in (BYTES, "BOOL") else next(iter(FLOATS))


def _with_nulls(tensor: Tensor, values: list[Any], column: Input | None) -> list[Any]:
    """Values with null for empty strings of binary data, because BYTES has no null there.

    As in CSV: if the input accepts null, and the model did not learn the empty string.
    """
    if not tensor.binary or tensor.datatype != BYTES or column is None or not column.nullable:
        return values
    if not takes_strings(column) or empty_cell(column) == "":
        return values
    return [value or None for value in values]


def _outputs(given: Any, binary: bool, offered: Mapping[str, Offered]) -> list[Wanted]:
    if given is None or given == []:
        return [Wanted(name, one, binary) for name, one in offered.items() if one.by_default]
    if not isinstance(given, list):
        raise bad("/outputs", "must be a list")
    wanted: dict[str, Wanted] = {}
    for number, one in enumerate(given):
        place = f"/outputs/{number}"
        name = one.get("name") if isinstance(one, dict) else None
        if not isinstance(name, str):
            raise bad(place, "must be an object with a name")
        if name not in offered:
            raise bad(f"{place}/name", unknown(name, offered, "output"))
        if name in wanted:
            raise bad(f"{place}/name", "is requested more than once")
        given_parameters = parameters(one, place)
        if given_parameters.get("classification"):
            raise bad(f"{place}/parameters/classification", "is not supported: ask for labels")
        wanted[name] = Wanted(
            name, offered[name], _is_true(given_parameters, "binary_data", place, binary)
        )
    return list(wanted.values())


def _details(
    given_parameters: Mapping[str, Any], outputs: list[Wanted], signature: Signature
) -> Details:
    """What the outputs need of the model besides predictions."""
    confident = any(one.offered.confident for one in outputs)
    if not any(one.offered.ranked for one in outputs):
        return Details(confidence=confident)
    if confident:
        raise bad("/outputs", "all probabilities or labels and the top ones need two requests")
    try:
        return Details(top=read_top(given_parameters.get(TOP), signature))
    except ValueError as error:
        raise bad(f"/parameters/{TOP}", str(error)) from error


def _is_true(
    given_parameters: Mapping[str, Any], name: str, place: str, default: bool = False
) -> bool:
    value = given_parameters.get(name, default)
    if not isinstance(value, bool):
        raise bad(f"{place}/parameters/{name}", "must be true or false")
    return value
