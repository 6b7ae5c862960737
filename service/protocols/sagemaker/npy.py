"""NumPy's file format, NPY, to columns and from predictions: numbers and text, never pickles.

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

from service.api import forms
from service.api.forms import Columns
from service.api.nameless import check_width
from service.api.parse import unparsable
from service.api.problems import Problem, pointer
from service.model.signature import Input, Signature

HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
LONGEST_HEADER = 1000  # characters
KINDS = "biufU"  # of NumPy's types: booleans, numbers, text
LARGEST_NUMBER = 8  # bytes
BOOLEANS = {0: False, 1: True}


def read(content: bytes, signature: Signature, max_rows: int) -> Columns:
    """Columns of an array of one dimension or two; Problem 400 or 422 for what is none, or not fit.

    Nothing is made of the values before their number and their size are known to be right.
    """
    file = io.BytesIO(content)
    try:
        header = HEADERS[npy.read_magic(file)]
        shape, is_fortran, dtype = header(file, max_header_size=LONGEST_HEADER)
    except Exception as error:  # a header is an expression: Python's own parser refuses many ways
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
    forms.check_rows(rows, max_rows, "")
    size, wanted = len(content) - file.tell(), rows * columns * dtype.itemsize
    if size != wanted:
        raise unparsable(f"it has {size} bytes of values, its header says {wanted}", "NPY")
    if dtype.kind == "U":  # NumPy would not look, and Python would call it its own mistake
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
    """The file of a column, or of several; Problem 406 if they are of kinds that no array holds."""
    arrays = [np.array(values) for values in columns]
    kinds = {array.dtype.kind for array in arrays}
    if len(kinds) > 1 or not kinds <= set(KINDS):
        raise Problem(406, "the outputs are of several kinds, which no array holds: accept JSON")
    file = io.BytesIO()
    np.save(file, arrays[0] if len(arrays) == 1 else np.column_stack(arrays), allow_pickle=False)
    return file.getvalue()


def _is_taken(dtype: np.dtype[Any]) -> bool:
    is_number = dtype.kind in "iuf"
    return dtype.kind in KINDS and 0 < dtype.itemsize <= (LARGEST_NUMBER if is_number else math.inf)


def _values(column: NDArray[Any], one: Input) -> list[Any]:
    """Plain values. NaN is null; 0 and 1 are booleans where those are wanted, for an array has
    one type for all its columns."""
    values: list[Any] = column.tolist()
    if column.dtype.kind == "f" and np.isnan(column).any():
        values = [None if value != value else value for value in values]
    if column.dtype.kind in "iuf" and one.kind == "boolean":
        values = [BOOLEANS.get(value, value) for value in values]
    return values


def _misfit(detail: str) -> Problem:
    errors = [{"pointer": "", "detail": detail}]
    return Problem(422, "the input does not fit the model", errors)
