"""An estimator that burns 20 ms of CPU for each call, as a dear model would."""

import logging
from time import process_time
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin

SECONDS = 0.02
CALLED = "the burner is called"

log = logging.getLogger(__name__)


class Burner(RegressorMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no type hints
    """Predicts zeros, dearly."""

    def fit(self, rows: Any, target: Any) -> "Burner":
        """Note how wide rows are."""
        self.n_features_in_ = np.asarray(rows).shape[1]
        return self

    def predict(self, rows: Any) -> Any:
        """Burn CPU, not merely time: others on the machine make it no shorter."""
        log.info(CALLED)
        begin = process_time()
        while process_time() < begin + SECONDS:
            pass
        return np.zeros(len(rows))
