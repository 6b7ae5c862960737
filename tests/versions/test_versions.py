"""Models that an older scikit-learn saved answer here as they did there, or are refused."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from service.model.predictor import Predictor
from tests.versions.grid import packed, saved
from training.errors import PackError
from training.older import environment, migrations

# Of each family that needs another migration one; the whole grid is `make versions`.
FAMILIES = (
    *(
        "adaboost",
        "adaboost of bayes",
        "boosting of three",
        "calibrated",
        "columns and a forest",
        "days",
        "forest",
    ),
    *(
        "histogram boosting",
        "histogram boosting with categories",
        "isolation forest",
        "liblinear",
        "neighbours",
        "softmax of two",
    ),
    *("stacking", "stochastic gradient", "support vectors", "text"),
)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models that scikit-learn 1.2.2 saved."""
    return saved("1.2.2", tmp_path_factory.mktemp("versions") / "1.2.2", *FAMILIES)


@pytest.mark.slow
@pytest.mark.parametrize("name", [one for one in FAMILIES if one != "adaboost of bayes"])
def test_a_model_is_packed_and_proved_by_the_release_that_saved_it(models: Path, name: str) -> None:
    assert packed(models / name) in ("onnx", "scikit-learn")
    proof = json.loads((models / name / "artifact/manifest.json").read_text())["engines"]["older"]
    assert proof["versions"]["scikit-learn"] == "1.2.2"
    assert proof["rows"] > 10_000 or name == "text"
    Predictor.load(models / name / "artifact")


@pytest.mark.slow
def test_a_model_of_an_algorithm_that_is_no_more_is_refused(models: Path) -> None:
    reason = packed(models / "adaboost of bayes", "--versions", "today")
    assert reason.startswith("was saved by scikit-learn 1.2.2, and cannot be migrated to ")
    assert "SAMME.R over other estimators than trees" in reason
    assert not (models / "adaboost of bayes/artifact").exists()


@pytest.mark.slow
def test_a_migration_that_is_wrong_is_found(
    models: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    right = migrations.MIGRATIONS["sklearn.tree._tree.Tree"]

    def wrong(state: dict[str, object], version: tuple[int, ...]) -> None:
        right(state, version)
        values = np.array(state["values"])
        values[-1] = values[-1][:, ::-1]  # one leaf of each tree
        state["values"] = values

    monkeypatch.setitem(migrations.MIGRATIONS, "sklearn.tree._tree.Tree", wrong)
    for file in ("model.joblib", "rows.csv"):
        (tmp_path / file).write_bytes((models / "forest" / file).read_bytes())
    reason = packed(tmp_path, "--versions", "today")
    assert "and predicts differently with the installed release" in reason


@pytest.mark.slow
def test_another_environment_can_be_named(models: Path, tmp_path: Path) -> None:
    there = environment.ready("1.2.2", numpy_2=False)
    for file in ("model.joblib", "rows.csv"):
        (tmp_path / file).write_bytes((models / "text" / file).read_bytes())
    assert packed(tmp_path, "--env", str(there.python)) in ("onnx", "scikit-learn")


@pytest.mark.slow
def test_an_environment_of_another_version_is_refused(models: Path) -> None:
    reason = packed(models / "text", "--env", sys.executable)
    assert reason.startswith(f"was saved by scikit-learn 1.2.2; {sys.executable} has 1.")


def test_a_release_for_which_nothing_is_known_is_reported_with_the_way_out() -> None:
    with pytest.raises(PackError, match="name a Python that has it with --env"):
        environment.ready("0.17", numpy_2=False)


@pytest.mark.slow
def test_a_release_without_wheels_for_a_newer_python_gets_an_older_one() -> None:
    made = environment.ready("1.1.2", numpy_2=False)  # has none for 3.11, which 1.1.3 has
    code = "import sklearn, sys; print(sklearn.__version__, sys.version_info < (3, 11))"
    assert environment.run([str(made.python), "-c", code]).stdout.split() == ["1.1.2", "True"]


@pytest.mark.slow
def test_a_file_of_the_joblib_that_was_in_scikit_learn_is_read(tmp_path: Path) -> None:
    saved("0.20.4", tmp_path, "forest")
    code = (
        "import joblib, sys; from sklearn.externals import joblib as own; "
        "own.dump(joblib.load(sys.argv[1]), sys.argv[1])"
    )
    model = tmp_path / "forest/model.joblib"
    there = environment.ready("0.20.4", numpy_2=False)
    assert not environment.run([str(there.python), "-c", code, str(model)]).returncode
    assert b"sklearn.externals.joblib.numpy_pickle" in model.read_bytes()
    assert packed(tmp_path / "forest") == "onnx"


@pytest.mark.slow
def test_histogram_boosting_that_checks_numbers_by_a_renamed_parameter(tmp_path: Path) -> None:
    name = "histogram boosting with categories"
    saved("1.5.2", tmp_path, name)  # `force_all_finite`, before it was `ensure_all_finite`
    assert packed(tmp_path / name) == "onnx"
