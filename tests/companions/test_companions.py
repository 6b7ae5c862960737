"""Models of XGBoost, LightGBM and CatBoost answer as their libraries do, and without these."""

import json
import signal
import subprocess
import sys
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest

from service.model.predictor import Predictor, as_column
from tests.support.pythons import run_module
from tests.support.serving import ROOT, Server, serve_by, wait_until

WITHIN = {"float32": 1e-6, "float64": 1e-12}  # relative, and absolute below 1


@pytest.fixture(scope="module")
def packed(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every model, packed by the command where its library is installed."""
    folder = tmp_path_factory.mktemp("companions")
    run_module(python, "tests.companions.packing", folder)
    return folder


def manifest(folder: Path) -> dict[str, Any]:
    """The manifest of an artifact."""
    return dict(json.loads((folder / "artifact/manifest.json").read_text()))


def has_started(server: Server, workers: int) -> bool:
    """Whether so many workers have been started in all."""
    return server.log.read_text().count("Booting worker") == workers


def difference(found: Any, expected: Any) -> float:
    """The largest, relative where numbers are greater than 1."""
    assert found.shape == expected.shape
    return float((np.abs(found - expected) / np.maximum(1.0, np.abs(expected))).max())


def test_here_none_of_the_libraries_is_installed() -> None:
    assert not any(map(find_spec, ("xgboost", "lightgbm", "catboost")))


CONVERTED = """
xgb: two, holes, three, stopped, dart, forest, leaves alone, number, counts, share, pairs, ranks
xgb: categories, category by category, pipeline, sparse
lgb: two, holes, zeros missing, holes as zeros, three texts, stopped, forest, dart, slope
lgb: one against all, leaves alone, number, root, counts, ranks, categories, pipeline, sparse
cat: two, holes least, holes greatest, three, two texts, levels, leaves, one against all, number
cat: counts, pairs, pipeline, sparse
"""
NAMES = [
    f"{package} {name}"
    for package, names in (line.split(": ") for line in CONVERTED.strip().splitlines())
    for name in names.split(", ")
]
# These the library serves itself.
UNREAD = {
    "xgb lines": "XGBoost's booster gblinear",
    "lgb lines in leaves": "LightGBM's trees with linear models in their leaves",
    "cat quantiles": "CatBoost's loss RMSEWithUncertainty",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_answers_on_and_beside_thresholds_are_the_librarys(packed: Path, name: str) -> None:
    folder = packed / name
    rows: pd.DataFrame = pd.read_pickle(folder / "around.pickle")  # noqa: S301 (our own)
    expected = joblib.load(folder / "answers.joblib")
    assert manifest(folder)["engine"] == "onnx"
    predictor = Predictor.load(folder / "artifact")
    whole = rows.astype(object).where(rows.notna(), None)
    columns = {
        one.name: as_column(whole[one.name].tolist(), one.dtype)
        for one in predictor.signature.inputs
    }
    answer = predictor.predict_arrays(columns, "probabilities" in expected)
    names = [one.name for one in predictor.signature.outputs]
    found = np.column_stack([answer[one] for one in names])
    right = expected["predict"].reshape(len(rows), -1)
    if "probabilities" not in expected:
        single = right.dtype == np.float32
        assert difference(found, right) <= WITHIN["float32" if single else "float64"]
        return
    assert (found == right).all()
    single = expected["probabilities"].dtype == np.float32
    gone = difference(answer["probabilities"], expected["probabilities"])
    assert gone <= WITHIN["float32" if single else "float64"]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "why"), UNREAD.items())
def test_what_is_not_read_is_served_by_its_library(packed: Path, name: str, why: str) -> None:
    made = manifest(packed / name)
    assert made["engine"] == "scikit-learn"
    assert made["engines"]["why"] == f"not converted to ONNX (NotImplementedError: {why})"
    package = {"xgb": "xgboost", "lgb": "lightgbm", "cat": "catboost"}[name.split()[0]]
    assert package in made["versions"]
    check = [sys.executable, "-m", "slipway", "check", str(packed / name / "artifact")]
    ended = subprocess.run(check, capture_output=True, text=True, cwd=ROOT)
    assert ended.returncode == 65
    assert f"needs {package} {made['versions'][package]}, which is not installed" in ended.stderr


@pytest.mark.slow
@pytest.mark.parametrize("name", UNREAD)
def test_libraries_serve_from_several_workers_and_after_a_reload(
    python: Path, packed: Path, name: str
) -> None:
    rows = manifest(packed / name)["golden"]
    targets = manifest(packed / name)["signature"]["outputs"]
    expected = {one["name"]: rows["outputs"][one["name"]] for one in targets}
    own = {"WEB_CONCURRENCY": "2", "OMP_NUM_THREADS": "2"}
    with serve_by(python, packed / name / "artifact", **own) as server:
        for workers in (2, 4):
            wait_until(partial(has_started, server, workers), "the workers to start")
            for _ in range(500):
                answer = server.predict(json.dumps(rows["inputs"]))
                assert (answer.status, json.loads(answer.body)) == (200, expected)
            server.process.send_signal(signal.SIGHUP)
