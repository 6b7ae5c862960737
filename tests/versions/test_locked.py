"""Where today's scikit-learn answers otherwise, the one that saved the model serves it."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from service.model.artifact import VersionError
from service.model.predictor import Predictor
from tests.support.serving import ROOT, Server, clean_environment, free_port, wait_until
from tests.versions.grid import CACHE, packed, saved, there
from training.errors import PackError
from training.older import answers, environment, lock

PREDICT = """
import json, joblib, pandas
rows = pandas.read_csv("rows.csv").drop(columns="y").to_numpy()
print(json.dumps(joblib.load("model.joblib").predict(rows).tolist()))
"""
# Each names classes that today's scikit-learn has no more.
FAMILIES = ("adaboost of bayes", "boosting of three", "histogram boosting", "neighbours")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models that scikit-learn 1.2.2 saved, which has wheels for Python 3.11."""
    return saved("1.2.2", tmp_path_factory.mktemp("locked") / "1.2.2", *FAMILIES)


def served_by(artifact: Path) -> Path:
    """The Python of the environment that has the lock of an artifact."""
    text = (artifact / "requirements.txt").read_text()
    [found] = [
        path.parent / "bin/python"
        for path in (CACHE / "slipway/environments").glob("serving-*/requirements.txt")
        if path.read_text() == text
    ]
    return found


@pytest.mark.slow
def test_a_model_that_today_s_would_answer_otherwise_is_served_by_the_one_that_saved_it(
    models: Path,
) -> None:
    assert packed(models / "adaboost of bayes") == "scikit-learn"
    folder = models / "adaboost of bayes/artifact"
    manifest = json.loads((folder / "manifest.json").read_text())
    proved = manifest["engines"]["older"]
    assert proved["route"] == "lock"
    assert proved["versions"]["scikit-learn"] == manifest["versions"]["scikit-learn"] == "1.2.2"
    assert proved["versions"]["numpy"] == manifest["versions"]["numpy"]
    assert (proved["rows"] > 10_000, proved["largest_difference"]) == (True, 0.0)
    with pytest.raises(VersionError, match=r"needs numpy .*scikit-learn 1\.2\.2.*PYTHON_IMAGE="):
        Predictor.load(folder)
    command = [str(served_by(folder)), "-m", "service", "check", str(folder)]
    checked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (checked.returncode, checked.stderr) == (0, "")
    assert "The service would start with it." in checked.stdout


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILIES[1:])
def test_names_that_are_no_more_are_read_where_they_are(models: Path, name: str) -> None:
    assert packed(models / name, "--versions", "saved") == "scikit-learn"
    manifest = json.loads((models / name / "artifact/manifest.json").read_text())
    assert manifest["engines"]["older"]["route"] == "lock"


@pytest.mark.slow
def test_it_has_a_report(tmp_path: Path) -> None:
    """The report uses what scikit-learn has since 1.3."""
    folder = saved("1.6.1", tmp_path / "models", "adaboost") / "adaboost"
    assert packed(folder, "--versions", "saved", "--report") == "scikit-learn"
    report = (folder / "artifact/report/index.html").read_text()
    assert "AdaBoostClassifier" in report
    assert "Permutation importance" in report
    assert "matplotlib" not in (folder / "artifact/requirements.txt").read_text()


@pytest.mark.slow
def test_one_command_serves_it(models: Path, tmp_path: Path) -> None:
    folder, port, log = models / "adaboost of bayes", free_port(), tmp_path / "log"
    command = ["serve", "model.joblib", "--sample", "rows.csv", "--versions", "saved"]
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "slipway", *command, "--target", "y", "--port", str(port)],
            cwd=folder,
            env={**clean_environment(XDG_CACHE_HOME=str(CACHE)), "PYTHONPATH": str(ROOT)},
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    server = Server(process, port, log)
    try:
        wait_until(lambda: "ASGI server listening" in log.read_text(), "the service", seconds=300)
        rows = pd.read_csv(folder / "rows.csv").drop(columns="y").to_csv(index=False)
        answer = server.predict(rows, "text/csv")
    finally:
        process.terminate()
        assert process.wait(30) == 0, log.read_text()
    python = there("1.2.2").python
    right = subprocess.run(
        [python, "-W", "ignore", "-c", PREDICT], cwd=folder, capture_output=True, text=True
    )
    assert json.loads(answer.body)["y"] == json.loads(right.stdout)


@pytest.mark.slow
def test_the_lock_has_a_hash_for_each_wheel_and_nothing_else(models: Path) -> None:
    there = environment.ready("1.2.2", numpy_2=False)
    locked = lock.ready(there, ["sklearn.tree._tree.Tree"])
    first, *lines = locked.lock.read_text().splitlines()
    assert first == "# Python 3.11"
    assert {"scikit-learn==1.2.2 \\", "flask==3.1.3 \\"} <= set(lines)
    line = r"[a-z0-9._-]+==[0-9a-z.+!-]+ \\|    --hash=sha256:[0-9a-f]{64}( \\)?"
    assert [one for one in lines if not re.fullmatch(line, one)] == []
    assert "onnxruntime" not in locked.lock.read_text()


@pytest.mark.slow
def test_a_model_that_answers_otherwise_with_its_own_lock_is_refused(
    models: Path, tmp_path: Path
) -> None:
    """What is right comes from another program here, whose first label is another one."""
    there = environment.ready("1.2.2", numpy_2=False)
    locked = lock.ready(there, [])
    program = tmp_path / "other.py"
    text = Path(answers.__file__).read_text()
    wrong = 'found["predict"][0] = "malignant" if found["predict"][0] == "benign" else "benign"'
    changed = text.replace(
        '    for name in ("predict_proba"', f'    {wrong}\n    for name in ("predict_proba"'
    )
    assert changed != text
    program.write_text(changed)
    run = (
        "import sys; from training.older import proof; from training.__main__ import main; "
        f"proof.program.__file__ = {str(program)!r}; sys.exit(main(sys.argv[1:]))"
    )
    folder = models / "adaboost of bayes"
    ended = subprocess.run(
        [
            *(locked.python, "-W", "ignore", "-c", run, "pack", folder / "model.joblib"),
            *("--sample", folder / "rows.csv", "--target", "y", "--engine", "sklearn"),
            *("--no-report", "--env", there.python, "--lock", locked.lock),
            *("--out", tmp_path / "artifact"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 65
    assert "predicts differently" in ended.stderr
    assert not (tmp_path / "artifact").exists()


@pytest.mark.slow
def test_libraries_without_wheels_for_the_service_s_python_are_reported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    there = environment.Environment(Path(sys.executable), "1.0.2")
    monkeypatch.setattr(lock, "_installed", lambda *_: {"scikit-learn": "1.0.2"})
    with pytest.raises(PackError, match=r"needs scikit-learn 1\.0\.2, of which there are no"):
        lock.ready(there, [])
