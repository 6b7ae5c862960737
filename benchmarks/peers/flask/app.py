"""Naive Flask: `gunicorn app:app --threads 4`. Columns in, each value checked by marshmallow."""

import os

import joblib
import numpy as np
import pandas as pd
from flask import Flask, jsonify, request
from marshmallow import Schema, ValidationError, fields

estimator = joblib.load(os.environ["BENCH_MODEL"])
app = Flask(__name__)


class Readings(Schema):
    """Rows of the models on numbers."""

    sensor_1 = fields.List(fields.Float(), required=True)
    sensor_2 = fields.List(fields.Float(), required=True)


class Customers(Schema):
    """Rows of the model on a mixed table."""

    age = fields.List(fields.Float(), required=True)
    income = fields.List(fields.Float(), required=True)
    visits = fields.List(fields.Integer(), required=True)
    region = fields.List(fields.String(), required=True)
    plan = fields.List(fields.String(), required=True)


mixed = os.environ["BENCH_KIND"] == "mixed"
schema = Customers() if mixed else Readings()


@app.post("/predict")
def predict():
    """Check the rows, predict them."""
    try:
        rows = schema.load(request.get_json())
    except ValidationError as error:
        return jsonify(error.messages), 422
    table = pd.DataFrame(rows) if mixed else np.column_stack([rows["sensor_1"], rows["sensor_2"]])
    return jsonify(label=estimator.predict(table).tolist())
