"""The libraries that compute, behind one call.

Importing scikit-learn takes longer than all else at start, so it happens in `load`, after the
artifact has been verified.
"""

import io
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Column = NDArray[Any]


class Engine(Protocol):
    """A loaded model. Columns are one-dimensional, equally long, in the signature's order."""

    def predict(self, columns: Sequence[Column]) -> Column:
        """One output value per row, shape (rows,)."""

    def probabilities(self, columns: Sequence[Column]) -> Column:
        """One number per row and label, shape (rows, labels)."""


class ScikitLearn:
    """A fitted estimator that takes an array of shape (rows, inputs)."""

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator

    def predict(self, columns: Sequence[Column]) -> Column:
        """`estimator.predict`, shape (rows,)."""
        return np.asarray(self.estimator.predict(np.column_stack(columns)))

    def probabilities(self, columns: Sequence[Column]) -> Column:
        """`estimator.predict_proba`, shape (rows, labels)."""
        return np.asarray(self.estimator.predict_proba(np.column_stack(columns)))


def load(engine: str, content: bytes) -> Engine:
    """Unpickle a model from bytes that have been verified: unpickling can run any code.

    Raises ValueError for an engine that this service does not have, and whatever the library
    raises for content that it cannot read.
    """
    if engine != "scikit-learn":
        raise ValueError(f"engine {engine!r} is not one of this service's: scikit-learn")
    import joblib  # heavy, see above

    return ScikitLearn(joblib.load(io.BytesIO(content)))
