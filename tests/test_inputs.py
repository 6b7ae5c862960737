"""What a model accepts, column by column: few trials find it out, and decide rightly."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import RadiusNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

from service.model.signature import Signature
from training.samples import sample
from training.signature.infer import infer_signature

LABELS = ["yes", "no"] * 200


class Counting(HistGradientBoostingClassifier):  # type: ignore[misc]
    """Counts its calls."""

    calls: ClassVar[list[int]] = []

    def predict(self, rows: Any) -> Any:
        self.calls.append(len(rows))
        return super().predict(rows)


@pytest.fixture
def counting() -> Counting:
    Counting.calls.clear()
    return Counting(max_iter=2)


def described(model: Any, rows: pd.DataFrame, folder: Path) -> Signature:
    rows.to_csv(folder / "rows.csv", index=False)
    named = hasattr(model, "feature_names_in_")
    return infer_signature(model, sample.read(folder / "rows.csv", named=named), [])


def test_many_columns_are_tried_together(counting: Counting, tmp_path: Path) -> None:
    wide = pd.DataFrame(np.random.default_rng(0).normal(size=(30, 200))).add_prefix("c")
    signature = described(counting.fit(wide, LABELS[:30]), wide, tmp_path)
    assert all(column.nullable for column in signature.inputs)
    assert 0 < len(Counting.calls) < 50, "not a call for every column"


def test_many_categories_are_tried_together(counting: Counting, tmp_path: Path) -> None:
    ids = pd.DataFrame({"id": [f"id{i}" for i in range(400)]})
    model = make_pipeline(OrdinalEncoder(), counting).fit(ids, LABELS)
    [column] = described(model, ids, tmp_path).inputs
    assert column.closed
    assert len(column.categories or ()) == 400
    assert 0 < len(Counting.calls) < 50, "not a call for every category"


def test_one_column_that_takes_null_is_found_among_those_that_do_not(tmp_path: Path) -> None:
    rows = pd.DataFrame({"kind": ["a", "b"] * 10, "size": range(20), "site": ["x", "y"] * 10})
    text = make_pipeline(OneHotEncoder(handle_unknown="ignore"), LogisticRegression())
    model = text.fit(rows, LABELS[:20])
    taken = described(model, rows, tmp_path).inputs
    assert [column.nullable for column in taken] == [True, True, True]
    strict = make_pipeline(OrdinalEncoder(), LogisticRegression()).fit(rows, LABELS[:20])
    taken = described(strict, rows, tmp_path).inputs
    assert [column.nullable for column in taken] == [False, False, False]
    assert [column.closed for column in taken] == [True, True, True]


@pytest.mark.parametrize(
    "model",
    [
        IsotonicRegression().fit([[0.0], [5.0], [9.0]], [0.0, 1.0, 2.0]),
        RadiusNeighborsClassifier(3.0).fit([[0.0], [5.0], [9.0]], ["a", "b", "a"]),
    ],
    ids=lambda model: type(model).__name__,
)
def test_a_number_that_must_not_be_too_large_stays_a_number(model: Any, tmp_path: Path) -> None:
    [column] = described(model, pd.DataFrame({"size": [0.0, 5.0, 9.0]}), tmp_path).inputs
    assert (column.kind, column.closed, column.categories) == ("number", False, None)
    assert column.lowest is not None
    assert column.highest is not None
    assert column.lowest <= 0.0
    assert 9.0 <= column.highest < 1e6


@pytest.mark.parametrize("unknown", ["ignore", "error"])
def test_an_encoder_that_learned_null_as_a_category_is_no_trouble(
    unknown: str, tmp_path: Path
) -> None:
    rows = pd.DataFrame({"kind": ["a", "b", None, "a"] * 5})
    model = make_pipeline(OneHotEncoder(handle_unknown=unknown), LogisticRegression())
    [column] = described(model.fit(rows, LABELS[:20]), rows, tmp_path).inputs
    assert (column.kind, column.categories) == ("category", ("a", "b"))
    assert column.nullable
    assert column.closed is (unknown == "error")


def test_open_categories_are_those_of_the_encoder_and_a_long_list_is_text(
    tmp_path: Path,
) -> None:
    few = pd.DataFrame({"id": ["a", "b"] * 10})
    many = pd.DataFrame({"id": [f"user{i}" for i in range(400)]})
    for rows, kind, categories in ((few, "category", ("a", "b")), (many, "text", None)):
        model = make_pipeline(OneHotEncoder(handle_unknown="ignore"), LogisticRegression())
        [column] = described(model.fit(rows, LABELS[: len(rows)]), rows, tmp_path).inputs
        assert (column.kind, column.categories, column.closed) == (kind, categories, False)
