"""Models that come in several parts, compressed or in folders are packed as what they are."""

import pickle
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.preprocessing import LabelEncoder, StandardScaler

from service.model.predictor import Predictor, as_column
from training.__main__ import main

Printed = pytest.CaptureFixture[str]
TEXTS = ["oil leaks", "belt squeaks", "oil and noise", "pump leaks oil", "belt noise", "no oil"]
KINDS = np.array(["wet", "dry", "dry", "wet", "dry", "wet"])
NUMBERS = np.random.default_rng(0).normal(size=(60, 3)) * [1.0, 10.0, 100.0]
CLASSES = (NUMBERS[:, 0] > 0).astype(int)


def texts() -> tuple[Any, Any, Any]:
    """A vectorizer, a model on its matrix, and rows."""
    vectorizer = TfidfVectorizer().fit(TEXTS)
    model = LogisticRegression(C=100.0).fit(vectorizer.transform(TEXTS), KINDS)
    return vectorizer, model, pd.DataFrame({"note": TEXTS})


def numbers() -> tuple[Any, Any, Any]:
    """A scaler, a model on its matrix, and rows."""
    scaler = StandardScaler().fit(NUMBERS)
    model = LogisticRegression().fit(scaler.transform(NUMBERS), CLASSES)
    return scaler, model, pd.DataFrame(NUMBERS).add_prefix("x")


def pack(folder: Path, rows: pd.DataFrame, *models: Path, more: tuple[str, ...] = ()) -> int:
    """Pack; the exit code."""
    rows.to_csv(folder / "rows.csv", index=False)
    return main(
        [
            *("pack", *map(str, models), "--sample", str(folder / "rows.csv")),
            *("--out", str(folder / "artifact"), "--no-report", *more),
        ]
    )


def served(folder: Path, rows: pd.DataFrame) -> Any:
    """The probabilities that the packed model gives."""
    predictor = Predictor.load(folder / "artifact")
    columns = {
        one.name: as_column(rows[one.name].tolist(), one.dtype)
        for one in predictor.signature.inputs
    }
    return np.array(predictor.predict(columns, True)["probabilities"])


@pytest.mark.parametrize("make", [texts, numbers])
def test_two_files_answer_as_the_two_applied_by_hand(tmp_path: Path, make: Any) -> None:
    before, model, rows = make()
    joblib.dump(before, tmp_path / "before.joblib")
    joblib.dump(model, tmp_path / "model.joblib")
    assert pack(tmp_path, rows, tmp_path / "before.joblib", tmp_path / "model.joblib") == 0
    given = TEXTS if make is texts else NUMBERS
    right = model.predict_proba(before.transform(given))
    assert served(tmp_path, rows) == pytest.approx(right, abs=1e-9)


def test_three_files_are_applied_in_their_order(tmp_path: Path) -> None:
    scaler, _, rows = numbers()
    scaled = scaler.transform(NUMBERS)
    axes = PCA(2).fit(scaled)
    model = LogisticRegression().fit(axes.transform(scaled), CLASSES)
    paths = [tmp_path / f"{name}.joblib" for name in ("a", "b", "c")]
    for path, one in zip(paths, (scaler, axes, model), strict=True):
        joblib.dump(one, path)
    assert pack(tmp_path, rows, *paths) == 0
    right = model.predict_proba(axes.transform(scaler.transform(NUMBERS)))
    assert served(tmp_path, rows) == pytest.approx(right, abs=1e-9)


def test_files_in_another_order_are_refused_with_the_right_one(
    tmp_path: Path, capsys: Printed
) -> None:
    before, model, rows = texts()
    joblib.dump(before, tmp_path / "before.joblib")
    joblib.dump(model, tmp_path / "model.joblib")
    assert pack(tmp_path, rows, tmp_path / "model.joblib", tmp_path / "before.joblib") == 65
    assert "the model last" in capsys.readouterr().err
    assert not (tmp_path / "artifact").exists()


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_pickles_in_a_row_are_all_read(tmp_path: Path, order: tuple[int, int]) -> None:
    parts = numbers()
    with (tmp_path / "both.pkl").open("wb") as file:
        for place in order:
            pickle.dump(parts[place], file)
    assert pack(tmp_path, parts[2], tmp_path / "both.pkl") == 0
    right = parts[1].predict_proba(parts[0].transform(NUMBERS))
    assert served(tmp_path, parts[2]) == pytest.approx(right, abs=1e-9)


def test_a_dictionary_of_a_scaler_and_a_model_is_taken_as_both(
    tmp_path: Path, capsys: Printed
) -> None:
    scaler, model, rows = numbers()
    labels = LabelEncoder().fit(["no", "yes"])
    held = {"model": model, "labels": labels, "scaler": scaler, "columns": ["a", "b", "c"]}
    joblib.dump(held, tmp_path / "held.joblib")
    assert pack(tmp_path, rows, tmp_path / "held.joblib") == 0
    assert "the model is 'scaler' and then 'model'" in capsys.readouterr().out
    right = model.predict_proba(scaler.transform(NUMBERS))
    assert served(tmp_path, rows) == pytest.approx(right, abs=1e-9)


def test_a_dictionary_with_a_scaler_of_the_target_is_not_guessed(
    tmp_path: Path, capsys: Printed
) -> None:
    one = NUMBERS[:, :1]
    held = {
        "scaler": StandardScaler().fit(one * 7.0),
        "model": LinearRegression().fit(one, one.ravel()),
    }
    joblib.dump(held, tmp_path / "held.joblib")
    assert pack(tmp_path, pd.DataFrame({"x": one.ravel()}), tmp_path / "held.joblib") == 65
    assert "its key 'model' is a LinearRegression; dump that alone" in capsys.readouterr().err
