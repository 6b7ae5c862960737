"""Other spellings of a value that clients of MLflow and MLServer send, read without loss.

A spelling that would need a guess is refused, such as `"false"` or null for a boolean: MLflow and
MLServer read the first as true and the second as false.
"""

import codecs
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, request

from service.api.payloads import Columns
from service.model.signature import Input, Signature

BOOLEANS = {0: False, 1: True}
BOOLEAN_CELLS = {"0": False, "1": True, "0.0": False, "1.0": True}


def without_mark(content: bytes) -> bytes:
    """A body without a byte order mark."""
    return content.removeprefix(codecs.BOM_UTF8)


def booleans(columns: Columns, signature: Signature) -> Columns:
    """Exactly 0 and 1 as booleans, where the model takes those."""
    return _changed(columns, signature, _is_boolean, _boolean)


def cells(columns: Columns, signature: Signature) -> Columns:
    """Columns of CSV, with 0 and 1 as booleans."""
    return _changed(columns, signature, _is_boolean, _boolean_cell)


def add_slash(blueprint: Blueprint, rule: str) -> None:
    """Redirect a POST from the address with a slash at its end to the one without."""

    def without_slash(**_: str) -> Response:
        return Response(status=307, headers={"Location": quote(request.path.rstrip("/"))})

    blueprint.add_url_rule(f"{rule}/", f"{rule}/", without_slash, methods=["POST"])


def boolean(value: Any) -> Any:
    """A number that is exactly 0 or 1 as a boolean; anything else unchanged."""
    return BOOLEANS.get(value, value) if type(value) in (int, float) else value


def _changed(
    columns: Columns,
    signature: Signature,
    which: Callable[[Input], bool],
    change: Callable[[Sequence[Any], Input], list[Any]],
) -> Columns:
    changed = {
        one.name: change(columns.values[one.name], one)
        for one in signature.inputs
        if one.name in columns.values and which(one)
    }
    return Columns({**columns.values, **changed}, columns.pointer) if changed else columns


def _is_boolean(one: Input) -> bool:
    return one.kind == "boolean" or isinstance((one.categories or [None])[0], bool)


def _boolean(values: Sequence[Any], _: Input) -> list[Any]:
    return list(map(boolean, values))


def _boolean_cell(values: Sequence[Any], _: Input) -> list[Any]:
    return [BOOLEAN_CELLS.get(value, value) for value in values]
