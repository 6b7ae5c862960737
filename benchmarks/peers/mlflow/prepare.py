"""Log the model as MLflow's own format, with its signature, for `mlflow models serve`."""

import os
import shutil

import joblib
import mlflow.sklearn
import pandas as pd
from mlflow.models import infer_signature

estimator = joblib.load(os.environ["BENCH_MODEL"])
sample = pd.read_csv(os.environ["BENCH_SAMPLE"], nrows=1000)
rows = sample if os.environ["BENCH_KIND"] == "mixed" else sample.to_numpy()
shutil.rmtree("saved", ignore_errors=True)
mlflow.sklearn.save_model(
    estimator,
    "saved",
    signature=infer_signature(rows, estimator.predict(rows)),
    serialization_format="cloudpickle",
)
