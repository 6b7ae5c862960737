"""FastAPI, written by hand: `uvicorn app:app`. Columns in, checked by pydantic."""

import os

import joblib
import numpy as np
import pandas as pd
from fastapi import FastAPI
from pydantic import BaseModel

estimator = joblib.load(os.environ["BENCH_MODEL"])
app = FastAPI()


class Readings(BaseModel):
    """Rows of the models on numbers."""

    sensor_1: list[float]
    sensor_2: list[float]


class Customers(BaseModel):
    """Rows of the model on a mixed table."""

    age: list[float]
    income: list[float]
    visits: list[int]
    region: list[str]
    plan: list[str]


class Answer(BaseModel):
    """One value for each row."""

    label: list[float]


if os.environ["BENCH_KIND"] == "mixed":

    @app.post("/predict")
    async def predict_customers(rows: Customers) -> Answer:
        """A DataFrame, as the model was fitted on."""
        return Answer(label=estimator.predict(pd.DataFrame(rows.model_dump())).tolist())

else:

    @app.post("/predict")
    async def predict_readings(rows: Readings) -> Answer:
        """An array, as the model was fitted on."""
        table = np.column_stack([rows.sensor_1, rows.sensor_2])
        return Answer(label=estimator.predict(table).tolist())
