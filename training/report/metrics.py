"""scikit-learn's metrics with confidence intervals: exact binomial, or by the bootstrap."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest
from sklearn import metrics as sklearn_metrics

from training.report import bootstrap
from training.report.bootstrap import WeightedMetric
from training.report.evaluation import Evaluation
from training.report.formatting import number, percent

RESAMPLES = 1000
INTERVAL_PERCENTILES = 2.5, 97.5
EXPLANATIONS = {
    "accuracy": "share of the rows that are predicted correctly",
    "balanced accuracy": "mean recall of the classes: each class counts equally",
    "macro F1": "mean F1 of the classes; F1 combines precision and recall",
    "ROC AUC": "how often a row of the class has a higher score than another row; 0.5 by chance",
    "average precision": "area under the precision-recall curve; by chance the share of the class",
    "log loss": "penalty for wrong probabilities, in nats; 0 is perfect",
    "R²": "share of the variance that is explained; always predicting the mean gives 0",
    "mean absolute error": "mean size of the error, in the unit of the target",
    "median absolute error": "half of the rows have a smaller error, in the unit of the target",
    "root mean squared error": "like the mean, but large errors count more",
}
PERCENTAGES = {"accuracy", "balanced accuracy"}
WITH_UNIT = {name for name in EXPLANATIONS if "error" in name}


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A metric with its 95 % confidence interval."""

    name: str
    value: float
    low: float
    high: float

    @property
    def explanation(self) -> str:
        """What the metric means, in a few words."""
        return EXPLANATIONS[self.name]

    @property
    def formatted(self) -> str:
        """The value as text."""
        return self._format(self.value)

    @property
    def interval(self) -> str | None:
        """The interval as text; None if all resamples gave the same value."""
        if self.low == self.high:
            return None
        return f"{self._format(self.low)} to {self._format(self.high)}"

    def _format(self, value: float) -> str:
        if self.name in PERCENTAGES:
            return percent(value)
        return number(value) if self.name in WITH_UNIT else f"{value:.3f}"


def proportion(right: int, of: int) -> tuple[float, float]:
    """Exact binomial (Clopper-Pearson) 95 % interval of a proportion."""
    interval = binomtest(right, of).proportion_ci(0.95, method="exact")
    return float(interval.low), float(interval.high)


def bootstrap_intervals(
    rows: int, weighted: dict[str, WeightedMetric]
) -> dict[str, tuple[float, float]]:
    """95 % intervals from resamples of the rows with replacement."""
    chance = np.random.default_rng(0)
    draws = np.empty((RESAMPLES, len(weighted)))
    with np.errstate(all="ignore"):
        for draw in draws:
            weights = np.bincount(chance.integers(rows, size=rows), minlength=rows)
            draw[:] = [function(weights) for function in weighted.values()]
    draws[~np.isfinite(draws)] = np.nan  # undefined for a resample without one of the classes
    bounds = np.nanpercentile(draws, INTERVAL_PERCENTILES, axis=0)
    return {
        name: (float(low), float(high)) for name, low, high in zip(weighted, *bounds, strict=True)
    }


def compute(evaluation: Evaluation) -> list[Metric]:
    """Compute the metrics of one output."""
    found = list(_classification(evaluation) if evaluation.labels else _regression(evaluation))
    rows = int(evaluation.of_known_class.sum()) if evaluation.labels else len(evaluation.actual)
    bounds = (
        bootstrap_intervals(rows, {name: weighted for name, _, weighted in found}) if found else {}
    )
    made = [
        Metric(name=name, value=float(value), low=bounds[name][0], high=bounds[name][1])
        for name, value, _ in found
    ]
    if not evaluation.labels:
        return made
    right, rows = int((evaluation.actual == evaluation.predicted).sum()), len(evaluation.actual)
    low, high = proportion(right, rows)
    return [Metric(name="accuracy", value=right / rows, low=low, high=high), *made]


def _regression(evaluation: Evaluation) -> Iterator[tuple[str, float, WeightedMetric]]:
    pair = evaluation.actual, evaluation.predicted
    errors = np.abs(evaluation.actual - evaluation.predicted)
    if len(np.unique(evaluation.actual)) > 1:
        yield "R²", sklearn_metrics.r2_score(*pair), bootstrap.r2(*pair)
    yield "mean absolute error", sklearn_metrics.mean_absolute_error(*pair), bootstrap.mean(errors)
    yield (
        "median absolute error",
        sklearn_metrics.median_absolute_error(*pair),
        bootstrap.median(errors),
    )
    error = sklearn_metrics.root_mean_squared_error(*pair)
    yield "root mean squared error", error, bootstrap.root_mean(errors**2)


def _classification(evaluation: Evaluation) -> Iterator[tuple[str, float, WeightedMetric]]:
    known = evaluation.of_known_class
    pair = evaluation.actual[known], evaluation.predicted[known]
    classes = len(np.unique(pair[0]))
    if classes < 2:
        return
    score = sklearn_metrics.balanced_accuracy_score(*pair)
    yield "balanced accuracy", score, bootstrap.balanced_accuracy(*pair)
    if evaluation.n_classes > 2:
        score = sklearn_metrics.f1_score(*pair, average="macro")
        yield "macro F1", score, bootstrap.macro_f1(*pair)
    if evaluation.confidence is None:
        return
    confidence = evaluation.confidence[known]
    if evaluation.n_classes == 2:
        truth, second = pair[0] == 1, confidence[:, 1]
        score = sklearn_metrics.roc_auc_score(truth, second)
        yield "ROC AUC", score, bootstrap.roc_auc(truth, second)
        score = sklearn_metrics.average_precision_score(truth, second)
        yield "average precision", score, bootstrap.average_precision(truth, second)
    if evaluation.confidence_kind == "probabilities":
        score = sklearn_metrics.log_loss(pair[0], confidence, labels=range(evaluation.n_classes))
        of_true_class = confidence[np.arange(len(confidence)), pair[0]]
        least = np.finfo(confidence.dtype).eps  # as scikit-learn
        losses = -np.log(np.clip(of_true_class, least, 1 - least))
        yield "log loss", score, bootstrap.mean(losses)
