"""Try a fitted estimator on changed rows, to learn what it takes.

Its parts tell what some of them learned; only trying tells what the whole takes.
"""

import struct
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from service.model.engines import Column, ScikitLearn
from service.model.predictor import as_column
from service.model.signature import Input, Output, Signature
from training.outputs import methods

ROWS = 3
LARGEST = float(np.finfo(np.float64).max)
ROOMY = 1e30  # a common bound beyond this hinders nobody


class Probe:
    """An estimator, some rows that it takes, and how these are given to it."""

    def __init__(self, estimator: Any, signature: Signature, rows: Mapping[str, list[Any]]) -> None:
        self.estimator = estimator
        self.signature = signature
        self.types = {column.name: column.dtype for column in signature.inputs}
        self.rows = {name: rows[name][:ROWS] for name in signature.names}

    def works(
        self, changes: Mapping[str, Sequence[Any]], types: Mapping[str, str] | None = None
    ) -> bool:
        """Whether rows with these columns changed are predicted, with finite numbers.

        A changed column has a value for each row to try; the kept rows repeat beside it. `types`
        are of columns that get another type than the signature's.
        """
        given = {**self.types, **(types or {})}
        count = max(map(len, changes.values()), default=ROWS)
        columns = []
        for name in self.signature.names:
            kept = self.rows[name]
            values = changes.get(name) or [kept[row % len(kept)] for row in range(count)]
            columns.append(as_column(list(values), given[name]))
        return self._takes(columns, given)

    def ask(self, method: str) -> Any:
        """What a method of the estimator returns for the kept rows, or whatever it raises."""
        columns = [as_column(self.rows[name], dtype) for name, dtype in self.types.items()]
        rows = ScikitLearn(self.estimator, self.signature).contained(columns)
        return getattr(self.estimator, method)(rows)

    def _takes(self, columns: Sequence[Column], types: Mapping[str, str]) -> bool:
        signature = Signature(
            container=self.signature.container,
            inputs=tuple(Input(name=name, kind="text", dtype=types[name]) for name in types),
            outputs=(Output(name="", kind="number"),),
        )
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                rows = ScikitLearn(self.estimator, signature).contained(columns)
                found = [self.estimator.predict(rows)]
                found += [getattr(self.estimator, more)(rows) for more in methods(self.estimator)]
            except Exception:
                return False
        return all(map(_is_finite, found))

    def those_that_work(
        self, changes: Mapping[str, Any], types: Mapping[str, str] | None = None
    ) -> set[str]:
        """The columns that may have these values, all of which are tried at once if they can be."""
        names = list(changes)
        if not names:
            return set()
        if self.works({name: [value] for name, value in changes.items()}, types):
            return set(names)
        if len(names) == 1:
            return set()
        half = len(names) // 2
        parts = ({name: changes[name] for name in part} for part in (names[:half], names[half:]))
        return set().union(*(self.those_that_work(part, types) for part in parts))

    def values_that_work(self, name: str, values: Sequence[Any]) -> list[Any]:
        """Those of the values that one column may have."""
        if not values or self.works({name: values}):
            return list(values)
        if len(values) == 1:
            return []
        half = len(values) // 2
        return self.values_that_work(name, values[:half]) + self.values_that_work(
            name, values[half:]
        )

    def works_at(self, bounds: Mapping[str, float]) -> bool:
        """Whether these columns may have these values, each alone and all at once."""
        names = list(bounds)
        rows = [{name: bounds[name]} for name in names] + [dict(bounds)]
        columns = {name: [row.get(name, self.rows[name][0]) for row in rows] for name in names}
        return self.works(columns, dict.fromkeys(names, "float64"))

    def bound(self, good: Mapping[str, float], towards: float) -> dict[str, float]:
        """How far these columns may go from values that work towards one that may not.

        Some models overflow inside long before their type does, and a request must not be able to
        make them fail. All columns are tried at once; where that leaves little room, one by one.
        """
        pick = max if towards > 0 else min
        outermost = pick(good.values())
        together = self._furthest(lambda value: dict.fromkeys(good, value), outermost, towards)
        if abs(together) >= ROOMY or len(good) == 1:
            return {name: pick(together, value) for name, value in good.items()}
        return {
            name: self._furthest(lambda value, name=name: {name: value}, value, towards)  # type: ignore[misc]
            for name, value in good.items()
        }

    def _furthest(
        self, bounds: Callable[[float], Mapping[str, float]], good: float, bad: float
    ) -> float:
        """The last float from `good` to `bad` that works, if all before it do."""
        if self.works_at(bounds(bad)):
            return bad
        first, last = _ordinal(good), _ordinal(bad)
        while abs(last - first) > 1:
            middle = (first + last) // 2
            if self.works_at(bounds(_float(middle))):
                first = middle
            else:
                last = middle
        return _float(first)


def _ordinal(value: float) -> int:
    """Floats counted in order: the next float has the next number."""
    bits: int = struct.unpack("<q", struct.pack("<d", value))[0]
    return bits if bits >= 0 else -(bits & 0x7FFFFFFFFFFFFFFF)


def _float(ordinal: int) -> float:
    bits = ordinal if ordinal >= 0 else -ordinal | -0x8000000000000000
    (value,) = struct.unpack("<d", struct.pack("<q", bits))
    return float(value)


def _is_finite(found: Any) -> bool:
    if isinstance(found, list):
        return all(map(_is_finite, found))
    values = np.asarray(found)
    return values.dtype.kind != "f" or bool(np.isfinite(values).all())
