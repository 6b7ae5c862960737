"""The most probable labels of each row."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from service.model.engines import Column
from service.model.signature import Label

BLOCK_VALUES = 1_000_000  # values sorted at once: 8 MB, and as much for the order


def most_probable(probabilities: Column, labels: Sequence[Label], count: int) -> dict[str, Any]:
    """`labels` and `probabilities` of shape (rows, count), sorted by falling probability.

    Labels of equal probability keep the order of `labels`. There are fewer than `count` if the
    output has fewer.
    """
    found: dict[str, Any] = {"labels": [], "probabilities": []}
    for rows in blocks(len(probabilities), len(labels)):
        block = probabilities[rows]
        order = np.argsort(-block, axis=1, kind="stable")[:, :count]
        found["labels"] += [[labels[place] for place in row] for row in order.tolist()]
        found["probabilities"] += np.take_along_axis(block, order, axis=1).tolist()
    return found


def blocks(rows: int, labels: int) -> list[slice]:
    """Slices of some rows each, so that none has more than BLOCK_VALUES values."""
    step = max(1, BLOCK_VALUES // max(1, labels))
    return [slice(start, start + step) for start in range(0, rows, step)]
