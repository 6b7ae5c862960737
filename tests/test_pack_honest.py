"""Packing prints metrics of the model on the sample, and notes on likely mistakes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.datasets import load_breast_cancer, load_diabetes, load_linnerud
from sklearn.decomposition import SparsePCA
from sklearn.ensemble import IsolationForest
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, r2_score
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import StandardScaler

from service.model.predictor import Predictor
from training.__main__ import main

CANCER = load_breast_cancer(as_frame=True)
ROWS = CANCER.data.iloc[:, :4]
NAMES = pd.Series(CANCER.target_names[CANCER.target])  # malignant and benign
CODES = CANCER.target
Said = tuple[int, str, str, Path]
Packing = Callable[..., Said]


@pytest.fixture
def packing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Packing:
    """Pack a model with rows: exit code, stdout, stderr, artifact."""

    def run(model: Any, rows: pd.DataFrame, *more: str) -> Said:
        joblib.dump(model, tmp_path / "model.joblib")
        rows.to_csv(tmp_path / "rows.csv", index=False)
        paths = [str(tmp_path / name) for name in ("model.joblib", "rows.csv", "artifact")]
        command = ["pack", paths[0], "--sample", paths[1], "--out", paths[2], "--engine", "sklearn"]
        code = main([*command, "--no-report", *more])
        printed = capsys.readouterr()
        return code, printed.out, printed.err, Path(paths[2])

    return run


def classifier(target: Any, rows: Any = ROWS) -> Any:
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(rows, target)


def test_the_accuracy_is_reported_beside_that_of_the_commonest_class(packing: Packing) -> None:
    model = classifier(NAMES)
    code, out, err, _ = packing(model, ROWS.assign(diagnosis=NAMES), "--target", "diagnosis")
    right, most = accuracy_score(NAMES, model.predict(ROWS)), (NAMES == "benign").mean()
    line = f"diagnosis: accuracy {right:.3f}; the commonest answer has {most:.3f}; 569 rows of"
    assert (code, err) == (0, "")
    assert line in out


def test_r2_is_reported(packing: Packing) -> None:
    data = load_diabetes(as_frame=True)
    model = LinearRegression().fit(data.data, data.target)
    code, out, err, _ = packing(model, data.frame, "--target", "target")
    assert (code, err) == (0, "")
    assert f"target: R² {r2_score(data.target, model.predict(data.data)):.3f}; mean abs" in out


def test_each_of_several_outputs_is_reported(packing: Packing) -> None:
    data = load_linnerud(as_frame=True)
    names = list(data.target.columns)
    model = Ridge().fit(data.data, data.target)
    code, out, _, _ = packing(model, data.frame, "--target", ",".join(names))
    assert code == 0
    for name, predicted in zip(names, model.predict(data.data).T, strict=True):
        assert f"{name}: R² {r2_score(data.target[name], predicted):.3f}; mean absolute" in out


def test_answers_that_are_none_of_the_target_s_values_are_refused(packing: Packing) -> None:
    rows = ROWS.assign(diagnosis=NAMES)
    code, _, err, folder = packing(classifier(CODES), rows, "--target", "diagnosis")
    assert (code, err.count("\n"), folder.exists()) == (65, 1, False)
    assert "the model predicts 0, 1, and the column diagnosis holds malignant, benign" in err
    assert "--ignore diagnosis" in err
    code, out, err, _ = packing(classifier(CODES), rows, "--ignore", "diagnosis")
    assert (code, err) == (0, "")
    assert "accuracy" not in out


def test_a_model_that_cannot_predict_one_row_is_refused_in_one_line(packing: Packing) -> None:
    """SparsePCA of scikit-learn 1.9.1 gives a row without its second dimension."""
    model = make_pipeline(SparsePCA(2, random_state=0), LogisticRegression()).fit(ROWS, CODES)
    with pytest.raises(ValueError, match="Expected 2D array"):
        model.predict(ROWS[:1])
    code, _, err, folder = packing(model, ROWS)
    assert (code, err.count("\n"), folder.exists()) == (65, 1, False)
    assert "raises for 1 of its rows (ValueError: Expected 2D array" in err


def test_a_column_that_was_ignored_is_no_input(packing: Packing) -> None:
    rows = ROWS.assign(diagnosis=NAMES)
    on_arrays = classifier(CODES, ROWS.to_numpy())
    code, _, err, _ = packing(on_arrays, rows)
    assert code == 65
    assert "has 5 columns besides the target (" in err
    assert "--ignore" in err
    code, _, err, folder = packing(on_arrays, rows, "--ignore", "diagnosis")
    assert (code, err) == (0, "")
    assert Predictor.load(folder).signature.names == tuple(ROWS.columns)
    code, _, err, _ = packing(on_arrays, rows, "--ignore", "other")
    assert code == 65
    assert "the sample has no column other, which --ignore names" in err


def test_labels_that_look_like_numbers_are_those_of_a_model_that_learned_text(
    packing: Packing,
) -> None:
    texts = CODES.astype(str)
    model = classifier(texts)
    code, _, err, folder = packing(model, ROWS.assign(y=texts), "--target", "y")
    assert (code, err) == (0, "")
    [found] = json.loads((folder / "manifest.json").read_text())["metrics"].values()
    assert found["accuracy"] == accuracy_score(texts, model.predict(ROWS)) > 0.8


def test_numbers_are_not_compared_with_text(packing: Packing) -> None:
    model = LinearRegression().fit(ROWS, CODES)
    code, _, err, _ = packing(model, ROWS.assign(diagnosis=NAMES), "--target", "diagnosis")
    assert (code, err.count("\n")) == (65, 1)
    assert "predicts numbers, and the column diagnosis, which --target names, holds text" in err


def test_a_model_no_better_than_the_commonest_class_gets_a_warning(packing: Packing) -> None:
    turned = NAMES.map({"benign": "malignant", "malignant": "benign"})
    code, _, err, folder = packing(classifier(turned), ROWS.assign(d=NAMES), "--target", "d")
    assert (code, err.count("\n"), folder.exists()) == (0, 1, True)
    assert err.startswith("slipway: warning: d is right in ")
    assert "always saying the commonest answer in 62.7%" in err


def test_a_model_no_better_than_the_mean_gets_a_warning(packing: Packing) -> None:
    model = LinearRegression().fit(ROWS, -ROWS["mean area"])
    code, _, err, _ = packing(model, ROWS.assign(y=ROWS["mean area"]), "--target", "y")
    assert code == 0
    assert err.startswith("slipway: warning: y has an R² of -")


@pytest.mark.parametrize("value", ["benign", 3.5])
def test_rows_that_all_have_the_same_answer_cause_no_note(packing: Packing, value: Any) -> None:
    model = classifier(NAMES) if value == "benign" else LinearRegression().fit(ROWS, CODES)
    code, out, err, _ = packing(model, ROWS.assign(y=value), "--target", "y")
    assert (code, err) == (0, "")
    assert "R²" not in out


def test_an_empty_target_gets_a_warning(packing: Packing) -> None:
    code, _, err, _ = packing(classifier(NAMES), ROWS.assign(y=np.nan), "--target", "y")
    assert code == 0
    assert "y is empty in the sample: nothing was compared" in err


def test_outliers_are_compared_as_labels_and_clusters_not_at_all(packing: Packing) -> None:
    outliers = IsolationForest(n_estimators=10, random_state=0).fit(ROWS)
    rows = ROWS.assign(y=outliers.predict(ROWS))
    code, out, _, _ = packing(outliers, rows, "--target", "y")
    assert code == 0
    assert "y: accuracy 1.000; the commonest answer has" in out
    clusters = KMeans(2, n_init=1, random_state=0).fit(ROWS)
    code, out, err, _ = packing(clusters, rows, "--target", "y")
    assert (code, err) == (0, "")
    assert "y: " not in out


REMARKS = ["it hums", "a belt slips", "the bolt is gone", "it leaks oil"] * 10
MACHINES = pd.DataFrame({"age": range(40), "remark": REMARKS, "fails": ["yes", "no"] * 20})


@pytest.mark.parametrize(
    "vectorizer", [TfidfVectorizer, lambda: make_union(CountVectorizer(), TfidfVectorizer())]
)
def test_a_text_model_takes_the_one_column_of_text(
    packing: Packing, vectorizer: Callable[[], Any]
) -> None:
    model = make_pipeline(vectorizer(), LogisticRegression()).fit(REMARKS, MACHINES.fails)
    code, _, err, folder = packing(model, MACHINES, "--target", "fails")
    assert code == 0, err
    predictor = Predictor.load(folder)
    assert predictor.signature.names == ("remark",)
    given = np.array(["it hums", "never seen"], dtype=object)
    assert predictor.predict({"remark": given})["fails"] == model.predict(given).tolist()


def test_a_text_model_with_several_columns_of_text_needs_a_word(packing: Packing) -> None:
    rows = MACHINES.assign(site="Oslo")
    model = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(REMARKS, MACHINES.fails)
    code, _, err, _ = packing(model, rows, "--target", "fails")
    assert (code, err.count("\n")) == (65, 1)
    assert "reads one text, and the sample has 2 columns of text: remark, site; name" in err
    code, _, err, folder = packing(model, rows, "--target", "fails", "--ignore", "site")
    assert code == 0, err
    assert Predictor.load(folder).signature.names == ("remark",)
    code, _, err, _ = packing(model, rows[["age", "fails"]].assign(b=1), "--target", "fails")
    assert code == 65
    assert "the sample has 0 columns of text; name" in err


@pytest.mark.parametrize(
    ("targets", "given", "named"),
    [("Chins", "3 values", "1 column"), ("Chins,Jumps", "3 values", "2 columns")],
)
def test_another_number_of_targets_than_outputs_is_refused(
    packing: Packing, targets: str, given: str, named: str
) -> None:
    data = load_linnerud(as_frame=True)
    exercises, body = data.data, data.target
    model = Ridge().fit(body, exercises)
    code, _, err, folder = packing(model, pd.concat([body, exercises], axis=1), "--target", targets)
    assert code == 65
    assert f"the model predicts {given} for each row, and --target names {named}: name 3" in err
    assert not folder.exists()


def test_two_targets_of_one_output_are_refused(packing: Packing) -> None:
    rows = ROWS.assign(diagnosis=NAMES, code=CODES)
    code, _, err, _ = packing(classifier(NAMES), rows, "--target", "diagnosis,code")
    assert code == 65
    assert "the model predicts 1 value for each row, and --target names 2 columns: name 1" in err
