"""Tests whether rows are independent: each gets the same prediction alone as among others.

Nearly every model's rows are, but a step may depend on all rows of a call, such as a function that
subtracts their mean. Matrix products are another reason: kernels compute the last rows of a batch,
those left over of 4, 8 or 16, by other instructions, which may round otherwise. Which rows differ
depends on the processor: with ONNX Runtime 1.28 on ARM64 those in batches whose size modulo 8 is 4
to 7, on x86-64 none. So packing tests it, and the service again where it runs. Only if rows are
independent may requests share a call of the model.
"""

import warnings
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from time import perf_counter

import numpy as np

from service.model.boundary_rows import PAIRS, PARTS, STEPS, beside_boundaries
from service.model.engines import Column, Engine

# For probabilities and scores. Shared calls never return them; comparing them detects dependence
# that labels hide. Vectorised functions such as exp round the last rows otherwise.
TOLERANCE = 1e-9
# Rows in a batch. Numbers that gave differences on some processor come first, because the test of a
# slow model ends early when the service starts.
SIZES = (5, 1, 3, 12, 7, 4, 6, 2, 8, 13, 15, 14, 9, 11, 10, 16)
BATCHES = 4  # of each size
SINGLE_ROWS = 100
START_ROWS = 16
START_SECONDS = 0.03
ELSEWHERE_ROWS = 200
ELSEWHERE_CELLS = 200_000  # rows times inputs; to draw more would hold up the start
ELSEWHERE_SECONDS = 0.5  # the most for each part of the test on another kind of processor


def are_rows_independent(
    engine: Engine,
    columns: Sequence[Column],
    confident: bool,
    seconds: float = float("inf"),
    every: bool = False,
) -> bool:
    """Compare predictions for these rows with those for their halves and for small batches.

    `columns` has an array of shape (rows,) for each input. Predictions must be identical to the
    last bit. With `confident` probabilities or scores are compared, too. The test ends after some
    seconds: what was not tried counts as equal. With `every` all rows are in a batch of each size;
    otherwise a few of them are.
    """
    end = perf_counter() + seconds
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            predicted = engine.predict(list(columns))
            scores = engine.confidence(list(columns)) if confident else []
            for batch in _batches(len(columns[0]), every):
                part = [column[batch] for column in columns]
                for whole, own in zip(predicted, engine.predict(part), strict=True):
                    if not np.array_equal(whole[batch], own):
                        return False
                for whole, own in zip(
                    scores, engine.confidence(part) if scores else [], strict=True
                ):
                    if not np.allclose(whole[batch], own, rtol=TOLERANCE, atol=TOLERANCE):
                        return False
                if perf_counter() > end:
                    return True
        except Exception:  # of the model's code: independence is then unknown
            return False
    return True


def hold_here(engine: Engine, columns: Sequence[Column], confident: bool) -> bool:
    """The same for a few rows and a short time: for the processor that serves."""
    rows = np.resize(np.arange(len(columns[0])), START_ROWS)
    return are_rows_independent(engine, [one[rows] for one in columns], confident, START_SECONDS)


def hold_elsewhere(
    engine: Engine,
    columns: Sequence[Column],
    has_labels: bool,
    expected_seconds: Callable[[int], float],
) -> bool:
    """A longer test, on another kind of processor than the one that packed the model.

    `columns` are `ELSEWHERE_ROWS` rows that were drawn around the golden ones. Packing's rows
    beside the boundaries of labels prove nothing here, so others are found. A model that is too
    slow for that counts as dependent: its calls gain little from being shared.
    """
    if not are_rows_independent(engine, columns, False, ELSEWHERE_SECONDS, every=True):
        return False
    if not has_labels:
        return True
    if STEPS * expected_seconds(PAIRS * PARTS) > ELSEWHERE_SECONDS:
        return False
    beside = beside_boundaries(engine, columns)
    return not beside or are_rows_independent(
        engine, beside, confident=False, seconds=ELSEWHERE_SECONDS, every=True
    )


def _batches(rows: int, every: bool) -> Iterator[slice]:
    halves = (slice(0, rows // 2), slice(rows // 2, rows)) if rows > 1 else ()
    small = (
        slice(start, start + size)
        for size in SIZES
        if size < rows
        for start in _starts(rows - size, _count(size, rows, every))
    )
    return chain(halves, small)


def _count(size: int, rows: int, every: bool) -> int:
    if every:
        return -(-rows // size)
    return SINGLE_ROWS if size == 1 else BATCHES


def _starts(last: int, count: int) -> list[int]:
    return sorted({round(start) for start in np.linspace(0, last, count).tolist()})
