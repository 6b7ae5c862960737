"""Reads JSON text into frozen dataclasses, and refuses every value of another type.

`read` checks each value against the annotations of the dataclass, so an edited file is refused in
one line and causes no other error later. Errors have the place of the value (`seconds/1000`) and
its type, never the value itself.
"""

import json
import math
import sys
import types
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

MAX_DEPTH = 32  # levels of nested arrays and objects
MAX_NAME_CHARACTERS = 80  # of a name in an error
NAMES = {
    type(None): "null",
    bool: "a boolean",
    int: "an integer",
    float: "a number",
    str: "a string",
    list: "an array",
    dict: "an object",
}
Record = TypeVar("Record")


class ShapeError(ValueError):
    """A value does not have the declared type; the message has its place."""


def parse(text: str) -> Any:
    """Parse strict JSON; ValueError otherwise.

    Python's parser accepts NaN, duplicate keys, numbers beyond the range of float64, lone
    surrogates and any depth. Each of these is refused here.
    """
    try:
        values = json.loads(
            text, object_pairs_hook=_object, parse_constant=_constant, parse_float=_finite
        )
        json.dumps(values, ensure_ascii=False).encode()  # a lone surrogate cannot be encoded
        _check_depth(values)
    except RecursionError as error:
        raise ValueError(f"is nested more than {MAX_DEPTH} levels deep") from error
    return values


def read(kind: type[Record], values: object) -> Record:
    """An instance of a dataclass from plain values; ShapeError names the wrong value."""
    record: Record = _record(kind, values, "")
    return record


def inside(place: str, name: str) -> str:
    """The place of a member, with its name on one line and of limited length."""
    shown = name if name.isprintable() else json.dumps(name)
    return f"{place}/{shown[:MAX_NAME_CHARACTERS]}" if place else shown[:MAX_NAME_CHARACTERS]


def _record(kind: Any, value: object, place: str) -> Any:
    if not isinstance(value, dict):
        raise _wrong(place, value, "an object")
    hints = _hints(kind)
    unknown = value.keys() - hints.keys()
    if unknown:
        raise ShapeError(f"{inside(place, min(unknown))} is unknown")
    required = {
        one.name
        for one in fields(kind)
        if one.default is MISSING and one.default_factory is MISSING
    }
    missing = required - value.keys()
    if missing:
        raise ShapeError(f"{inside(place, min(missing))} is missing")
    return kind(
        **{name: _value(hints[name], one, inside(place, name)) for name, one in value.items()}
    )


def _value(kind: Any, value: object, place: str) -> Any:
    """The value converted to the annotation `kind`: arrays of JSON become tuples."""
    if kind is Any:
        return value
    if is_dataclass(kind):
        return _record(kind, value, place)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return _one_of(arguments, value, place)
    if origin is Literal:
        if not (isinstance(value, str) and value in arguments):
            raise ShapeError(f"{place} is not one of {', '.join(arguments)}")
        return value
    if origin in (tuple, list):
        if not isinstance(value, list):
            raise _wrong(place, value, "an array")
        return origin(_value(arguments[0], one, f"{place}/{at}") for at, one in enumerate(value))
    if origin is Mapping:
        if not isinstance(value, dict):
            raise _wrong(place, value, "an object")
        return {name: _value(arguments[1], one, inside(place, name)) for name, one in value.items()}
    return _scalar(kind, value, place)


def _scalar(kind: type, value: object, place: str) -> Any:
    if kind is float and type(value) is int:
        if abs(value) > sys.float_info.max:
            raise ShapeError(f"{place} is too large")
        return value
    if type(value) is not kind:
        raise _wrong(place, value, NAMES[kind])
    return value


def _one_of(kinds: Sequence[Any], value: object, place: str) -> Any:
    """The value as the first of these types that matches."""
    if value is None and type(None) in kinds:
        return None
    first, *others = (kind for kind in kinds if kind is not type(None))
    if not others:
        return _value(first, value, place)
    for kind in (first, *others):
        try:
            return _value(kind, value, place)
        except ShapeError:
            continue
    raise _wrong(place, value, " or ".join(NAMES[kind] for kind in (first, *others)))


def _wrong(place: str, value: object, wanted: str) -> ShapeError:
    return ShapeError(f"{place or 'the whole'} is {NAMES[type(value)]}, not {wanted}")


@cache
def _hints(kind: type) -> Mapping[str, Any]:
    return get_type_hints(kind)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"has the key {json.dumps(twice)[:MAX_NAME_CHARACTERS]} twice")
    return values


def _constant(name: str) -> float:
    raise ValueError(f"has {name}, which is not a number of JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("has a number beyond the range of float64")
    return value


def _check_depth(value: Any, depth: int = 0) -> None:
    if depth > MAX_DEPTH:
        raise ValueError(f"is nested more than {MAX_DEPTH} levels deep")
    if isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            _check_depth(one, depth + 1)
