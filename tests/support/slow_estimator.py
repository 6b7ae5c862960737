"""An estimator that uses 20 ms of CPU time for each prediction, like a slow model."""

import logging
from time import process_time
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin

SECONDS = 0.02
CALLED = "the slow estimator is called"

log = logging.getLogger(__name__)


class SlowEstimator(RegressorMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no type hints
    """Predicts zeros, slowly."""

    def fit(self, rows: Any, target: Any) -> "SlowEstimator":
        """Store the number of columns."""
        self.n_features_in_ = np.asarray(rows).shape[1]
        return self

    def predict(self, rows: Any) -> Any:
        """Use CPU time, not wall time, so that other load on the machine does not shorten it."""
        log.info(CALLED)
        begin = process_time()
        while process_time() < begin + SECONDS:
            pass
        return np.zeros(len(rows))
