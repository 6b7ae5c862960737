"""Which inputs a model goes by: how much worse it does when one of them is shuffled."""

import timeit
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics
from sklearn.inspection import permutation_importance

from training.report.figure import BAR, INK, Picture, Pictures
from training.report.judged import Judged
from training.report.words import SHORT, shown
from training.trying import trying

SECONDS = 2.0  # it may take
PLANS = ((1000, 5), (500, 5), (250, 3), (100, 2))  # rows and repeats; the first that is in time
MOST_BARS = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Importance:
    """Loss of the score by input, its mean and standard deviation over the repeats."""

    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]
    rows: int
    repeats: int
    score: str


def found(judged: Judged) -> Importance | str | None:
    """The importance of each input; or why it is missing, if a reader would wonder."""
    signature = judged.engine.signature
    if len(signature.inputs) < 2:
        return None  # there is nothing to compare it with
    usable = np.flatnonzero(judged.known) if judged.labels else np.arange(len(judged.actual))
    if len(usable) < 2:
        return None  # there is no score
    order = np.random.default_rng(0).permutation(usable)

    def score(estimator: Any, rows: Any, actual: Any) -> float:
        with trying(judged.engine.trusted):
            predicted = np.asarray(estimator.predict(rows))
        return _score(judged, predicted, actual)

    for most, repeats in PLANS:
        picked = order[:most]
        rows = judged.engine.contained([column[picked] for column in judged.columns])
        given = judged.engine.estimator, rows, judged.actual[picked]
        seconds = min(timeit.repeat(partial(score, *given), number=1, repeat=2))
        if seconds * len(signature.inputs) * repeats <= SECONDS:
            break
    else:
        return (
            f"With {len(signature.inputs):,} inputs it takes too long to find out which of them "
            "the model goes by."
        )
    told = permutation_importance(*given, scoring=score, n_repeats=repeats, random_state=0)
    return Importance(
        mean=told.importances_mean,
        deviation=told.importances_std,
        rows=len(picked),
        repeats=repeats,
        score="balanced accuracy" if judged.labels else "R²",
    )


def _score(judged: Judged, predicted: Any, actual: Any) -> float:
    if predicted.ndim > 1:
        predicted = predicted[:, judged.place] if predicted.shape[1] > 1 else predicted[:, 0]
    if not judged.labels:
        return float(metrics.r2_score(actual, predicted.astype(np.float64)))
    return float(metrics.balanced_accuracy_score(actual, judged.codes(predicted)))


def drawn(pictures: Pictures, judged: Judged, importance: Importance) -> Picture:
    """A bar for each of the inputs that matter most."""
    names = judged.engine.signature.names
    order = np.argsort(-importance.mean, kind="stable")[:MOST_BARS]
    told = "; ".join(f"{shown(names[one], 40)} {importance.mean[one]:.3f}" for one in order[:5])
    more = len(names) - len(order)
    height = 56 + 22 * len(order)
    with pictures.drawn(
        "Importance of inputs", f"Loss of {importance.score}: {told}.", height=height, left=126
    ) as picture:
        axes = picture.axes
        places = range(len(order))
        axes.barh(places, importance.mean[order], height=0.62, color=BAR)
        for place, one in zip(places, order, strict=True):
            middle, half = importance.mean[one], importance.deviation[one]
            axes.plot([middle - half, middle + half], [place, place], color=INK, linewidth=1)
        axes.set_yticks(places, [shown(names[one], SHORT) for one in order])
        axes.set(ylim=(len(order) - 0.4, -0.6), xlabel=f"loss of {importance.score}")
        axes.grid(visible=False, axis="y")
        axes.axvline(0, color=INK, linewidth=1)
        picture.notes.append(
            f"How much {importance.score} falls when an input's values are shuffled among "
            f"{importance.rows:,} rows, {importance.repeats} times; lines are a standard deviation."
        )
        if more:
            picture.notes.append(f"{more:,} more inputs matter less.")
    return picture
