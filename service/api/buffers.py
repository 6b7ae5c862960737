"""Long columns of numbers, from the bytes of a body to arrays without an object for each number.

Only of the plainest form, {"length": [1, 2.5], "width": [0, 3]}, where nothing can be taken
for something else: for whatever is not that `forms.py` reads the body, and tells what is wrong.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import simdjson

from service.api.parse import LONG, Most
from service.model.signature import Signature

# What simdjson raises, and what is no list has no buffer.
FAULTS = (AttributeError, KeyError, OverflowError, RuntimeError, TypeError, ValueError)


def read(body: bytes, signature: Signature, most: Most) -> Mapping[str, Any] | None:
    """Arrays of float64, of shape (rows,), by the names of the inputs; None for any other body."""
    if len(body) < LONG or any(column.kind != "number" for column in signature.inputs):
        return None
    names = signature.names
    if not _is_plain(body, len(names)):
        return None
    try:
        document: Any = simdjson.Parser().parse(body)
        arrays = {name: np.frombuffer(document[name].as_buffer(of_type="d")) for name in names}
    except FAULTS:
        return None
    return arrays if all(0 < len(array) <= most.rows for array in arrays.values()) else None


def _is_plain(body: bytes, columns: int) -> bool:
    """Whether a body has the quotes of so many names, and so many lists.

    If each name is found, no other is there, nor the same twice, nor a string, nor a list in a
    list: there is nothing left that they could be written with.
    """
    characters = np.frombuffer(body, np.uint8)
    lists, quotes = (np.count_nonzero(characters == ord(one)) for one in '["')
    return body.startswith(b"{") and bool(lists == columns and quotes == 2 * columns)
