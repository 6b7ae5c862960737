"""Converts a tensor of a request to plain values. Shape, datatype and data must agree.

No memory is allocated by a size that the client claims.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from service.api.fields import NAMES_OF_TYPES
from service.api.problems import Problem
from service.protocols import lossless

BYTES = "BYTES"
INTEGERS = {f"{sign}INT{bits}": f"<{sign.lower() or 'i'}{bits // 8}"
            for sign in ("", "U") for bits in (8, 16, 32, 64)}  # fmt: skip
FLOATS = {"FP16": "<f2", "FP32": "<f4", "FP64": "<f8"}
NUMPY = {"BOOL": "u1", **INTEGERS, **FLOATS}  # little-endian, as in the protocol
PLAIN: Mapping[str, set[type]] = {
    "BOOL": {bool},
    BYTES: {str},
    **{name: {int} for name in INTEGERS},
    **{name: {int, float} for name in FLOATS},
}
SIZE = "binary_data_size"
LENGTH = re.compile(r"\d{1,12}", re.ASCII)
PREFIX_BYTES = 4  # the length of a string


@dataclass(frozen=True, slots=True)
class Tensor:
    """Values row by row, with None for null. `shape` is (rows,) or (rows, columns).

    `binary` data came after the JSON.
    """

    name: str
    datatype: str
    shape: tuple[int, ...]
    values: list[Any]
    binary: bool


class Raw:
    """The binary data after the JSON of a request. Each tensor takes its bytes in order."""

    def __init__(self, content: bytes) -> None:
        self.left = memoryview(content)

    def take(self, size: Any, place: str) -> bytes:
        """The next `size` bytes; Problem 400 if fewer are left."""
        if type(size) is not int or not 0 <= size <= len(self.left):
            fault = f"must be a number of bytes; {len(self.left)} are left after the JSON"
            raise bad(f"{place}/parameters/{SIZE}", fault)
        taken, self.left = self.left[:size], self.left[size:]
        return bytes(taken)


def bad(place: str, detail: str) -> Problem:
    """Problem 400 for an invalid request; `place` is a JSON Pointer."""
    fault = {"pointer": place, "detail": detail}
    return Problem(400, "this is not a valid inference request", [fault])


def split(content: bytes, length: str | None) -> tuple[bytes, Raw]:
    """The JSON of a body, and the bytes after it. `length` is the value of the header, or None."""
    if length is None:
        return content, Raw(b"")
    if not LENGTH.fullmatch(length) or int(length) > len(content):
        fault = f"must be a number of bytes, at most the {len(content)} of the body"
        raise Problem(400, f"Inference-Header-Content-Length {fault}")
    return content[: int(length)], Raw(content[int(length) :])


def parameters(of: Mapping[str, Any], place: str) -> Mapping[str, Any]:
    """The parameters of a request, or of one of its tensors."""
    found = of.get("parameters")
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise bad(f"{place}/parameters", "must be an object")
    if any(name.startswith("shared_memory") for name in found):
        raise bad(f"{place}/parameters", "shared memory is not supported: send the data itself")
    if found.get("content_type") == "base64":
        raise bad(
            f"{place}/parameters/content_type", "base64 is not supported: send the text itself"
        )
    return found


def read(given: Any, raw: Raw, place: str, most_rows: int, width: int) -> Tensor:
    """The tensor at this place; Problem 400 if its parts do not agree."""
    if not isinstance(given, dict):
        raise bad(place, "must be an object")
    name, datatype = given.get("name"), given.get("datatype")
    if not isinstance(name, str):
        raise bad(f"{place}/name", "must be a string")
    if not isinstance(datatype, str) or datatype not in PLAIN:
        raise bad(f"{place}/datatype", f"must be one of {', '.join(PLAIN)}")
    shape = _shape(given.get("shape"), f"{place}/shape", most_rows, width)
    given_parameters = parameters(given, place)
    if (SIZE in given_parameters) == ("data" in given):
        raise bad(place, f"must have either data or the parameter {SIZE}")
    if SIZE in given_parameters:
        values = _from_bytes(raw.take(given_parameters[SIZE], place), shape, datatype, place)
    else:
        values = _from_json(given["data"], shape, datatype, f"{place}/data")
    return Tensor(name, datatype, shape, values, SIZE in given_parameters)


def _shape(given: Any, place: str, most_rows: int, width: int) -> tuple[int, ...]:
    if not isinstance(given, list) or not 1 <= len(given) <= 2:
        raise bad(place, "must be [rows] or [rows, columns]")
    if any(type(one) is not int or not 0 <= one < 2**64 for one in given):
        raise bad(place, "must hold whole numbers of 64 bits, none below 0")
    rows, columns = given[0], given[-1] if len(given) > 1 else 1
    if rows == 0:
        raise bad(place, "there are no rows")
    if rows > most_rows:
        raise bad(place, f"one request may have {most_rows} rows, not {rows}")
    if columns not in (1, width):
        raise bad(place, f"has {columns} columns, the model takes {width}")
    return tuple(given)


def _from_json(data: Any, shape: tuple[int, ...], datatype: str, place: str) -> list[Any]:
    if not isinstance(data, list):
        raise bad(place, "must be a list")
    values = data
    if data and isinstance(data[0], list):
        if len(shape) < 2 or not all(type(row) is list and len(row) == shape[1] for row in data):
            raise bad(place, f"is nested otherwise than the shape {list(shape)}")
        values = list(chain.from_iterable(data))
    count = int(np.prod(shape))
    if len(values) != count:
        raise bad(place, f"holds {len(values)} values, the shape {list(shape)} has {count}")
    if datatype == "BOOL":
        values = list(map(lossless.boolean, values))
    passing = PLAIN[datatype] | {type(None)}
    if not set(map(type, values)) <= passing:
        at, value = next((i, v) for i, v in enumerate(values) if type(v) not in passing)
        kind = NAMES_OF_TYPES[type(value)]
        raise bad(place, f"value {at} is {kind} that is no {datatype}")
    if datatype in INTEGERS:
        limits = np.iinfo(NUMPY[datatype])
        low, high = int(limits.min), int(limits.max)
        if not all(low <= value <= high for value in values if value is not None):
            raise bad(place, f"holds numbers beyond {datatype}, which is from {low} to {high}")
    return values


def _from_bytes(content: bytes, shape: tuple[int, ...], datatype: str, place: str) -> list[Any]:
    count = int(np.prod(shape))
    if datatype == BYTES:
        return _strings(content, count, place)
    kind = np.dtype(NUMPY[datatype])
    if len(content) != count * kind.itemsize:
        wanted = f"{count} values of {datatype} are {count * kind.itemsize} bytes"
        raise bad(place, f"{wanted}, {SIZE} is {len(content)}")
    array = np.frombuffer(content, kind)
    if datatype == "BOOL":
        if (array > 1).any():
            raise bad(place, "a byte of BOOL must be 0 or 1")
        array = array.astype(bool)
    values: list[Any] = array.tolist()
    if datatype in FLOATS and np.isnan(array).any():
        return [None if value != value else value for value in values]  # NaN is our null
    return values


def _strings(content: bytes, count: int, place: str) -> list[str]:
    values, start = [], 0
    for number in range(count):
        end = start + PREFIX_BYTES
        start, end = end, end + int.from_bytes(content[start:end], "little")
        if end > len(content):
            raise bad(place, f"the bytes end before value {number} of {count} does")
        try:
            values.append(content[start:end].decode())
        except UnicodeDecodeError as error:
            raise bad(place, f"value {number} is not UTF-8") from error
        start = end
    if start != len(content):
        raise bad(place, f"{len(content) - start} bytes follow the last value")
    return values
