"""The confusion matrix, precision and recall by class, and the baseline without a model."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics

from training.report.evaluation import Evaluation
from training.report.formatting import label, number, percent
from training.report.metrics import proportion

MAX_CLASSES = 12  # the rest are counted as "others"
SHADES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfusionMatrix:
    """Counts by actual class (rows) and predicted class (columns).

    `shades` are shares of a row, in tenths.
    """

    labels: list[str]
    counts: list[list[int]]
    shades: list[list[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassMetrics:
    """Recall and precision of one class, with 95 % confidence intervals, and F1."""

    label: str
    rows: int
    recall: float
    recall_interval: tuple[float, float] | None
    precision: float
    precision_interval: tuple[float, float] | None
    f1: float


def count(evaluation: Evaluation) -> ConfusionMatrix:
    """Count the most frequent classes; all others form one class."""
    shown = _frequent(evaluation)
    others = len(shown) < len(evaluation.labels)
    place = np.full(len(evaluation.labels), len(shown))
    place[shown] = np.arange(len(shown))
    counts = metrics.confusion_matrix(
        place[evaluation.actual], place[evaluation.predicted], labels=range(len(shown) + others)
    )
    rows = np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return ConfusionMatrix(
        labels=[label(evaluation.labels[one], 30) for one in shown] + ["others"] * others,
        counts=counts.tolist(),
        shades=np.ceil(counts / rows * SHADES).astype(int).tolist(),
    )


def class_metrics(evaluation: Evaluation) -> list[ClassMetrics]:
    """Precision and recall of the most frequent classes, with exact intervals."""
    shown = _frequent(evaluation)
    precision, recall, f1, rows = metrics.precision_recall_fscore_support(
        evaluation.actual, evaluation.predicted, labels=shown, zero_division=0
    )
    predictions = Counter(evaluation.predicted.tolist())
    hits = Counter(evaluation.actual[evaluation.actual == evaluation.predicted].tolist())
    return [
        ClassMetrics(
            label=label(evaluation.labels[one]),
            rows=int(rows[place]),
            recall=float(recall[place]),
            recall_interval=_interval(hits[one], int(rows[place])),
            precision=float(precision[place]),
            precision_interval=_interval(hits[one], predictions[one]),
            f1=float(f1[place]),
        )
        for place, one in enumerate(shown)
    ]


def _interval(right: int, of: int) -> tuple[float, float] | None:
    return proportion(right, of) if of else None


def _frequent(evaluation: Evaluation) -> NDArray[Any]:
    """Indices of the classes with most rows, in the order of the labels."""
    counts = np.bincount(evaluation.actual, minlength=len(evaluation.labels))
    return np.sort(np.argsort(-counts, kind="stable")[:MAX_CLASSES])


def baseline(evaluation: Evaluation) -> str:
    """Result without a model: always the most frequent class, or always the median."""
    if evaluation.labels:
        [(_, times)] = Counter(evaluation.actual.tolist()).most_common(1)
        right = percent(times / len(evaluation.actual))
        return f"Baseline: always predicting the most frequent class has an accuracy of {right}."
    median = np.full(len(evaluation.actual), np.median(evaluation.actual))
    error = number(float(metrics.mean_absolute_error(evaluation.actual, median)))
    return f"Baseline: always predicting the median has a mean absolute error of {error}."
