"""Curves of classifiers: one for each class against the rest, or one if there are two."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn import metrics
from sklearn.calibration import calibration_curve

from training.report.figure import DASHES, QUIET, SERIES, Picture, Pictures
from training.report.judged import Judged
from training.report.words import SHORT, label

MOST_CLASSES = len(SERIES)
LEAST_ROWS = 50  # for a calibration curve, and
ROWS_PER_BIN, MOST_BINS = 20, 10
CHANCE: dict[str, Any] = {"color": QUIET, "linewidth": 1, "linestyle": (0, DASHES[2])}


def drawn(pictures: Pictures, judged: Judged) -> Iterator[Picture]:
    """ROC, precision and recall, and calibration, as far as the model tells what they take."""
    shown = classes(judged)
    if judged.told is None or not shown:
        return
    yield _roc(pictures, judged, shown)
    yield _precision(pictures, judged, shown)
    if judged.kind == "probabilities" and len(judged.actual) >= LEAST_ROWS:
        yield _calibration(pictures, judged, shown)


def missing(judged: Judged) -> str | None:
    """Why there are not all of these pictures, if a reader would wonder."""
    if not judged.labels:
        return None
    if judged.kind is None:
        return (
            "The model tells neither probabilities nor scores, so there are no curves: they show "
            "what another threshold would give."
        )
    if not classes(judged):
        return "The rows are all of one class, so there are no curves."
    if judged.told is None:
        return "The model's scores are not one for each class, so there are no curves."
    if judged.kind == "scores":
        return "The model tells scores and no probabilities, so there is nothing to calibrate."
    if len(judged.actual) < LEAST_ROWS:
        return f"{len(judged.actual)} rows are too few for a calibration curve."
    return None


def classes(judged: Judged) -> list[int]:
    """Places of the classes that get a curve: the second of two, else the most frequent ones."""
    counts = np.bincount(judged.actual[judged.known], minlength=judged.learned)
    there = [one for one in np.argsort(-counts, kind="stable").tolist() if counts[one]]
    if len(there) < 2:
        return []  # there is nothing to tell it from
    return [1] if judged.learned == 2 else sorted(there[:MOST_CLASSES])


def _truth(judged: Judged, one: int) -> tuple[Any, Any]:
    """Which rows are of a class, and what the model tells of that, where it could be right."""
    known = judged.known
    return judged.actual[known] == one, np.asarray(judged.told)[known, one]


def _name(judged: Judged, one: int) -> str:
    return label(judged.labels[one], 2 * SHORT)


def _axes(picture: Picture, across: str, up: str) -> None:
    picture.axes.set(xlabel=across, ylabel=up, xlim=(-0.01, 1.01), ylim=(-0.01, 1.02))
    picture.axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    picture.axes.set_yticks([0, 0.5, 1], ["0", "0.5", "1"])


def _curve(picture: Picture, place: int, across: Any, up: Any, **more: Any) -> None:
    picture.axes.plot(across, up, color=SERIES[place], linestyle=(0, DASHES[place]), **more)


def _roc(pictures: Pictures, judged: Judged, shown: list[int]) -> Picture:
    found = [metrics.roc_curve(*_truth(judged, one)) for one in shown]
    areas = [metrics.auc(false, true) for false, true, _ in found]
    told = "; ".join(
        f"{_name(judged, one)}: area {area:.3f}" for one, area in zip(shown, areas, strict=True)
    )
    with pictures.drawn("ROC curve", f"{told}. By chance the area would be 0.5.") as picture:
        _axes(picture, "share of the others taken for it", "share of the class found")
        picture.notes.append("The dotted line is chance.")
        picture.axes.plot([0, 1], [0, 1], **CHANCE)
        for place, (one, (false, true, _), area) in enumerate(
            zip(shown, found, areas, strict=True)
        ):
            _curve(picture, place, false, true)
            picture.legend.append((place, f"{_name(judged, one)}, area {area:.3f}"))
    return picture


def _precision(pictures: Pictures, judged: Judged, shown: list[int]) -> Picture:
    areas = [metrics.average_precision_score(*_truth(judged, one)) for one in shown]
    told = "; ".join(
        f"{_name(judged, one)}: average precision {area:.3f}"
        for one, area in zip(shown, areas, strict=True)
    )
    with pictures.drawn("Precision and recall", f"{told}.") as picture:
        _axes(picture, "recall", "precision")
        for place, (one, area) in enumerate(zip(shown, areas, strict=True)):
            truth, score = _truth(judged, one)
            precision, recall, _ = metrics.precision_recall_curve(
                truth, score, drop_intermediate=True
            )
            _curve(picture, place, recall, precision, drawstyle="steps-post")
            if len(shown) == 1:
                picture.notes.append("The dotted line is chance: the share of the class.")
                picture.axes.axhline(
                    truth.mean(), color=QUIET, linewidth=1, linestyle=(0, DASHES[2])
                )
            picture.legend.append((place, f"{_name(judged, one)}, average {area:.3f}"))
    return picture


def _calibration(pictures: Pictures, judged: Judged, shown: list[int]) -> Picture:
    bins = int(np.clip(len(judged.actual) // ROWS_PER_BIN, 3, MOST_BINS))
    told = (
        "For groups of rows, from the least to the most probable: the mean probability that the "
        "model tells, and the share that is of the class. A right model lies on the diagonal."
    )
    with pictures.drawn("Calibration", told) as picture:
        _axes(picture, "probability that it tells", "share that is so")
        picture.notes.append(
            "Each dot is a group of rows, all of one size. On the dotted line, what it tells is so."
        )
        picture.axes.plot([0, 1], [0, 1], **CHANCE)
        for place, one in enumerate(shown):
            truth, score = _truth(judged, one)
            share, mean = calibration_curve(
                truth, np.clip(score, 0, 1), n_bins=bins, strategy="quantile"
            )
            _curve(picture, place, mean, share, marker="o", markersize=4)
            picture.legend.append((place, _name(judged, one)))
    return picture
