"""Whether rows are apart: each gets the same answer alone as among others.

Nearly every model's are, but a step may look at all that it is given, such as a function that takes
the mean of them. Only where rows are apart may requests share a call of the model.
"""

import warnings
from collections.abc import Mapping

import numpy as np

from service.model.engines import Column, Engine

ALONE = 20  # rows that are tried alone
TOLERANCE = 1e-9  # of probabilities and scores, which no shared call tells; they give most away


def are_apart(engine: Engine, columns: Mapping[str, Column], confident: bool) -> bool:
    """Compare the answers for these rows with those for their halves, and for some of them alone.

    Predictions must be equal to the last bit. `confident` says whether to compare what the engine's
    `confidence` says, too.
    """
    given = list(columns.values())
    rows = len(given[0])
    batches = [slice(0, rows // 2), slice(rows // 2, rows)] if rows > 1 else []
    batches += [slice(row, row + 1) for row in range(min(ALONE, rows))]
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            predicted = engine.predict(given)
            told = engine.confidence(given) if confident else []
            for batch in batches:
                part = [column[batch] for column in given]
                for whole, own in zip(predicted, engine.predict(part), strict=True):
                    if not np.array_equal(whole[batch], own):
                        return False
                for whole, own in zip(told, engine.confidence(part) if told else [], strict=True):
                    if not np.allclose(whole[batch], own, rtol=TOLERANCE, atol=TOLERANCE):
                        return False
        except Exception:  # of other people's code: then nothing is known
            return False
    return True
