"""Files and folders that MLflow and skops write, with the scikit-learn of then."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from service.model.predictor import Predictor, as_column
from tests.versions.grid import CACHE
from training.__main__ import main
from training.older import environment

RELEASE = "1.5.2"
FIT = """
import json, os, sys
import mlflow.sklearn
import numpy as np
import skops.io
from sklearn.ensemble import RandomForestClassifier

folder = sys.argv[1]
rows = np.random.RandomState(0).normal(size=(200, 3))
forest = RandomForestClassifier(10, random_state=0).fit(rows, rows[:, 0] > rows[:, 1])
mlflow.sklearn.save_model(
    forest, folder + "/mlflow", serialization_format="cloudpickle",
    pip_requirements=["scikit-learn==" + sys.argv[2], "pandas==2.2.3", "cloudpickle"],
)
skops.io.dump(forest, folder + "/model.skops")
print(json.dumps([rows.tolist(), forest.predict_proba(rows).tolist()]))
"""


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any, Any]:
    """A folder with a forest in both forms, rows, and what the forest gives for them."""
    folder = tmp_path_factory.mktemp("formats")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("XDG_CACHE_HOME", str(CACHE))
        there = environment.ready(RELEASE, numpy_2=True, more=["mlflow-skinny", "skops"])
    ended = subprocess.run(
        [there.python, "-W", "ignore", "-c", FIT, str(folder), RELEASE],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    rows, right = json.loads(ended.stdout.splitlines()[-1])
    pd.DataFrame(rows).add_prefix("x").to_csv(folder / "rows.csv", index=False)
    return folder, np.array(rows), np.array(right)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mlflow", "model.skops"])
def test_it_answers_as_in_the_release_that_saved_it(
    models: tuple[Path, Any, Any], name: str, tmp_path: Path
) -> None:
    folder, rows, right = models
    sample = ["--sample", str(folder / "rows.csv"), "--out", str(tmp_path / "a"), "--no-report"]
    assert main(["pack", str(folder / name), *sample]) == 0
    predictor = Predictor.load(tmp_path / "a")
    columns = {f"x{place}": as_column(list(rows[:, place]), "float64") for place in range(3)}
    found = predictor.predict(columns, True)["probabilities"]
    assert np.array(found) == pytest.approx(right, abs=1e-9)
    proof = json.loads((tmp_path / "a/manifest.json").read_text())["engines"]["older"]
    assert proof["versions"]["scikit-learn"] == RELEASE


@pytest.mark.slow
def test_versions_that_cannot_be_installed_are_named_and_others_of_that_time_taken(
    models: tuple[Path, Any, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(CACHE))
    folder = Path(shutil.copytree(models[0] / "mlflow", tmp_path / "mlflow"))
    lines = (folder / "requirements.txt").read_text()
    assert "numpy" not in lines
    (folder / "requirements.txt").write_text(lines + "\nnumpy==1.99.0\n")
    sample = ["--sample", str(models[0] / "rows.csv"), "--out", str(tmp_path / "a"), "--no-report"]
    assert main(["pack", str(folder), *sample]) == 0
    assert (
        "note: numpy==1.99.0, pandas==2.2.3, which the model was fitted with, cannot be installed "
        f"with scikit-learn {RELEASE} here; other versions of that time are"
    ) in capsys.readouterr().err


@pytest.mark.slow
def test_the_names_in_a_file_of_skops_are_listed(
    models: tuple[Path, Any, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inspect", str(models[0] / "model.skops")]) == 0
    printed = capsys.readouterr().out
    assert "   trusted  sklearn.ensemble._forest.RandomForestClassifier" in printed
    assert f"saved by scikit-learn {RELEASE}" in printed
