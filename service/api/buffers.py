"""Long columns of numbers, from the bytes of a body to arrays without an object for each number.

Only of the plainest form, {"length": [1, 2.5], "width": [0, 3]}, where nothing can be taken
for something else: for whatever is not that `forms.py` reads the body, and tells what is wrong.
"""

from codecs import BOM_UTF8
from collections.abc import Mapping
from typing import Any

import numpy as np
import simdjson

from service.api.parse import LONG, Most
from service.model.signature import Signature

MOST_EXACT = 2.0**24  # up to which float32, too, holds every whole number
# What simdjson raises, and what is no list has no buffer.
FAULTS = (AttributeError, KeyError, OverflowError, RuntimeError, TypeError, ValueError)


def read(body: bytes, signature: Signature, most: Most) -> Mapping[str, Any] | None:
    """Arrays of float64, of shape (rows,), by the names of the inputs; None for any other body."""
    if len(body) < LONG or any(column.kind != "number" for column in signature.inputs):
        return None
    if body.startswith(BOM_UTF8):  # simdjson skips a byte order mark; the other reader refuses it
        return None
    names = signature.names
    lists = np.count_nonzero(np.frombuffer(body, np.uint8) == ord("["))
    if lists != len(names):  # a list in a list would be read as if it were flat
        return None
    try:
        document: Any = simdjson.Parser().parse(body)
        if len(document) != len(names):  # the same name twice counts twice
            return None
        arrays = {name: np.frombuffer(document[name].as_buffer(of_type="d")) for name in names}
    except FAULTS:
        return None
    fit = all(0 < len(array) <= most.rows for array in arrays.values())
    return arrays if fit and not any(map(may_be_rounded, arrays.values())) else None


def may_be_rounded(floats: Any) -> bool:
    """Whether there are numbers so large that a whole one may have been another."""
    return bool(floats.max() > MOST_EXACT or floats.min() < -MOST_EXACT)
