"""Read UBJSON, in which XGBoost keeps its models: its own reader does not check lengths.

Only the subset that XGBoost writes is accepted (`UBJReader` in its src/common/json.cc): lengths are
`L`, 64-bit integers in network byte order; arrays have a count.
See https://ubjson.org/ and https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html.
"""

from typing import Any

import numpy as np

MAX_DEPTH = 32  # objects and arrays inside each other; XGBoost's models have 8
NUMBERS = {
    ord(marker): np.dtype(form)
    for marker, form in (
        ("i", "i1"),
        ("U", "u1"),
        ("I", ">i2"),
        ("l", ">i4"),
        ("L", ">i8"),
        ("d", ">f4"),
        ("D", ">f8"),
    )
}
CONSTANTS = {ord("Z"): None, ord("T"): True, ord("F"): False}
LENGTH, TEXT, OBJECT, END, ARRAY, TYPE, COUNT = b"LS{}[$#"


def loads(content: bytes | bytearray) -> Any:
    """The decoded value, with NumPy's arrays for arrays of one type; ValueError if damaged."""
    content = bytes(content)
    try:
        value, end = _value(content, 0, 0)
    except IndexError:
        raise ValueError("it ends within a value") from None
    if end != len(content):
        raise ValueError("bytes follow its end")
    return value


def _value(content: bytes, place: int, depth: int) -> tuple[Any, int]:
    """A value, and where the next one begins; IndexError if the bytes end before."""
    marker = content[place]
    place += 1
    if marker == TEXT:
        return _text(content, place)
    if marker in (OBJECT, ARRAY):
        if depth == MAX_DEPTH:
            raise ValueError(f"objects and arrays are more than {MAX_DEPTH} levels deep")
        return (_object if marker == OBJECT else _array)(content, place, depth + 1)
    if marker in NUMBERS:
        values, place = _numbers(content, place, NUMBERS[marker], 1)
        return values[0].item(), place
    if marker in CONSTANTS:
        return CONSTANTS[marker], place
    raise ValueError(f"byte {place - 1} is not the type of a value")


def _object(content: bytes, place: int, depth: int) -> tuple[dict[str, Any], int]:
    made: dict[str, Any] = {}
    while content[place] != END:
        key, place = _text(content, place)
        if key in made:
            raise ValueError(f"the key {key[:100]} is there twice")
        made[key], place = _value(content, place, depth)
    return made, place + 1


def _array(content: bytes, place: int, depth: int) -> tuple[Any, int]:
    form = None
    if content[place] == TYPE:
        form = NUMBERS.get(content[place + 1])
        if form is None:
            raise ValueError(f"byte {place + 1} is not the type of an array")
        place += 2
    if content[place] != COUNT:
        raise ValueError(f"an array without a count at byte {place}")
    count, place = _length(content, place + 1)
    if form is not None:
        return _numbers(content, place, form, count)
    made = []
    for _ in range(count):
        value, place = _value(content, place, depth)
        made.append(value)
    return made, place


def _numbers(
    content: bytes, place: int, form: np.dtype[Any], count: int
) -> tuple[np.ndarray[Any, Any], int]:
    end = place + count * form.itemsize
    if end > len(content):
        raise IndexError
    return np.frombuffer(content, form, count, place), end


def _text(content: bytes, place: int) -> tuple[str, int]:
    length, place = _length(content, place)
    if place + length > len(content):
        raise IndexError
    return content[place : place + length].decode(), place + length


def _length(content: bytes, place: int) -> tuple[int, int]:
    if content[place] != LENGTH:
        raise ValueError(f"no length at byte {place}")
    if place + 9 > len(content):
        raise IndexError
    length = int.from_bytes(content[place + 1 : place + 9], signed=True)
    if length < 0:
        raise ValueError(f"a negative length at byte {place}")
    return length, place + 9
