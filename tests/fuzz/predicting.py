"""Ask what was loaded to predict, while the service's own guard watches, as at the golden rows.

What the guard refuses is no finding: that is its purpose. An effect that it lets pass is one.
"""

from collections.abc import Collection
from contextlib import suppress
from signal import ITIMER_REAL, SIGALRM, setitimer, signal
from typing import Any

import numpy as np
import pandas as pd

from service.model.audit import EffectError, no_effects

SECONDS = 1.0  # a changed model may compute for very long
WIDEST = 300
METHODS = ("predict", "predict_proba", "decision_function")


class LateError(BaseException):
    """It computes for too long."""


def predict(value: Any, trusted: Collection[str]) -> str:
    """What came of it, in a few words; `value` may be anything."""
    handler = signal(SIGALRM, _late)
    setitimer(ITIMER_REAL, SECONDS)
    try:
        with no_effects(trusted):
            return _answered(value)
    except EffectError:
        return "refused by the guard"
    except MemoryError:
        return "out of memory"
    except BaseException as error:
        return f"no answer: {type(error).__name__}"
    finally:
        setitimer(ITIMER_REAL, 0)
        signal(SIGALRM, handler)


def _late(*_: object) -> None:
    raise LateError


def _answered(value: Any) -> str:
    """Call the methods that the engine calls; an error of one does not stop the others."""
    outcome = "no estimator"
    rows = None
    for name in METHODS:
        method = getattr(type(value), name, None)
        if method is None:
            continue
        if rows is None:
            rows = _rows(value)
        outcome = outcome if outcome == "predicted" else "no answer"
        with suppress(Exception):
            np.asarray(getattr(value, name)(rows)).tolist()
            outcome = "predicted"
    return outcome


def _rows(value: Any) -> Any:
    """Some rows that an estimator may take: a frame, an array of numbers, or texts."""
    names = getattr(value, "feature_names_in_", None)
    if type(names) is np.ndarray and names.ndim == 1 and len(names) < WIDEST:
        return pd.DataFrame({name: [1.0, 0.5, 2.0] for name in names.tolist()})
    width = getattr(value, "n_features_in_", None)
    if type(width) is int and 0 < width < WIDEST:
        return np.linspace(0.1, 9.0, 3 * width).reshape(3, width)
    return ["some text", "other words of it"]
