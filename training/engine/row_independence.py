"""Tests whether rows are independent: each gets the same prediction alone as among others.

Nearly every model's rows are, but a step may depend on all rows of a call, such as a function that
subtracts their mean. Only if rows are independent may requests share a call of the model.
"""

import warnings
from collections.abc import Mapping

import numpy as np

from service.model.engines import Column, Engine

SINGLE_ROWS = 20  # rows that are predicted alone
SINGLE_CELLS = 20_000  # of a wide table, in which a call takes long, these have fewer rows
FEWEST_SINGLE_ROWS = 5
# For probabilities and scores. Shared calls never return them; comparing them detects dependence
# that labels hide.
TOLERANCE = 1e-9


def are_rows_independent(engine: Engine, columns: Mapping[str, Column], confident: bool) -> bool:
    """Compare predictions for these rows with those for their halves and for single rows.

    Predictions must be byte-identical. `confident` also compares probabilities or scores.
    """
    given = list(columns.values())
    rows = len(given[0])
    batches = [slice(0, rows // 2), slice(rows // 2, rows)] if rows > 1 else []
    alone = min(SINGLE_ROWS, max(FEWEST_SINGLE_ROWS, SINGLE_CELLS // len(given)))
    batches += [slice(row, row + 1) for row in range(min(alone, rows))]
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            predicted = engine.predict(given)
            together = engine.confidence(given) if confident else []
            for batch in batches:
                part = [column[batch] for column in given]
                for whole, own in zip(predicted, engine.predict(part), strict=True):
                    if not np.array_equal(whole[batch], own):
                        return False
                for whole, own in zip(
                    together, engine.confidence(part) if together else [], strict=True
                ):
                    if not np.allclose(whole[batch], own, rtol=TOLERANCE, atol=TOLERANCE):
                        return False
        except Exception:  # of the model's code: independence is then unknown
            return False
    return True
