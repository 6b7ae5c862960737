"""Rows beside the boundary between two labels, where the last bit of a score decides."""

import warnings
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from service.model.engines import Column, Engine

PAIRS = 100
# Each call divides the way between two rows by so many: a call for few rows of a wide table takes
# as long as one for many.
PARTS = 16
STEPS = 16  # after which two numbers of float64 are neighbours
MOST_LABELS = 100  # a model with more different predictions gives numbers


def beside_boundaries(engine: Engine, given: Sequence[Column]) -> list[Column]:
    """Pairs of neighbouring rows with different labels.

    None if the model gives numbers, or raises for rows between those of the sample.

    The numbers of two rows of the sample with different labels are brought together until they are
    neighbours. All else is that of the first row. Of several outputs the first one counts.
    """
    numbers = [place for place, one in enumerate(given) if one.dtype.kind == "f"]

    def labels(rows: Sequence[Column]) -> Column:
        return engine.predict(list(rows))[0]

    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return _bisected(labels, given, numbers)
        except (ArithmeticError, LookupError, TypeError, ValueError):
            return []


def _bisected(
    labels: Callable[[Sequence[Column]], Column], given: Sequence[Column], numbers: Sequence[int]
) -> list[Column]:
    found = labels(given)
    if not numbers or len(set(found.tolist())) > MOST_LABELS:
        return []
    chance = np.random.default_rng(0)
    low, high = (_rows(given, chance.integers(len(found), size=PAIRS)) for _ in range(2))
    high = [high[place] if place in numbers else low[place] for place in range(len(given))]
    differ = labels(low) != labels(high)
    low, high = _rows(low, differ), _rows(high, differ)
    if not differ.any():
        return []
    wanted = np.repeat(labels(low)[:, None], PARTS - 1, axis=1)
    for _ in range(STEPS):
        between = [np.repeat(one, PARTS - 1) for one in low]
        points = {place: _points(low[place], high[place]) for place in numbers}
        for place in numbers:
            between[place] = points[place][:, 1:-1].ravel()
        other = labels(between).reshape(wanted.shape) != wanted
        last = np.where(other.any(axis=1), other.argmax(axis=1), PARTS - 1)  # with the first label
        for place in numbers:
            low[place] = np.take_along_axis(points[place], last[:, None], axis=1)[:, 0]
            high[place] = np.take_along_axis(points[place], last[:, None] + 1, axis=1)[:, 0]
    return [np.concatenate(pair) for pair in zip(low, high, strict=True)]


def _rows(columns: Sequence[Column], chosen: NDArray[np.generic]) -> list[Column]:
    return [one[chosen] for one in columns]


def _points(low: Column, high: Column) -> Column:
    """From low to high in equal parts; shape (rows, PARTS + 1)."""
    share = np.arange(PARTS + 1) / PARTS
    points = low[:, None] * (1 - share) + high[:, None] * share
    points = np.clip(points, np.minimum(low, high)[:, None], np.maximum(low, high)[:, None])
    points[:, 0], points[:, -1] = low, high
    return points.astype(low.dtype)
