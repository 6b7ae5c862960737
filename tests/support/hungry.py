"""An estimator that takes more memory than a small container has, if asked for it."""

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin

ENOUGH = 1000.0  # what a row must hold to make it hungry
BYTES = 800_000_000


class Hungry(RegressorMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no type hints
    """Predicts zeros; a large value makes it fill a lot of memory first."""

    def fit(self, rows: Any, target: Any) -> "Hungry":
        """Note how wide rows are."""
        self.n_features_in_ = np.asarray(rows).shape[1]
        return self

    def predict(self, rows: Any) -> Any:
        """Ones are written to every page; zeros would be promised only."""
        if np.max(rows) == ENOUGH:
            return np.ones(BYTES // 8)[: len(rows)]
        return np.zeros(len(rows))
