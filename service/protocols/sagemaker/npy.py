"""Reads columns from NumPy's file format, NPY, and writes predictions: numbers and text, never
pickles.

https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
"""

import io
import math
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from service.api import payloads
from service.api.parse import unparsable
from service.api.payloads import Columns
from service.api.positional_rows import check_width
from service.api.problems import Problem, pointer
from service.model.signature import Input, Signature
from service.protocols import lossless

HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
MAX_HEADER_CHARACTERS = 1000
KINDS = "biufU"  # kinds of NumPy's types: booleans, numbers, text
MAX_NUMBER_BYTES = 8


def read(content: bytes, signature: Signature, max_rows: int) -> Columns:
    """The columns of an array of one or two dimensions; Problem 400 or 422 if invalid.

    Number and size of the values are checked before the values are read.
    """
    file = io.BytesIO(content)
    try:
        header = HEADERS[npy.read_magic(file)]
        shape, is_fortran, dtype = header(file, max_header_size=MAX_HEADER_CHARACTERS)
    except Exception as error:  # a header is a Python expression: its parser raises many exceptions
        raise unparsable("it has no header that can be read", "NPY") from error
    if not _is_taken(dtype):
        detail = f"has values of type {str(dtype)[:40]}: send numbers, booleans or text"
        raise _misfit(detail)
    width = len(signature.inputs)
    if len(shape) == 1:
        shape = (shape[0], 1) if width == 1 else (1, shape[0])
    if len(shape) != 2 or min(shape) < 0:
        raise _misfit(f"has {len(shape)} dimensions: send one or two")
    rows, columns = map(int, shape)
    check_width(columns, signature, "")
    payloads.check_rows(rows, max_rows)
    size, wanted = len(content) - file.tell(), rows * columns * dtype.itemsize
    if size != wanted:
        raise unparsable(f"it has {size} bytes of values, its header announces {wanted}", "NPY")
    if dtype.kind == "U":  # NumPy does not check, and Python would raise SystemError
        points = np.frombuffer(
            content, np.dtype("u4").newbyteorder(dtype.byteorder), -1, file.tell()
        )
        if points.max() > sys.maxunicode:
            raise unparsable("its text is not Unicode", "NPY")
    array = np.frombuffer(content, dtype, offset=file.tell())
    array = array.reshape((columns, rows)).T if is_fortran else array.reshape((rows, columns))
    names = signature.names
    return Columns(
        {one.name: _values(array[:, place], one) for place, one in enumerate(signature.inputs)},
        lambda name, row: pointer(row, names.index(name)),
    )


def write(columns: Sequence[Sequence[Any]]) -> bytes:
    """The file of one or several columns; Problem 406 if one array cannot have them."""
    arrays = [np.array(values) for values in columns]
    kinds = {array.dtype.kind for array in arrays}
    if len(kinds) > 1 or not kinds <= set(KINDS):
        raise Problem(406, "the outputs have types that one array cannot have: accept JSON")
    file = io.BytesIO()
    np.save(file, arrays[0] if len(arrays) == 1 else np.column_stack(arrays), allow_pickle=False)
    return file.getvalue()


def _is_taken(dtype: np.dtype[Any]) -> bool:
    is_number = dtype.kind in "iuf"
    return dtype.kind in KINDS and 0 < dtype.itemsize <= (
        MAX_NUMBER_BYTES if is_number else math.inf
    )


def _values(column: NDArray[Any], one: Input) -> list[Any]:
    """Plain values. NaN is null. For boolean inputs 0 and 1 are booleans, because an array has one
    type for all columns."""
    values: list[Any] = column.tolist()
    if column.dtype.kind == "f" and np.isnan(column).any():
        values = [None if value != value else value for value in values]
    if column.dtype.kind in "iuf" and one.kind == "boolean":
        values = list(map(lossless.boolean, values))
    return values


def _misfit(detail: str) -> Problem:
    errors = [{"pointer": "", "detail": detail}]
    return Problem(422, "the input does not fit the model", errors)
