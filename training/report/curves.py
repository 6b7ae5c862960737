"""ROC, precision-recall and calibration curves: one per class, or one for two classes."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn import metrics
from sklearn.calibration import calibration_curve

from training.report.evaluation import Evaluation
from training.report.formatting import SHORT, label
from training.report.plots import DASHES, QUIET, SERIES, Plot, Plots

MAX_CLASSES = len(SERIES)
MIN_CALIBRATION_ROWS = 50
ROWS_PER_BIN, MAX_BINS = 20, 10
CHANCE: dict[str, Any] = {"color": QUIET, "linewidth": 1, "linestyle": (0, DASHES[2])}


def draw(plots: Plots, evaluation: Evaluation) -> Iterator[Plot]:
    """The curves that the model's probabilities or scores allow."""
    shown = classes(evaluation)
    if evaluation.confidence is None or not shown:
        return
    yield _roc(plots, evaluation, shown)
    yield _precision(plots, evaluation, shown)
    if (
        evaluation.confidence_kind == "probabilities"
        and len(evaluation.actual) >= MIN_CALIBRATION_ROWS
    ):
        yield _calibration(plots, evaluation, shown)


def missing_reason(evaluation: Evaluation) -> str | None:
    """Why a curve is missing; None if none is."""
    if not evaluation.labels:
        return None
    if evaluation.confidence_kind is None:
        return (
            "The model has neither probabilities nor scores, so there are no curves: they show "
            "other thresholds."
        )
    if not classes(evaluation):
        return "All rows are of one class, so there are no curves."
    if evaluation.confidence is None:
        return "The model does not have one score per class, so there are no curves."
    if evaluation.confidence_kind == "scores":
        return "The model has scores and no probabilities, so there is no calibration curve."
    if len(evaluation.actual) < MIN_CALIBRATION_ROWS:
        return f"{len(evaluation.actual)} rows are too few for a calibration curve."
    return None


def classes(evaluation: Evaluation) -> list[int]:
    """Indices of the classes with a curve: the second of two, or the most frequent ones."""
    counts = np.bincount(
        evaluation.actual[evaluation.of_known_class], minlength=evaluation.n_classes
    )
    there = [one for one in np.argsort(-counts, kind="stable").tolist() if counts[one]]
    if len(there) < 2:
        return []
    return [1] if evaluation.n_classes == 2 else sorted(there[:MAX_CLASSES])


def _truth(evaluation: Evaluation, one: int) -> tuple[Any, Any]:
    """Whether each row is of a class, and its score for it; without rows of unknown classes."""
    known = evaluation.of_known_class
    return evaluation.actual[known] == one, np.asarray(evaluation.confidence)[known, one]


def _name(evaluation: Evaluation, one: int) -> str:
    return label(evaluation.labels[one], 2 * SHORT)


def _axes(plot: Plot, across: str, up: str) -> None:
    plot.axes.set(xlabel=across, ylabel=up, xlim=(-0.01, 1.01), ylim=(-0.01, 1.02))
    plot.axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    plot.axes.set_yticks([0, 0.5, 1], ["0", "0.5", "1"])


def _curve(plot: Plot, place: int, across: Any, up: Any, **more: Any) -> None:
    plot.axes.plot(across, up, color=SERIES[place], linestyle=(0, DASHES[place]), **more)


def _roc(plots: Plots, evaluation: Evaluation, shown: list[int]) -> Plot:
    found = [metrics.roc_curve(*_truth(evaluation, one)) for one in shown]
    areas = [metrics.auc(false, true) for false, true, _ in found]
    description = "; ".join(
        f"{_name(evaluation, one)}: area {area:.3f}" for one, area in zip(shown, areas, strict=True)
    )
    with plots.new("ROC curve", f"{description}. By chance the area is 0.5.") as plot:
        _axes(plot, "false positive rate", "true positive rate")
        plot.notes.append(
            "True positive rate: share of the class that is found. False positive rate: share of "
            "the other rows that are mistaken for it. The dotted line is chance."
        )
        plot.axes.plot([0, 1], [0, 1], **CHANCE)
        for place, (one, (false, true, _), area) in enumerate(
            zip(shown, found, areas, strict=True)
        ):
            _curve(plot, place, false, true)
            plot.legend.append((place, f"{_name(evaluation, one)}, area {area:.3f}"))
    return plot


def _precision(plots: Plots, evaluation: Evaluation, shown: list[int]) -> Plot:
    areas = [metrics.average_precision_score(*_truth(evaluation, one)) for one in shown]
    description = "; ".join(
        f"{_name(evaluation, one)}: average precision {area:.3f}"
        for one, area in zip(shown, areas, strict=True)
    )
    with plots.new("Precision-recall curve", f"{description}.") as plot:
        _axes(plot, "recall", "precision")
        plot.notes.append(
            "Recall: share of the class that is found. Precision: share of the rows predicted as "
            "the class that belong to it."
        )
        for place, (one, area) in enumerate(zip(shown, areas, strict=True)):
            truth, score = _truth(evaluation, one)
            precision, recall, _ = metrics.precision_recall_curve(
                truth, score, drop_intermediate=True
            )
            _curve(plot, place, recall, precision, drawstyle="steps-post")
            if len(shown) == 1:
                plot.notes.append("The dotted line is chance: the share of the class.")
                plot.axes.axhline(truth.mean(), color=QUIET, linewidth=1, linestyle=(0, DASHES[2]))
            plot.legend.append((place, f"{_name(evaluation, one)}, average {area:.3f}"))
    return plot


def _calibration(plots: Plots, evaluation: Evaluation, shown: list[int]) -> Plot:
    bins = int(np.clip(len(evaluation.actual) // ROWS_PER_BIN, 3, MAX_BINS))
    description = (
        "For groups of rows, from the least to the most probable: the mean predicted probability, "
        "and the fraction that is of the class. A calibrated model lies on the diagonal."
    )
    with plots.new("Calibration curve", description) as plot:
        _axes(plot, "mean predicted probability", "fraction of positives")
        plot.notes.append(
            "Each dot is a group of rows of equal size. On the dotted line the predicted "
            "probability is right: of 100 rows with 0.8, 80 are of the class."
        )
        plot.axes.plot([0, 1], [0, 1], **CHANCE)
        for place, one in enumerate(shown):
            truth, score = _truth(evaluation, one)
            fraction, mean = calibration_curve(
                truth, np.clip(score, 0, 1), n_bins=bins, strategy="quantile"
            )
            _curve(plot, place, mean, fraction, marker="o", markersize=4)
            plot.legend.append((place, _name(evaluation, one)))
    return plot
