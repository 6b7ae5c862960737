"""Rows beside the boundary between two labels, where the last bit of a score decides."""

import warnings
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from service.model.engines import Column, Engine

PAIRS = 100
STEPS = 64  # halvings, after which two numbers of float64 are neighbours
MOST_LABELS = 100  # a model with more different predictions gives numbers


def beside_boundaries(engine: Engine, given: Sequence[Column]) -> list[Column]:
    """Pairs of neighbouring rows with different labels.

    None if the model gives numbers, or raises for rows between those of the sample.

    Between two rows of the sample with different labels the numbers are halved until they are
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
    wanted = labels(low)
    for _ in range(STEPS):
        middle = list(low)
        for place in numbers:
            middle[place] = low[place] / 2 + high[place] / 2
        same = labels(middle) == wanted
        for place in numbers:
            low[place] = np.where(same, middle[place], low[place])
            high[place] = np.where(same, high[place], middle[place])
    return [np.concatenate(pair) for pair in zip(low, high, strict=True)]


def _rows(columns: Sequence[Column], chosen: NDArray[np.generic]) -> list[Column]:
    return [one[chosen] for one in columns]
