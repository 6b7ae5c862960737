"""A scatter plot on a grid: the size of each dot is the number of rows near it.

The page's size does not grow with the rows, and no single row can be read from it.
"""

from typing import Any

import numpy as np
from matplotlib.axes import Axes

COLUMNS, ROWS = 36, 27
DOT_PIXELS = (2.5, 4.0, 5.5, 7.0)


def draw(axes: Axes, across: Any, up: Any, most: int | None = None, **look: Any) -> int:
    """Draw rows within the limits of the axes. Return the number of rows in the largest dot.

    `most` is that number for another set of rows, to draw both to the same scale.
    """
    limits = [axes.get_xlim(), axes.get_ylim()]
    counts, xs, ys = np.histogram2d(across, up, bins=(COLUMNS, ROWS), range=limits)
    largest = int(counts.max())
    scale = max(most or largest, 1)
    size = np.ceil(np.sqrt(counts / scale) * len(DOT_PIXELS)).astype(int).clip(max=len(DOT_PIXELS))
    for step, pixels in enumerate(DOT_PIXELS, start=1):
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


def padded_range(values: Any, padding: float = 0.04) -> tuple[float, float]:
    """Minimum and maximum of some values, with a margin."""
    low, high = float(np.min(values)), float(np.max(values))
    more = (high - low) * padding or max(abs(high) * padding, 1e-9)
    return low - more, high + more
