"""BentoML: `bentoml serve service:Model`."""

import os

import bentoml
import joblib
import numpy as np
import pandas as pd


@bentoml.service(workers=int(os.environ["BENCH_WORKERS"]))
class Model:
    """One estimator."""

    def __init__(self) -> None:
        self.estimator = joblib.load(os.environ["BENCH_MODEL"])

    if os.environ["BENCH_KIND"] == "mixed":

        @bentoml.api
        def predict(self, rows: pd.DataFrame) -> np.ndarray:
            """A DataFrame, as the model was fitted on."""
            return self.estimator.predict(rows)

    else:

        @bentoml.api
        def predict(self, rows: np.ndarray) -> np.ndarray:
            """An array, as the model was fitted on."""
            return self.estimator.predict(rows)
