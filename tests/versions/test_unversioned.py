"""A class that inherits from an estimator is saved without the release: proved, or refused."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.own_code import forgotten
from training.__main__ import main
from training.older import environment

MODULE = """
import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.tree import DecisionTreeClassifier

class Mine(DecisionTreeClassifier):
    pass

class Plain(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return self.classes_[(np.asarray(X)[:, 0] > 0).astype(int)]
"""
FIT = """
import sys, joblib, numpy as np, mine
rows = np.random.RandomState(0).normal(size=(200, 2))
target = (rows[:, 0] > rows[:, 1]).astype(int)
model = getattr(mine, sys.argv[1])().fit(rows, target)
joblib.dump(model, "model.joblib")
joblib.dump(model.predict(rows), "answers.joblib")
lines = ["%r,%r,%d" % (float(a), float(b), y) for (a, b), y in zip(rows, target)]
open("rows.csv", "w").write("one,other,y\\n" + "\\n".join(lines) + "\\n")
"""
Said = pytest.CaptureFixture[str]


def saved(folder: Path, python: Path | str, name: str) -> None:
    (folder / "mine.py").write_text(MODULE)
    subprocess.run([str(python), "-c", FIT, name], cwd=folder, check=True)


def pack(folder: Path, *options: str) -> int:
    given = ("--sample", str(folder / "rows.csv"), "--target", "y", "--no-report")
    out = ("--code", str(folder / "mine.py"), "--out", str(folder / "artifact"))
    with forgotten():
        return main(["pack", str(folder / "model.joblib"), *given, *out, *options])


def test_it_is_refused_with_the_option_that_proves_it(tmp_path: Path, capsys: Said) -> None:
    saved(tmp_path, sys.executable, "Mine")
    assert pack(tmp_path) == 65
    printed = capsys.readouterr().err
    assert "mine.Mine inherits from scikit-learn's DecisionTreeClassifier, and nothing" in printed
    assert printed.endswith("--env PYTHON\n")
    assert not (tmp_path / "artifact").exists()


def test_the_python_that_fitted_it_proves_it(tmp_path: Path) -> None:
    saved(tmp_path, sys.executable, "Mine")
    assert pack(tmp_path, "--env", sys.executable) == 0
    manifest = json.loads((tmp_path / "artifact/manifest.json").read_text())
    proved = manifest["engines"]["older"]
    assert proved["route"] == "same release"
    assert (proved["rows"] > 1000, proved["largest_difference"]) == (True, 0.0)


def test_mixins_alone_have_no_form_of_a_release(tmp_path: Path) -> None:
    saved(tmp_path, sys.executable, "Plain")
    assert pack(tmp_path) == 0


@pytest.mark.slow
def test_one_of_an_older_release_is_brought_over_and_proved(tmp_path: Path, capsys: Said) -> None:
    """Its leaves have weights, which this release would take for shares."""
    there = environment.ready("1.3.2", numpy_2=False)
    saved(tmp_path, there.python, "Mine")
    assert pack(tmp_path) == 65
    assert "nothing in the file names the release that saved it" in capsys.readouterr().err
    assert pack(tmp_path, "--env", str(there.python)) == 0
    manifest = json.loads((tmp_path / "artifact/manifest.json").read_text())
    assert manifest["engines"]["older"]["versions"]["scikit-learn"] == "1.3.2"
    assert manifest["engines"]["older"]["route"] in ("onnx", "migration")
    shares = manifest["golden"]["outputs"]["probabilities"]
    assert {sum(row) for row in shares} == {1.0}
