"""The proof that two engines answer equally: what is nearly right is refused.

Without these comparisons, or with looser ones, each test here fails.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LogisticRegression

from service.model import probe_rows
from service.model.engines import Column, OnnxRuntime, ScikitLearn
from service.model.equality import TOLERANCES, UnequalError
from service.model.signature import Input, Output, Signature
from tests.support.described import contract, described
from tests.support.model_cases import ModelCase
from training.__main__ import main
from training.conversion.convert import convert
from training.engine import selection
from training.estimators.fitted_model import FittedModel


def another(name: str, seed: int) -> OnnxRuntime:
    """An ONNX model of a forest that is not the case's, but much like it."""
    case, signature, _ = described(name)
    rows = np.ascontiguousarray(case.rows.to_numpy())
    labels = np.asarray(case.estimator.predict(rows))
    other = type(case.estimator)(**{**case.estimator.get_params(), "random_state": seed})
    content, _ = convert(FittedModel(other.fit(rows, labels)), signature)
    return OnnxRuntime(content, signature)


@pytest.mark.parametrize("name", ["random forest", "random forest, regression"])
def test_another_forest_is_refused_though_it_was_fitted_on_the_answers_of_this_one(
    name: str,
) -> None:
    case, signature, columns = described(name)
    with pytest.raises(UnequalError, match="differ"):
        selection.verify_equivalence(
            FittedModel(case.estimator), signature, another(name, 1), columns, 1e-9
        )


class Nudged:
    """An engine that is wrong in a given way."""

    def __init__(self, engine: Any, numbers: float = 0.0, label: int = -1) -> None:
        self.engine, self.numbers, self.label = engine, numbers, label

    def predict(self, columns: Sequence[Column]) -> list[Column]:
        [found] = self.engine.predict(columns)
        if found.dtype.kind == "f":
            return [found * (1 + self.numbers)]
        found = found.copy()
        if len(found) > self.label >= 0:
            found[self.label] = (found[self.label] + 1) % 3
        return [found]

    def confidence(self, columns: Sequence[Column]) -> list[Column]:
        [found] = self.engine.confidence(columns)
        return [found + self.numbers]


@pytest.mark.parametrize(("by", "refused"), [(1e-10, False), (1e-8, True)])
@pytest.mark.parametrize("name", ["random forest", "ridge regression"])
def test_numbers_may_differ_by_the_tolerance_and_no_more(
    name: str, by: float, refused: bool
) -> None:
    case, signature, columns = described(name)
    ours = ScikitLearn(case.estimator, signature)
    if refused:
        with pytest.raises(UnequalError, match=r"differ by 1e-08, more than 1e-09"):
            selection.verify_equivalence(
                FittedModel(case.estimator),
                signature,
                Nudged(ours, by),
                columns,
                TOLERANCES["float64"],
            )
    else:
        proof = selection.verify_equivalence(
            FittedModel(case.estimator),
            signature,
            Nudged(ours, by),
            columns,
            TOLERANCES["float64"],
        )
        assert proof["largest_difference"] == pytest.approx(by, rel=0.01)


@pytest.mark.parametrize("row", [0, 177, 9_999])
def test_one_wrong_label_among_thousands_is_refused(row: int) -> None:
    case, signature, columns = described("random forest")
    ours = ScikitLearn(case.estimator, signature)
    with pytest.raises(UnequalError, match="1 of .+ labels differ"):
        selection.verify_equivalence(
            FittedModel(case.estimator), signature, Nudged(ours, label=row), columns, 1e-9
        )


@pytest.mark.parametrize("rows", [1, 178])
def test_one_wrong_label_in_the_sample_or_in_a_row_alone_is_refused(rows: int) -> None:
    case, signature, columns = described("random forest")
    assert len(case.rows) == 178
    ours = ScikitLearn(case.estimator, signature)

    class Sometimes(Nudged):
        """Wrong for so many rows at once, and else right."""

        def predict(self, columns: Sequence[Column]) -> list[Column]:
            right = self.engine.predict(columns)
            return super().predict(columns) if len(columns[0]) == rows else list(right)

    with pytest.raises(UnequalError, match=r"1 of \d+ labels differ"):
        selection.verify_equivalence(
            FittedModel(case.estimator), signature, Sometimes(ours, label=0), columns, 1e-9
        )


