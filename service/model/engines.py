"""The libraries that compute, behind one call.

Importing scikit-learn takes longer than all else at start, so it happens in `load`, after the
artifact has been verified.
"""

from collections.abc import Collection, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from service.model import trust
from service.model.signature import Signature

Column = NDArray[Any]
ENGINES = ("scikit-learn",)


class Engine(Protocol):
    """A loaded model. Columns are one-dimensional, equally long, in the signature's order."""

    def predict(self, columns: Sequence[Column]) -> list[Column]:
        """One array of shape (rows,) for each output."""

    def confidence(self, columns: Sequence[Column]) -> list[Column]:
        """For each output what its `confidence` says, of shape (rows,) or (rows, labels)."""


class ScikitLearn:
    """A fitted estimator, given what it was fitted on."""

    def __init__(self, estimator: Any, signature: Signature) -> None:
        self.estimator = estimator
        self.signature = signature
        self.width = len(signature.outputs)

    def predict(self, columns: Sequence[Column]) -> list[Column]:
        """`estimator.predict`, output by output."""
        values = np.asarray(self.estimator.predict(self.contained(columns)))
        return [values.ravel()] if self.width == 1 else list(values.T)

    def confidence(self, columns: Sequence[Column]) -> list[Column]:
        """`estimator.predict_proba`, or else `decision_function`, output by output."""
        rows = self.contained(columns)
        if self.signature.confidence == "probabilities":
            found = self.estimator.predict_proba(rows)
        else:
            found = self.estimator.decision_function(rows)
        if isinstance(found, list):  # of multi-output classifiers: one array per output
            return [np.asarray(values) for values in found]
        values = np.asarray(found)
        return [values] if self.width == 1 else list(values.T)

    def contained(self, columns: Sequence[Column]) -> Any:
        """Columns as the estimator takes them: an array, a DataFrame or a list of values."""
        if self.signature.container == "list":
            return columns[0]
        if self.signature.container == "frame":
            import pandas as pd  # heavy, and only models that were fitted on a frame need it

            data = dict(zip(self.signature.names, columns, strict=True))
            types = {
                column.name: column.dtype
                for column in self.signature.inputs
                if data[column.name].dtype.name != column.dtype or column.dtype == "object"
            }
            frame = pd.DataFrame(data, copy=False)
            return frame.astype(types) if types else frame
        return np.column_stack(columns)


def load(signature: Signature, content: bytes, trusted: Collection[str] = ()) -> Engine:
    """Unpickle a model from bytes that have been verified; see `trust.load` for the errors."""
    return ScikitLearn(trust.load(content, trusted), signature)
