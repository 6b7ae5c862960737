"""An estimator that uses more memory than a small container has, if a row has a large value."""

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin

ENOUGH = 1000.0  # from this value on it uses the memory
BYTES = 800_000_000


class MemoryEstimator(RegressorMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no type hints
    """Predicts zeros; a large value makes it fill a lot of memory first."""

    def fit(self, rows: Any, target: Any) -> "MemoryEstimator":
        """Store the number of columns."""
        self.n_features_in_ = np.asarray(rows).shape[1]
        return self

    def predict(self, rows: Any) -> Any:
        """Write ones to every page of the memory: pages of zeros would not be allocated."""
        if np.max(rows) == ENOUGH:
            return np.ones(BYTES // 8)[: len(rows)]
        return np.zeros(len(rows))
