"""Plots of a regression's residuals: the actual value minus the predicted one."""

from collections.abc import Iterator

import numpy as np

from training.report import density_scatter
from training.report.evaluation import Evaluation
from training.report.formatting import number
from training.report.plots import ACCENT, BAR, QUIET, Plot, Plots

BINS = 25


def draw(plots: Plots, evaluation: Evaluation) -> Iterator[Plot]:
    """Predicted against actual values, residuals by prediction, and their distribution."""
    actual, predicted = evaluation.actual, evaluation.predicted
    residuals = actual - predicted
    far = float(np.percentile(np.abs(residuals), 90))
    both = density_scatter.padded_range([actual, predicted])
    description = "Predicted and actual values. Without errors all dots lie on the diagonal."
    with plots.new("Predicted and actual values", description, left=60) as plot:
        plot.axes.set(xlabel="predicted", ylabel="actual", xlim=both, ylim=both)
        plot.axes.plot(both, both, color=QUIET, linewidth=1)
        plot.notes.append("Without errors all dots lie on the line.")
        density_scatter.draw(plot.axes, predicted, actual, color=ACCENT, alpha=0.6)
    yield plot
    description = f"Actual minus predicted value. For 90 % of the rows it is within {number(far)}."
    with plots.new("Residuals by prediction", description, left=60) as plot:
        plot.axes.set(xlabel="predicted", ylabel="residual")
        plot.axes.set(
            xlim=density_scatter.padded_range(predicted),
            ylim=density_scatter.padded_range(residuals),
        )
        plot.axes.axhline(0, color=QUIET, linewidth=1)
        density_scatter.draw(plot.axes, predicted, residuals, color=ACCENT, alpha=0.6)
        plot.notes.append(
            "A residual is the actual minus the predicted value. A trend or a funnel means that "
            "the model misses something."
        )
    yield plot
    description = (
        f"How often each size of error occurs; the mean is {number(float(residuals.mean()))}."
    )
    with plots.new("Distribution of residuals", description, left=60) as plot:
        counts, edges = np.histogram(residuals, bins=BINS)
        plot.axes.stairs(counts, edges, fill=True, color=BAR)
        plot.axes.axvline(0, color=QUIET, linewidth=1)
        plot.axes.set(xlabel="residual", ylabel="rows")
    yield plot
