"""Metrics of weighted rows, for the 1,000 resamples of the bootstrap.

They equal scikit-learn's metrics, which would take seconds because each call validates its input.
Tests compare both.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import trapezoid  # NumPy has it since 2.0

Weights = NDArray[Any]  # shape (rows,): how often the resample contains each row
WeightedMetric = Callable[[Weights], float]


def mean(losses: NDArray[np.float64]) -> WeightedMetric:
    """Mean of one loss per row."""
    return lambda weights: float(weights @ losses / weights.sum())


def root_mean(losses: NDArray[np.float64]) -> WeightedMetric:
    """Square root of the mean of one loss per row."""
    return lambda weights: float(np.sqrt(weights @ losses / weights.sum()))


def median(losses: NDArray[np.float64]) -> WeightedMetric:
    """Median of one loss per row."""
    return lambda weights: float(np.median(np.repeat(losses, weights)))


def r2(actual: NDArray[np.float64], predicted: NDArray[np.float64]) -> WeightedMetric:
    """R², the coefficient of determination."""
    missed, centred = (actual - predicted) ** 2, actual - actual.mean()

    def value(weights: Weights) -> float:
        around = centred - weights @ centred / weights.sum()
        return float(1 - weights @ missed / (weights @ around**2))

    return value


def balanced_accuracy(actual: NDArray[Any], predicted: NDArray[Any]) -> WeightedMetric:
    """Mean recall over the classes that occur."""
    hits = actual == predicted

    def value(weights: Weights) -> float:
        rows = np.bincount(actual, weights)
        found = np.bincount(actual, weights * hits)
        return float(np.mean(found[rows > 0] / rows[rows > 0]))

    return value


def macro_f1(actual: NDArray[Any], predicted: NDArray[Any]) -> WeightedMetric:
    """Mean F1 (macro) over the classes that occur or are predicted."""
    hits, width = actual == predicted, int(max(actual.max(), predicted.max())) + 1

    def value(weights: Weights) -> float:
        found = np.bincount(actual, weights * hits, width)
        both = np.bincount(actual, weights, width) + np.bincount(predicted, weights, width)
        return float(np.mean(2 * found[both > 0] / both[both > 0]))

    return value


def roc_auc(truth: NDArray[np.bool_], score: NDArray[np.float64]) -> WeightedMetric:
    """Area under the ROC curve."""
    counted = _cumulative_positives(truth, score)

    def value(weights: Weights) -> float:
        true, false = counted(weights)
        return float(trapezoid(true, false) / (true[-1] * false[-1]))

    return value


def average_precision(truth: NDArray[np.bool_], score: NDArray[np.float64]) -> WeightedMetric:
    """Mean precision, weighted by the increase in recall."""
    counted = _cumulative_positives(truth, score)

    def value(weights: Weights) -> float:
        true, false = counted(weights)
        precision = true[1:] / np.maximum(true[1:] + false[1:], 1)
        return float(np.diff(true) @ precision / true[-1])

    return value


def _cumulative_positives(
    truth: NDArray[np.bool_], score: NDArray[np.float64]
) -> Callable[[Weights], tuple[Any, Any]]:
    """Cumulative true and false positives at each distinct score, from the highest; starts at 0."""
    order = np.argsort(-score, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(score[order]) != 0, True)) + 1
    ends = np.append(0, ends)

    def counted(weights: Weights) -> tuple[Any, Any]:
        sorted_weights = weights[order].astype(np.float64)
        positive = truth[order]
        true, false = (
            np.append(0, np.cumsum(sorted_weights * which))[ends] for which in (positive, ~positive)
        )
        return true, false

    return counted
