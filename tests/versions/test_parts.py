"""Parts of a model in several files or pickles, which an older scikit-learn saved."""

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from service.model.predictor import Predictor, as_column
from tests.versions.grid import there
from training.__main__ import main

FIT = """
import json, pickle, sys, warnings
import joblib
import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.preprocessing import StandardScaler

folder = sys.argv[1]
rows = np.random.RandomState(0).normal(size=(200, 3)) * [1.0, 10.0, 100.0]
scaler = StandardScaler().fit(rows)
forest = RandomForestClassifier(10, random_state=0).fit(scaler.transform(rows), rows[:, 0] > 0)
joblib.dump(scaler, folder + "/scaler.joblib")
joblib.dump(forest, folder + "/forest.joblib", compress=3)
joblib.dump({"model": forest, "scaler": scaler}, folder + "/both.joblib")
with open(folder + "/row.pkl", "wb") as file:
    pickle.dump(scaler, file)
    pickle.dump(forest, file)
print(json.dumps([rows.tolist(), forest.predict_proba(scaler.transform(rows)).tolist()]))
"""


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any, Any]:
    """A folder with the parts, rows, and what the parts give for them by hand."""
    folder = tmp_path_factory.mktemp("parts")
    python = there("1.2.2").python
    ended = subprocess.run(
        [python, "-c", FIT, str(folder)], check=True, capture_output=True, text=True
    )
    rows, right = json.loads(ended.stdout)
    pd.DataFrame(rows).add_prefix("x").to_csv(folder / "rows.csv", index=False)
    return folder, np.array(rows), np.array(right)


@pytest.mark.slow
@pytest.mark.parametrize(
    "names", [("scaler.joblib", "forest.joblib"), ("both.joblib",), ("row.pkl",)]
)
def test_the_parts_answer_as_in_the_release_that_saved_them(
    models: tuple[Path, Any, Any],
    names: tuple[str, ...],
    tmp_path: Path,
) -> None:
    folder, rows, right = models
    given = [str(folder / name) for name in names]
    sample = ["--sample", str(folder / "rows.csv"), "--out", str(tmp_path / "a"), "--no-report"]
    assert main(["pack", *given, *sample]) == 0
    predictor = Predictor.load(tmp_path / "a")
    columns = {f"x{place}": as_column(list(rows[:, place]), "float64") for place in range(3)}
    found = predictor.predict(columns, True)["probabilities"]
    assert np.array(found) == pytest.approx(right, abs=1e-9)
    proof = json.loads((tmp_path / "a/manifest.json").read_text())["engines"]["older"]
    assert proof["versions"]["scikit-learn"] == "1.2.2"
    assert proof["rows"] > 1_000
