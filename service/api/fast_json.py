"""Reads long columns of numbers from a body into arrays, without an object for each number.

Only bodies of the form {"length": [1, 2.5], "width": [0, 3]} are read here. `payloads.py` reads all
others, and reports their errors.
"""

from codecs import BOM_UTF8
from collections.abc import Mapping
from typing import Any

import numpy as np
import simdjson

from service.api.parse import LONG_CHARACTERS, PayloadLimits
from service.model.signature import Signature

MAX_EXACT_FLOAT32 = 2.0**24  # up to here even float32 represents every integer
# simdjson raises these; AttributeError if a value is not a list.
FAULTS = (AttributeError, KeyError, OverflowError, RuntimeError, TypeError, ValueError)


def read(body: bytes, signature: Signature, limits: PayloadLimits) -> Mapping[str, Any] | None:
    """Arrays of float64, of shape (rows,), by the names of the inputs; None for any other body."""
    if len(body) < LONG_CHARACTERS or any(column.kind != "number" for column in signature.inputs):
        return None
    if body.startswith(BOM_UTF8):  # simdjson skips a byte order mark, parse_json refuses it
        return None
    names = signature.names
    lists = np.count_nonzero(np.frombuffer(body, np.uint8) == ord("["))
    if lists != len(names):  # a nested list would be read as a flat one
        return None
    try:
        document: Any = simdjson.Parser().parse(body)
        if len(document) != len(names):  # a duplicate name counts twice
            return None
        arrays = {name: np.frombuffer(document[name].as_buffer(of_type="d")) for name in names}
    except FAULTS:
        return None
    fit = all(0 < len(array) <= limits.rows for array in arrays.values())
    return arrays if fit and not any(map(may_be_rounded, arrays.values())) else None


def may_be_rounded(floats: Any) -> bool:
    """Whether some numbers are so large that an integer may have been rounded."""
    return bool(floats.max() > MAX_EXACT_FLOAT32 or floats.min() < -MAX_EXACT_FLOAT32)
