"""Which classes a model takes for which, counted."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics

from training.report.judged import Judged
from training.report.measures import proportion
from training.report.words import label, number, share

MOST_CLASSES = 12  # by name, then there are others
SHADES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """Rows by actual class, columns by predicted; `shades` are shares of a row, in tenths."""

    labels: list[str]
    counts: list[list[int]]
    shades: list[list[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Class:
    """One class: how many of its rows are found, and how many that are taken for it are its own."""

    label: str
    rows: int
    recall: float
    recall_between: tuple[float, float] | None
    precision: float
    precision_between: tuple[float, float] | None
    f1: float


def of(judged: Judged) -> Matrix:
    """Counted for the most frequent classes; all others are one."""
    shown = _frequent(judged)
    others = len(shown) < len(judged.labels)
    place = np.full(len(judged.labels), len(shown))
    place[shown] = np.arange(len(shown))
    counts = metrics.confusion_matrix(
        place[judged.actual], place[judged.predicted], labels=range(len(shown) + others)
    )
    rows = np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return Matrix(
        labels=[label(judged.labels[one], 30) for one in shown] + ["others"] * others,
        counts=counts.tolist(),
        shades=np.ceil(counts / rows * SHADES).astype(int).tolist(),
    )


def by_class(judged: Judged) -> list[Class]:
    """Precision and recall of the most frequent classes, with exact intervals."""
    shown = _frequent(judged)
    precision, recall, f1, rows = metrics.precision_recall_fscore_support(
        judged.actual, judged.predicted, labels=shown, zero_division=0
    )
    told = Counter(judged.predicted.tolist())
    hits = Counter(judged.actual[judged.actual == judged.predicted].tolist())
    return [
        Class(
            label=label(judged.labels[one]),
            rows=int(rows[place]),
            recall=float(recall[place]),
            recall_between=_between(hits[one], int(rows[place])),
            precision=float(precision[place]),
            precision_between=_between(hits[one], told[one]),
            f1=float(f1[place]),
        )
        for place, one in enumerate(shown)
    ]


def _between(right: int, of: int) -> tuple[float, float] | None:
    return proportion(right, of) if of else None


def _frequent(judged: Judged) -> NDArray[Any]:
    """Places of the classes with most rows, in the order of the labels."""
    counts = np.bincount(judged.actual, minlength=len(judged.labels))
    return np.sort(np.argsort(-counts, kind="stable")[:MOST_CLASSES])


def without_a_model(judged: Judged) -> str:
    """What one would get who knows no input."""
    if judged.labels:
        [(_, times)] = Counter(judged.actual.tolist()).most_common(1)
        right = share(times / len(judged.actual))
        return f"Always saying the commonest class would be right for {right} of them."
    median = np.full(len(judged.actual), np.median(judged.actual))
    error = number(float(metrics.mean_absolute_error(judged.actual, median)))
    return f"Always saying the median would be off by {error} on average."
