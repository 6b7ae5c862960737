"""Packed models, and values that their signatures accept, for Hypothesis."""

import math
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import joblib
import pandas as pd
from flask.testing import FlaskClient
from hypothesis import strategies as st

from service.app import create_app
from service.model.predictor import Predictor
from service.model.signature import Input
from service.settings import Settings
from tests.support.model_cases import ModelCase
from tests.support.models import MODEL_CASES
from tests.support.temporary_folders import kept
from training.__main__ import main
from training.formats.loaded import load
from training.pack import pack
from training.samples.sample import read
from training.sensor_example import data, pipeline

Values = st.SearchStrategy[Any]


def sensors() -> ModelCase:
    """The sensor model."""
    readings = data.read(data.DEFAULT)
    model = pipeline.build().fit(readings.inputs, readings.target)
    return ModelCase(model, pd.DataFrame(readings.inputs, columns=["sensor_1", "sensor_2"]))


ALL_MODELS = {"sensors": sensors, **MODEL_CASES}
FOLDERS: dict[str, Path] = {}


@cache
def packed(name: str) -> tuple[ModelCase, Predictor, FlaskClient]:
    """An estimator, its packed model, and a client of its service."""
    case, folder = ALL_MODELS[name](), kept()
    joblib.dump(case.estimator, folder / "model.joblib")
    case.rows.to_csv(folder / "rows.csv", index=False)
    estimator = load(folder / "model.joblib", [])
    pack(estimator, read(folder / "rows.csv"), targets=[], name="x", folder=folder / "a")
    predictor = Predictor.load(folder / "a")
    FOLDERS[name] = folder / "a"
    return case, predictor, create_app(Settings(), predictor).test_client()


def folder_of(name: str) -> Path:
    """The artifact of an estimator."""
    packed(name)
    return FOLDERS[name]


@cache
def client_of(name: str, *protocols: str, **settings: Any) -> FlaskClient:
    """A client of the service of this model, with these protocols and no others."""
    given = Settings(protocols=protocols or ("none",), **settings)
    return create_app(given, packed(name)[1]).test_client()


def packed_by_command(folder: Path, model: Any, rows: pd.DataFrame, *more: object) -> Path:
    """The artifact of a model, packed by the command with these options."""
    joblib.dump(model, folder / "model.joblib")
    rows.to_csv(folder / "rows.csv", index=False)
    command = ["pack", folder / "model.joblib", "--sample", folder / "rows.csv", *more]
    assert main([*map(str, command), "--out", str(folder / "artifact")]) == 0
    return folder / "artifact"


def accepted(column: Input) -> Values:
    """Values that are valid by the signature."""
    kinds: dict[str, Callable[[], Values]] = {
        "number": lambda: st.floats(column.lowest, column.highest),
        "integer": lambda: st.integers(
            math.ceil(max(column.lowest or 0, -9e18)), math.floor(min(column.highest or 0, 9e18))
        ),
        "boolean": st.booleans,
        "text": lambda: st.text(max_size=20),
        "category": lambda: (
            st.sampled_from(column.categories or ("",))
            if column.closed
            else st.sampled_from(column.categories or ("",)) | st.text(min_size=1, max_size=9)
        ),
    }
    values = kinds[column.kind]()
    return values | st.none() if column.nullable else values


def rows_of(name: str, values: Callable[[Input], Values]) -> Values:
    signature = packed(name)[1].signature
    row = st.tuples(*(values(column) for column in signature.inputs))
    return st.lists(row, min_size=1, max_size=4)


def columns_of(name: str, rows: list[tuple[Any, ...]]) -> dict[str, list[Any]]:
    names = packed(name)[1].signature.names
    return dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
