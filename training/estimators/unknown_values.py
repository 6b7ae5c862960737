"""Counts the values that the encoders of an estimator do not know.

Encoders behind a function of the user's own cannot be related to the input columns. But if they do
not know values of the training data, the rows have other types than those of the fit.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from service.model.frames import MASKED


class Count:
    """A number of values, which grows while encoders transform rows."""

    value: int = 0


@contextmanager
def counted(parts: Iterable[Any]) -> Iterator[Count]:
    """Count the unknown values in all that the encoders among these parts transform meanwhile."""
    count = Count()
    watched = [part for part in parts if _is_encoder(part)]
    for part in watched:
        part.transform = _counting(part.transform, part.categories_, count)
    try:
        yield count
    finally:
        for part in watched:
            del part.transform


def _is_encoder(part: Any) -> bool:
    return (
        type(part).__module__.startswith("sklearn.")
        and isinstance(getattr(part, "categories_", None), list)
        and "transform" not in vars(part)
    )


def _counting(
    transform: Callable[[Any], Any], categories: list[Any], count: Count
) -> Callable[[Any], Any]:
    known = [set(map(_key, values.tolist())) for values in map(np.asarray, categories)]

    def counting(rows: Any) -> Any:
        columns = (rows[name] for name in rows) if hasattr(rows, "columns") else np.asarray(rows).T
        for values, own in zip(columns, known, strict=False):
            count.value += sum(_key(value) not in own for value in _read(values))
        return transform(rows)

    return counting


def _read(column: Any) -> list[Any]:
    """The values as encoders read them: those of `Int64` as floats."""
    is_masked = str(column.dtype) in MASKED
    values: list[Any] = np.asarray(column.astype("float64") if is_masked else column).tolist()
    return values


def _key(value: Any) -> Any:
    """The value, or one key for all that are not equal to themselves, such as NaN."""
    return Count if type(value).__name__ == "NAType" or value != value else value
