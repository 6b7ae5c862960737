"""Compares the predictions of two engines for the same rows.

Labels must be equal. Probabilities, scores and regressions may differ by a tolerance, relative, and
absolute below 1.
"""

import warnings
from collections.abc import Callable, Sequence

import numpy as np

from service.model.engines import Column

TOLERANCES = {"float64": 1e-9, "float32": 1e-5}  # relative, and absolute below 1
SINGLE_ROWS = 50  # also predicted alone: libraries may compute one row in another way than many
BATCH_CELLS = 4_000_000  # in one call; engines copy them several times
Method = Callable[[list[Column]], list[Column]]


class UnequalError(Exception):
    """The engines predict differently, or one has no predictions. The message has the reason."""


def largest_difference(
    original: Method, converted: Method, given: list[Column], tolerance: float
) -> float:
    """The largest difference for these rows, and for a few of them predicted one at a time."""
    largest, rows = 0.0, len(given[0])
    size = batch_rows(given)
    for start in range(0, rows, size):
        whole = slice(start, min(start + size, rows))
        expected = _answers(original, [one[whole] for one in given], "scikit-learn")
        alone = range(start, min(rows, SINGLE_ROWS))  # empty after the first batch
        for part in (whole, *(slice(row, row + 1) for row in alone)):
            found = _answers(converted, [one[part] for one in given], "ONNX Runtime")
            for right, actual in zip(expected, found, strict=True):
                right = right[part.start - start : part.stop - start]
                largest = max(largest, _difference(right, actual, tolerance))
    return largest


def batch_rows(given: Sequence[Column]) -> int:
    """The number of rows to predict in one call."""
    return max(100, BATCH_CELLS // len(given))


def _answers(method: Method, given: list[Column], name: str) -> list[Column]:
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return method(given)
        except Exception as error:
            raise UnequalError(f"{name} cannot predict rows around the sample") from error


def _difference(expected: Column, found: Column, tolerance: float) -> float:
    """The largest difference of two arrays; UnequalError if it exceeds the tolerance."""
    if expected.shape != found.shape:
        raise UnequalError(f"shapes differ: {expected.shape} and {found.shape}")
    if expected.dtype.kind != "f":
        wrong = int((expected != found).sum())
        if wrong:
            raise UnequalError(f"{wrong} of {len(found)} labels differ")
        return 0.0
    finite = np.isfinite(expected)
    if not np.array_equal(finite, np.isfinite(found)):
        raise UnequalError("predictions for rows around the sample are not finite")
    expected, found = expected[finite], found[finite]  # the service refuses the other rows
    differences = np.abs(expected - found) / np.maximum(1.0, np.abs(expected))
    largest = float(differences.max(initial=0.0))
    if not largest <= tolerance:
        raise UnequalError(f"predictions differ by {largest:.1g}, more than {tolerance:g}")
    return largest
