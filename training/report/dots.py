"""Rows as dots on a grid: the more rows lie near a place, the larger its dot.

Neither does a page grow with the rows then, nor does it show anybody's.
"""

from typing import Any

import numpy as np
from matplotlib.axes import Axes

ACROSS, UP = 36, 27
SIZES = (2.5, 4.0, 5.5, 7.0)  # pixels


def draw(axes: Axes, across: Any, up: Any, most: int | None = None, **look: Any) -> int:
    """Draw rows within the limits of the axes; how many are in the largest dot.

    `most` is that number of another set of rows, to draw these to the same scale.
    """
    limits = [axes.get_xlim(), axes.get_ylim()]
    counts, xs, ys = np.histogram2d(across, up, bins=(ACROSS, UP), range=limits)
    largest = int(counts.max())
    scale = max(most or largest, 1)
    size = np.ceil(np.sqrt(counts / scale) * len(SIZES)).astype(int).clip(max=len(SIZES))
    for step, pixels in enumerate(SIZES, start=1):
        place = np.nonzero(size == step)
        axes.plot(
            (xs[:-1] + xs[1:])[place[0]] / 2,
            (ys[:-1] + ys[1:])[place[1]] / 2,
            linestyle="none",
            marker="o",
            markersize=pixels,
            markeredgewidth=0,
            **look,
        )
    return largest


def spread(values: Any, padding: float = 0.04) -> tuple[float, float]:
    """From the least to the largest of some values, and a little more."""
    low, high = float(np.min(values)), float(np.max(values))
    more = (high - low) * padding or max(abs(high) * padding, 1e-9)
    return low - more, high + more
