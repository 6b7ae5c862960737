"""Pickle an estimator as joblib does, but to the same bytes in every process.

joblib writes the memory of arrays. Some bytes in the nodes of scikit-learn's trees are
uninitialized. The order of a set of strings differs between processes.
"""

import io
import pickle
from collections.abc import Iterable
from typing import Any

import numpy as np
from joblib.numpy_pickle import NumpyPickler
from numpy.typing import NDArray

LEAF = -1  # `left_child` of a tree's node without children
OBJECTS = 5  # the protocol that joblib uses for arrays of objects
PythonPickler: Any = pickle._Pickler  # the pickler in Python: its methods can be overridden


def dumped(estimator: Any) -> bytes:
    """Pickle for `joblib.load`. Equal estimators give equal bytes."""
    buffer = io.BytesIO()
    _ArrayPickler(buffer).dump(estimator)
    return buffer.getvalue()


class _Pickler(PythonPickler):  # type: ignore[misc]
    """Initializes all bytes of structured arrays, and sorts the members of sets."""

    dispatch = PythonPickler.dispatch.copy()

    def save(self, obj: Any) -> None:
        super().save(_all_set(obj) if type(obj) is np.ndarray and obj.dtype.names else obj)

    def save_set(self, obj: set[Any]) -> None:
        self.write(pickle.EMPTY_SET)
        self.memoize(obj)
        self._save_members(obj)
        self.write(pickle.ADDITEMS)

    def save_frozenset(self, obj: frozenset[Any]) -> None:
        self._save_members(obj)
        self.write(pickle.FROZENSET)
        self.memoize(obj)

    def _save_members(self, members: Iterable[Any]) -> None:
        self.write(pickle.MARK)
        for one in sorted(members, key=_order):
            self.save(one)

    dispatch[set], dispatch[frozenset] = save_set, save_frozenset


class _ArrayPickler(_Pickler, NumpyPickler):  # type: ignore[misc]
    """The same for a whole estimator, with arrays in joblib's format."""

    def save(self, obj: Any) -> None:
        if type(obj) is np.ndarray and obj.dtype.hasobject:  # joblib takes another pickler
            PythonPickler.save(self, self._create_array_wrapper(obj))
            self.framer.commit_frame(force=True)
            _Pickler(self.file_handle, protocol=OBJECTS).dump(obj)
        else:
            super().save(obj)


def _order(value: Any) -> tuple[str, str]:
    return type(value).__name__, repr(value)


def _all_set(values: NDArray[Any]) -> NDArray[Any]:
    """An equal array, with zero in the padding and in fields that a tree's node does not use."""
    names = values.dtype.names or ()
    made = np.zeros(values.shape, values.dtype)
    for name in names:
        inner = values[name]
        made[name] = _all_set(inner) if inner.dtype.names else inner
    if {"left_child", "missing_go_to_left"} <= set(names):
        made["missing_go_to_left"][made["left_child"] == LEAF] = 0
    return made
