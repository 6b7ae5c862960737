"""Measures of rows that count as often as they were drawn, for the bootstrap's thousand draws.

They are scikit-learn's, which would take seconds for that: most of its time goes into looking at
what it is given. Tests compare both.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Weights = NDArray[Any]  # how often each row was drawn
Drawn = Callable[[Weights], float]


def mean(losses: NDArray[np.float64]) -> Drawn:
    """The mean of one number for each row."""
    return lambda weights: float(weights @ losses / weights.sum())


def root_mean(losses: NDArray[np.float64]) -> Drawn:
    """Its root."""
    return lambda weights: float(np.sqrt(weights @ losses / weights.sum()))


def median(losses: NDArray[np.float64]) -> Drawn:
    """The median of one number for each row."""
    return lambda weights: float(np.median(np.repeat(losses, weights)))


def explained(actual: NDArray[np.float64], predicted: NDArray[np.float64]) -> Drawn:
    """R²."""
    missed, centred = (actual - predicted) ** 2, actual - actual.mean()

    def value(weights: Weights) -> float:
        around = centred - weights @ centred / weights.sum()
        return float(1 - weights @ missed / (weights @ around**2))

    return value


def balanced_accuracy(actual: NDArray[Any], predicted: NDArray[Any]) -> Drawn:
    """The mean recall of the classes that there are."""
    hits = actual == predicted

    def value(weights: Weights) -> float:
        rows = np.bincount(actual, weights)
        found = np.bincount(actual, weights * hits)
        return float(np.mean(found[rows > 0] / rows[rows > 0]))

    return value


def mean_f1(actual: NDArray[Any], predicted: NDArray[Any]) -> Drawn:
    """The mean F1 of the classes that there are, or that are predicted."""
    hits, width = actual == predicted, int(max(actual.max(), predicted.max())) + 1

    def value(weights: Weights) -> float:
        found = np.bincount(actual, weights * hits, width)
        both = np.bincount(actual, weights, width) + np.bincount(predicted, weights, width)
        return float(np.mean(2 * found[both > 0] / both[both > 0]))

    return value


def roc_auc(truth: NDArray[np.bool_], score: NDArray[np.float64]) -> Drawn:
    """The area under the ROC curve."""
    counted = _by_score(truth, score)

    def value(weights: Weights) -> float:
        true, false = counted(weights)
        return float(np.trapezoid(true, false) / (true[-1] * false[-1]))

    return value


def average_precision(truth: NDArray[np.bool_], score: NDArray[np.float64]) -> Drawn:
    """The mean precision, weighted by the recall that is won."""
    counted = _by_score(truth, score)

    def value(weights: Weights) -> float:
        true, false = counted(weights)
        precision = true[1:] / np.maximum(true[1:] + false[1:], 1)
        return float(np.diff(true) @ precision / true[-1])

    return value


def _by_score(
    truth: NDArray[np.bool_], score: NDArray[np.float64]
) -> Callable[[Weights], tuple[Any, Any]]:
    """True and false positives down to each score, from the highest; first none."""
    order = np.argsort(-score, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(score[order]) != 0, True)) + 1
    ends = np.append(0, ends)

    def counted(weights: Weights) -> tuple[Any, Any]:
        down = weights[order].astype(np.float64)
        so = truth[order]
        true, false = (np.append(0, np.cumsum(down * which))[ends] for which in (so, ~so))
        return true, false

    return counted
