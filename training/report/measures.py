"""Numbers by scikit-learn's metrics, with intervals: exact binomial, or by the bootstrap."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest
from sklearn import metrics

from training.report import drawn_again
from training.report.drawn_again import Drawn
from training.report.judged import Judged
from training.report.words import number, share

DRAWS = 1000
BOUNDS = 2.5, 97.5  # percentiles
MEANINGS = {
    "accuracy": "share of rows that it gets right",
    "balanced accuracy": "the same, each class counting as much as the others",
    "mean F1": "of precision and recall, each class counting as much as the others",
    "ROC AUC": "how often it ranks a row of the class above one that is not; by chance 0.5",
    "average precision": "area under precision and recall; by chance the share of the class",
    "log loss": "how far its probabilities are from the truth, in nats; 0 is perfect",
    "R²": "share of the variance that it explains; always saying the mean gives 0",
    "mean absolute error": "how far off it is on average, in the target's unit",
    "median absolute error": "how far off it is at most for half of the rows",
    "root mean squared error": "as the mean, but large errors count for more",
}
SHARES = {"accuracy", "balanced accuracy"}
HAVE_A_UNIT = {name for name in MEANINGS if "error" in name}


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One number, what it means, and its interval of 95 %."""

    name: str
    value: float
    low: float
    high: float

    @property
    def meaning(self) -> str:
        """What it means."""
        return MEANINGS[self.name]

    @property
    def told(self) -> str:
        """The value, in words."""
        return self._in_words(self.value)

    @property
    def between(self) -> str | None:
        """The interval, in words; None if all draws gave the same, which tells nothing."""
        if self.low == self.high:
            return None
        return f"{self._in_words(self.low)} to {self._in_words(self.high)}"

    def _in_words(self, value: float) -> str:
        if self.name in SHARES:
            return share(value)
        return number(value) if self.name in HAVE_A_UNIT else f"{value:.3f}"


def proportion(right: int, of: int) -> tuple[float, float]:
    """The exact binomial (Clopper-Pearson) interval of 95 % for a share."""
    interval = binomtest(right, of).proportion_ci(0.95, method="exact")
    return float(interval.low), float(interval.high)


def bootstrapped(rows: int, drawn: dict[str, Drawn]) -> dict[str, tuple[float, float]]:
    """Percentiles of measures over draws of as many rows from them, with replacement."""
    chance = np.random.default_rng(0)
    draws = np.empty((DRAWS, len(drawn)))
    with np.errstate(all="ignore"):
        for draw in draws:
            weights = np.bincount(chance.integers(rows, size=rows), minlength=rows)
            draw[:] = [function(weights) for function in drawn.values()]
    draws[~np.isfinite(draws)] = np.nan  # a draw that lacks a class has no such number
    bounds = np.nanpercentile(draws, BOUNDS, axis=0)
    return {name: (float(low), float(high)) for name, low, high in zip(drawn, *bounds, strict=True)}


def measured(judged: Judged) -> list[Measure]:
    """How good one output is."""
    found = list(_of_classes(judged) if judged.labels else _of_numbers(judged))
    rows = int(judged.known.sum()) if judged.labels else len(judged.actual)
    bounds = bootstrapped(rows, {name: drawn for name, _, drawn in found}) if found else {}
    made = [
        Measure(name=name, value=float(value), low=bounds[name][0], high=bounds[name][1])
        for name, value, _ in found
    ]
    if not judged.labels:
        return made
    right, rows = int((judged.actual == judged.predicted).sum()), len(judged.actual)
    low, high = proportion(right, rows)
    return [Measure(name="accuracy", value=right / rows, low=low, high=high), *made]


def _of_numbers(judged: Judged) -> Iterator[tuple[str, float, Drawn]]:
    pair = judged.actual, judged.predicted
    missed = np.abs(judged.actual - judged.predicted)
    if len(np.unique(judged.actual)) > 1:
        yield "R²", metrics.r2_score(*pair), drawn_again.explained(*pair)
    yield "mean absolute error", metrics.mean_absolute_error(*pair), drawn_again.mean(missed)
    yield "median absolute error", metrics.median_absolute_error(*pair), drawn_again.median(missed)
    error = metrics.root_mean_squared_error(*pair)
    yield "root mean squared error", error, drawn_again.root_mean(missed**2)


def _of_classes(judged: Judged) -> Iterator[tuple[str, float, Drawn]]:
    known = judged.known
    pair = judged.actual[known], judged.predicted[known]
    classes = len(np.unique(pair[0]))
    if classes < 2:
        return  # nothing can be told apart
    score = metrics.balanced_accuracy_score(*pair)
    yield "balanced accuracy", score, drawn_again.balanced_accuracy(*pair)
    if judged.learned > 2:
        score = metrics.f1_score(*pair, average="macro")
        yield "mean F1", score, drawn_again.mean_f1(*pair)
    if judged.told is None:
        return
    told = judged.told[known]
    if judged.learned == 2:
        truth, second = pair[0] == 1, told[:, 1]
        score = metrics.roc_auc_score(truth, second)
        yield "ROC AUC", score, drawn_again.roc_auc(truth, second)
        score = metrics.average_precision_score(truth, second)
        yield "average precision", score, drawn_again.average_precision(truth, second)
    if judged.kind == "probabilities":
        score = metrics.log_loss(pair[0], told, labels=range(judged.learned))
        of_its_class = told[np.arange(len(told)), pair[0]]
        least = np.finfo(told.dtype).eps  # as scikit-learn
        losses = -np.log(np.clip(of_its_class, least, 1 - least))
        yield "log loss", score, drawn_again.mean(losses)
