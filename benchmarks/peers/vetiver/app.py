"""Vetiver: `uvicorn app:api`, with a prototype of a row."""

import os

import joblib
import pandas as pd
from vetiver import VetiverAPI, VetiverModel

sample = pd.read_csv(os.environ["BENCH_SAMPLE"], nrows=5)
model = VetiverModel(
    joblib.load(os.environ["BENCH_MODEL"]),
    model_name="model",
    prototype_data=sample,
)
api = VetiverAPI(model, check_prototype=True).app
