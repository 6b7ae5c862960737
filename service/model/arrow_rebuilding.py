"""Read text that was pickled in Arrow's format, without pyarrow.

If pyarrow is installed, pandas 3 holds column names in Arrow's format. A model that was fitted with
pyarrow has such names, and the image that serves the model has no pyarrow.
https://arrow.apache.org/docs/format/Columnar.html#variable-size-binary-layout
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.model.pickled_tokens import refuse

OFFSETS = {"string": "<i4", "large_string": "<i8"}


def buffer(content: Any) -> bytes:
    """`pyarrow.lib.py_buffer`."""
    if type(content) not in (bytes, bytearray):
        raise refuse("a buffer of Arrow")
    return bytes(content)


def kind(name: Any) -> str:
    """`pyarrow.lib.type_for_alias`: the name of a type of text."""
    if type(name) is not str or name not in OFFSETS:
        raise refuse("a type of Arrow other than text")
    return name


def text(data: Any) -> NDArray[Any]:
    """`pyarrow.lib._restore_array`: an array of `str`, with None for null."""
    if type(data) is not tuple or len(data) != 7:
        raise refuse("an array of Arrow")
    name, length, _, start, buffers, *_ = data
    if kind(name) and (type(length), type(start), type(buffers)) != (int, int, list):
        raise refuse("an array of Arrow")
    if len(buffers) != 3 or length < 0 or start < 0:
        raise refuse("an array of Arrow")
    present, offsets, content = buffers
    if type(offsets) is not bytes or type(content) not in (bytes, type(None)):
        raise refuse("an array of Arrow")
    size = np.dtype(OFFSETS[name]).itemsize
    ends = np.frombuffer(offsets[: len(offsets) // size * size], OFFSETS[name])
    ends = ends[start : start + length + 1].tolist()
    if len(ends) != length + 1 or sorted(ends) != ends or not 0 <= ends[0] <= ends[-1]:
        raise refuse("an array of Arrow")
    if ends[-1] > len(content or b""):
        raise refuse("an array of Arrow")
    found = np.empty(length, dtype=object)
    for row in range(length):
        if present is None or buffer(present)[(start + row) // 8] >> (start + row) % 8 & 1:
            found[row] = (content or b"")[ends[row] : ends[row + 1]].decode()
    return found


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "pyarrow.lib.py_buffer": buffer,
    "pyarrow.lib.type_for_alias": kind,
    "pyarrow.lib._restore_array": text,
}
