"""Models of companion libraries of frames with whole numbers, and in estimators of scikit-learn."""

import json
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest

from service.model.predictor import Predictor, as_column
from tests.support.pythons import run_module

FRAMES = ("xgb frame", "lgb frame", "cat frame", "lgb search")
WITHIN = {
    "xgb calibrated": "XGBClassifier",
    "lgb calibrated": "LGBMClassifier",
    "lgb calibrated frame": "LGBMClassifier",
    "cat voting": "CatBoostClassifier",
}


@pytest.fixture(scope="module")
def frames(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models of frames, packed by the command where their library is installed."""
    folder = tmp_path_factory.mktemp("frames")
    run_module(python, "tests.companions.packing", folder, "FRAMES")
    return folder


@pytest.fixture(scope="module")
def within(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models in other estimators, packed by the command where their library is installed."""
    folder = tmp_path_factory.mktemp("within")
    run_module(python, "tests.companions.packing", folder, "WITHIN")
    return folder


def manifest(folder: Path) -> dict[str, Any]:
    """What the artifact says of itself."""
    return dict(json.loads((folder / "artifact/manifest.json").read_text()))


@pytest.mark.slow
@pytest.mark.parametrize("name", FRAMES)
def test_a_frame_of_whole_numbers_needs_no_types_in_the_sample(frames: Path, name: str) -> None:
    folder = frames / name
    rows: pd.DataFrame = pd.read_pickle(folder / "around.pickle")  # noqa: S301 (our own)
    expected = joblib.load(folder / "answers.joblib")
    predictor = Predictor.load(folder / "artifact")
    inputs = predictor.signature.inputs
    assert [(one.name, one.kind) for one in inputs] == [
        ("age", "integer"),  # as in the frame, where LightGBM has pay_a_day
        ("pay a day", "number"),
    ]
    whole = rows.astype(object).where(rows.notna(), None)
    columns = {one.name: as_column(whole[one.name].tolist(), one.dtype) for one in inputs}
    answer = predictor.predict_arrays(columns, True)
    assert (answer["y0"] == expected["predict"]).all()
    assert np.abs(answer["probabilities"] - expected["probabilities"]).max() < 1e-6


@pytest.mark.slow
@pytest.mark.parametrize(("name", "kind"), WITHIN.items())
def test_a_model_in_another_estimator_is_served_by_its_library(
    within: Path, name: str, kind: str
) -> None:
    made = manifest(within / name)
    assert made["engine"] == "scikit-learn"
    assert made["engines"]["why"] == f"not converted to ONNX (a {kind} in another estimator)"
    rows = pd.read_csv(within / name / "rows.csv")
    golden = made["golden"]["inputs"]
    assert list(golden) == [one for one in rows if one != "y0"]
