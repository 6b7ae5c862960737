"""Refuse nested tuples, lists and arrays that take few bytes in the file and endless time to walk.

A tuple that holds the same tuple twice, which again holds the same tuple twice, and so on, takes a
few bytes per level. Each level doubles the time of its hash, in native code, which no deadline
interrupts.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.model.pickled_tokens import refuse

MAX_VALUES = 10_000_000  # each counted as often as it is reached
MAX_DEPTH = 100
MAX_LISTS = 1_000_000  # in one state, each counted as often as it is reached
LISTS = frozenset({list, tuple})
HASHED = tuple, frozenset


def check_lists(state: Any) -> None:
    """UntrustedError for a state whose nested lists NumPy could not convert in reasonable time."""
    if type(state) is dict and LISTS.isdisjoint(map(type, state.values())):
        return
    todo = [list(state.values()) if type(state) is dict else state]
    count = 0
    while todo:
        values = todo.pop()
        if type(values) in (list, tuple) and not LISTS.isdisjoint(map(type, values)):
            inner = [one for one in values if type(one) in LISTS]
            count += len(inner)
            if count > MAX_LISTS:
                raise refuse("lists inside each other")
            todo += inner


class Sizes:
    """The number of values in each nested tuple, frozen set or array, and its depth."""

    def __init__(self) -> None:
        # By id; holding the values keeps the ids valid.
        self.known: dict[int, tuple[Any, int, int]] = {}

    def check(self, values: Any) -> Any:
        """The same values, or UntrustedError."""
        size, depth = len(values), 0
        for one in values:
            if isinstance(one, HASHED):
                found = self.known.get(id(one))
                size += len(one) if found is None else found[1]
                depth = max(depth, 1 if found is None else found[2] + 1)
        if depth:
            if size > MAX_VALUES or depth > MAX_DEPTH:
                raise refuse("tuples inside each other")
            self.known[id(values)] = values, size, depth
        return values

    def check_array(self, array: NDArray[Any]) -> None:
        """UntrustedError for arrays nested too deeply: NumPy frees them by recursion."""
        if any(issubclass(kind, np.ndarray) for kind in set(map(type, array.flat))):
            inner = [one for one in array.flat if isinstance(one, np.ndarray)]
            depth = 1 + max(self.known.get(id(one), (None, 0, 0))[2] for one in inner)
            if depth > MAX_DEPTH:
                raise refuse("arrays inside each other")
            self.known[id(array)] = array, 0, depth