def test_a_forest_that_is_off_by_the_last_bit_of_a_threshold_is_refused() -> None:
    rows = np.random.default_rng(0).normal(size=(300, 2))
    forest = RandomForestRegressor(10, random_state=0).fit(rows, rows[:, 0] * 1e6)
    case = ModelCase(forest, pd.DataFrame(rows, columns=["a", "b"]))
    signature, columns = contract(case)

    def beside(column: Column) -> Column:
        return np.where(np.abs(column) < 1e30, np.nextafter(column, np.inf), column)

    class Unrounded(ScikitLearn):
        """Given the next number: only beside a threshold does it matter."""

        def predict(self, columns: Sequence[Column]) -> list[Column]:
            return super().predict([beside(one) for one in columns])

    with pytest.raises(UnequalError, match="differ"):
        selection.verify_equivalence(
            FittedModel(forest), signature, Unrounded(forest, signature), columns, 1e-5
        )


def test_a_model_that_draws_a_line_is_not_confused_with_its_neighbour() -> None:
    rows = np.random.default_rng(0).normal(size=(300, 2))
    labels = rows[:, 0] > rows[:, 1]
    model = LogisticRegression().fit(rows, labels)
    near = LogisticRegression().fit(rows, labels)
    near.coef_ = near.coef_ * (1 + 1e-6)
    case = ModelCase(model, pd.DataFrame(rows, columns=["a", "b"]))
    signature, columns = contract(case)
    content, _ = convert(FittedModel(near), signature)
    with pytest.raises(UnequalError):
        selection.verify_equivalence(
            FittedModel(model), signature, OnnxRuntime(content, signature), columns, 1e-9
        )


def test_a_wrong_conversion_is_never_packed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    case, signature, _ = described("random forest")
    rows = np.ascontiguousarray(case.rows.to_numpy())
    other = RandomForestClassifier(10, random_state=1).fit(rows, case.estimator.predict(rows))
    wrong = convert(FittedModel(other), signature)
    monkeypatch.setattr("training.conversion.convert.convert", lambda *_: wrong)
    joblib.dump(case.estimator, tmp_path / "model.joblib")
    case.rows.to_csv(tmp_path / "rows.csv", index=False)
    given = [str(tmp_path / name) for name in ("model.joblib", "rows.csv", "artifact")]
    command = ["pack", given[0], "--sample", given[1], "--out", given[2]]

    assert main([*command, "--engine", "onnx"]) == 65
    assert re.fullmatch(
        r"slipway: .+model\.joblib: cannot be served with ONNX: \d+ of \d+ labels differ\n",
        capsys.readouterr().err,
    )
    assert not (tmp_path / "artifact").exists()

    assert main(command) == 0
    assert re.search(
        r"\n  engine  scikit-learn: \d+ of \d+ labels differ\n", capsys.readouterr().out
    )
    assert {path.name for path in (tmp_path / "artifact").iterdir()} == {
        "manifest.json",
        "model.joblib",
    }


def test_rows_are_drawn_around_the_largest_and_the_smallest_floats() -> None:
    ends = [-1.79e308, 1.79e308, 1e-320, 0.0]
    given = Input(name="a", kind="number", dtype="float64", lowest=-1.79e308, highest=1.79e308)
    signature = Signature(
        container="array", inputs=(given,), outputs=(Output(name="y", kind="number"),)
    )
    drawn = probe_rows.generate(signature, {"a": np.array(ends)}, {}, 1000)["a"]
    assert np.isfinite(drawn).all()
    assert len(np.unique(drawn)) > 100
