"""Permutation importance: how much a score falls when the values of one input are shuffled."""

import timeit
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics
from sklearn.inspection import permutation_importance

from service.model import outputs
from training.estimators.side_effects import refuse_side_effects
from training.report.evaluation import Evaluation
from training.report.formatting import SHORT, printable
from training.report.plots import BAR, INK, Plot, Plots

TIME_LIMIT_SECONDS = 2.0
PLANS = ((1000, 5), (500, 5), (250, 3), (100, 2))  # rows and repeats; the first within the limit
MAX_BARS = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Importance:
    """Decrease of the score by input: mean and standard deviation over the repeats."""

    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]
    rows: int
    repeats: int
    score: str


def measure(evaluation: Evaluation) -> Importance | str | None:
    """Importance of each input; if there is none, the reason as a sentence, or None."""
    signature = evaluation.engine.signature
    if len(signature.inputs) < 2:
        return None
    usable = (
        np.flatnonzero(evaluation.of_known_class)
        if evaluation.labels
        else np.arange(len(evaluation.actual))
    )
    if len(usable) < 2:
        return None
    order = np.random.default_rng(0).permutation(usable)

    def score(estimator: Any, rows: Any, actual: Any) -> float:
        with refuse_side_effects(evaluation.engine.trusted):
            predicted = outputs.as_arrays(estimator.predict(rows))
        return _score(evaluation, predicted, actual)

    for most, repeats in PLANS:
        picked = order[:most]
        rows = evaluation.engine.contained([column[picked] for column in evaluation.columns])
        given = evaluation.engine.estimator, rows, evaluation.actual[picked]
        seconds = min(timeit.repeat(partial(score, *given), number=1, repeat=2))
        if seconds * len(signature.inputs) * repeats <= TIME_LIMIT_SECONDS:
            break
    else:
        return (
            f"Permutation importance of {len(signature.inputs):,} inputs takes too long for this "
            "model."
        )
    result = permutation_importance(*given, scoring=score, n_repeats=repeats, random_state=0)
    return Importance(
        mean=result.importances_mean,
        deviation=result.importances_std,
        rows=len(picked),
        repeats=repeats,
        score="balanced accuracy" if evaluation.labels else "R²",
    )


def _score(evaluation: Evaluation, predicted: Any, actual: Any) -> float:
    if predicted.ndim > 1:
        predicted = (
            predicted[:, evaluation.output_index] if predicted.shape[1] > 1 else predicted[:, 0]
        )
    if not evaluation.labels:
        return float(metrics.r2_score(actual, predicted.astype(np.float64)))
    return float(metrics.balanced_accuracy_score(actual, evaluation.codes(predicted)))


def draw(plots: Plots, evaluation: Evaluation, importance: Importance) -> Plot:
    """A bar for each of the most important inputs."""
    names = evaluation.engine.signature.names
    order = np.argsort(-importance.mean, kind="stable")[:MAX_BARS]
    description = "; ".join(
        f"{printable(names[one], 40)} {importance.mean[one]:.3f}" for one in order[:5]
    )
    more = len(names) - len(order)
    height = 56 + 22 * len(order)
    with plots.new(
        "Permutation importance",
        f"Decrease of {importance.score}: {description}.",
        height=height,
        left=126,
    ) as plot:
        axes = plot.axes
        places = range(len(order))
        axes.barh(places, importance.mean[order], height=0.62, color=BAR)
        for place, one in zip(places, order, strict=True):
            middle, half = importance.mean[one], importance.deviation[one]
            axes.plot([middle - half, middle + half], [place, place], color=INK, linewidth=1)
        axes.set_yticks(places, [printable(names[one], SHORT) for one in order])
        axes.set(ylim=(len(order) - 0.4, -0.6), xlabel=f"decrease of {importance.score}")
        axes.grid(visible=False, axis="y")
        axes.axvline(0, color=INK, linewidth=1)
        plot.notes.append(
            f"How much {importance.score} falls when the values of one input are shuffled among "
            f"{importance.rows:,} rows. Mean of {importance.repeats} repeats; lines are standard "
            "deviations."
        )
        if more:
            plot.notes.append(f"{more:,} more inputs are less important.")
    return plot
