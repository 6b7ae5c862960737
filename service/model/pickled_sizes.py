"""Refuse tuples that are small in the file and endless for who walks through them.

A tuple of twice the same tuple of twice the same one, and so on, needs a few bytes for each level,
and its hash takes twice as long with each: in native code, which no deadline interrupts.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.model.rebuilding import refuse

LARGEST = 10_000_000  # values, each as often as it is reached
DEEPEST = 100  # tuples inside each other
MOST_LISTS = 1_000_000  # in one state, each as often as it is reached
LISTS = frozenset({list, tuple})
HASHED = tuple, frozenset


def check_lists(state: Any) -> None:
    """UntrustedError for a state with lists inside each other that have no end for NumPy."""
    if type(state) is dict and LISTS.isdisjoint(map(type, state.values())):
        return
    todo = [list(state.values()) if type(state) is dict else state]
    count = 0
    while todo:
        values = todo.pop()
        if type(values) in (list, tuple) and not LISTS.isdisjoint(map(type, values)):
            inner = [one for one in values if type(one) in LISTS]
            count += len(inner)
            if count > MOST_LISTS:
                raise refuse("lists inside each other")
            todo += inner


class Sizes:
    """How many values each nested tuple or frozen set reaches, and how deep it is; arrays, too."""

    def __init__(self) -> None:
        # By identity; it keeps them alive.
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
            if size > LARGEST or depth > DEEPEST:
                raise refuse("tuples inside each other")
            self.known[id(values)] = values, size, depth
        return values

    def check_array(self, array: NDArray[Any]) -> None:
        """UntrustedError for arrays of objects that are too deep: NumPy frees them recursively."""
        if any(issubclass(kind, np.ndarray) for kind in set(map(type, array.flat))):
            inner = [one for one in array.flat if isinstance(one, np.ndarray)]
            depth = 1 + max(self.known.get(id(one), (None, 0, 0))[2] for one in inner)
            if depth > DEEPEST:
                raise refuse("arrays inside each other")
            self.known[id(array)] = array, 0, depth
