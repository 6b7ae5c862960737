"""The environment that saved a model: what it lacks, and which values the model refuses there."""

import pickle
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline

from service.model.signature import Input, Signature
from tests.support.described import described
from training.older import answers
from training.older.environment import Environment
from training.older.proof import LARGEST, NotComparableError, OlderModel, Part


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b"cabsent.lib\nthing\n.",
            r"^needs absent beside scikit-learn 1\.2\.2: add --with absent==",
        ),
        (b"cjoblib\nabsent\n.", r"^scikit-learn 1\.2\.2 cannot load it \(AttributeError: "),
    ],
)
def test_what_it_cannot_load_is_named(content: bytes, message: str) -> None:
    _, signature, columns = described("random forest")
    older = OlderModel([Part(content)], Environment(Path(sys.executable), "1.2.2"))
    with pytest.raises(NotComparableError, match=message):
        older.narrowed(signature, columns)


@pytest.mark.parametrize("count", [4, 700])
def test_each_column_keeps_what_the_model_takes_in_it(count: int) -> None:
    filled, kept = list(range(count // 2)), list(range(count // 2, count))
    fill = make_pipeline(SimpleImputer(), "passthrough")
    model = make_pipeline(
        ColumnTransformer([("filled", fill, filled), ("kept", "passthrough", kept)]),
        LinearRegression(),
    )
    rows = np.random.default_rng(0).random((5, count))
    model.fit(rows, rows[:, 0])
    end = float(np.finfo(np.float64).max)
    one = Input(name="", kind="number", dtype="float64", nullable=True, lowest=-end, highest=np.inf)
    inputs = tuple(replace(one, name=str(place)) for place in range(count))
    older = OlderModel([Part(pickle.dumps(model))], Environment(Path(sys.executable), "1.9.1"))
    found = older.narrowed(
        Signature(container="array", inputs=inputs, outputs=()),
        {one.name: rows[:, place] for place, one in enumerate(inputs)},
    )
    takes_null = [one.nullable for one in found.inputs]
    assert takes_null == [place < count // 2 for place in range(count)]
    assert {one.highest for one in found.inputs} == {LARGEST}
    assert {one.lowest for one in found.inputs} == {-end}


def test_a_wide_table_takes_few_predictions(monkeypatch: pytest.MonkeyPatch) -> None:
    class Refusing:
        predicted = 0

        def predict(self, rows: np.ndarray) -> np.ndarray:
            self.predicted += 1
            if np.isnan(rows).any():
                raise ValueError("null")
            return rows[:, 0]

    model = Refusing()
    columns = [{"name": str(place), "dtype": "float64", "values": [0.0]} for place in range(2_000)]
    changes = [[place, [np.nan]] for place in range(2_000)]
    assert answers.refused_columns([model], columns, changes, "array") == list(range(2_000))
    assert model.predicted < 1_100
    model.predicted = 0
    assert answers.refused_columns([model], columns, [[3, [1.0]], [4, [2.0]]], "array") == []
    assert model.predicted == 1
