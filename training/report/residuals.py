"""Pictures of a regression: how far off it is, and where."""

from collections.abc import Iterator

import numpy as np

from training.report import dots
from training.report.figure import ACCENT, BAR, QUIET, Picture, Pictures
from training.report.judged import Judged
from training.report.words import number

BINS = 25


def drawn(pictures: Pictures, judged: Judged) -> Iterator[Picture]:
    """Predicted and actual values, residuals by prediction, and how they are distributed."""
    actual, predicted = judged.actual, judged.predicted
    residuals = actual - predicted
    far = float(np.percentile(np.abs(residuals), 90))
    both = dots.spread([actual, predicted])
    told = "Each prediction and what was so. A right model's dots lie on the diagonal."
    with pictures.drawn("Predicted and actual", told, left=60) as picture:
        picture.axes.set(xlabel="predicted", ylabel="actual", xlim=both, ylim=both)
        picture.axes.plot(both, both, color=QUIET, linewidth=1)
        dots.draw(picture.axes, predicted, actual, color=ACCENT, alpha=0.6)
    yield picture
    told = f"What was so, less what was predicted. For 90 % of the rows it is within {number(far)}."
    with pictures.drawn("Residuals by prediction", told, left=60) as picture:
        picture.axes.set(xlabel="predicted", ylabel="actual less predicted")
        picture.axes.set(xlim=dots.spread(predicted), ylim=dots.spread(residuals))
        picture.axes.axhline(0, color=QUIET, linewidth=1)
        dots.draw(picture.axes, predicted, residuals, color=ACCENT, alpha=0.6)
        picture.notes.append("A trend or a funnel means that the model misses something.")
    yield picture
    told = f"How often it is how far off; the mean is {number(float(residuals.mean()))}."
    with pictures.drawn("Residuals", told, left=60) as picture:
        counts, edges = np.histogram(residuals, bins=BINS)
        picture.axes.stairs(counts, edges, fill=True, color=BAR)
        picture.axes.axvline(0, color=QUIET, linewidth=1)
        picture.axes.set(xlabel="actual less predicted", ylabel="rows")
    yield picture
