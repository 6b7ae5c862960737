"""Packing compares what will be served with the estimator's answers to the user's own rows."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder

from service.model.engines import ScikitLearn
from service.model.predictor import as_column
from service.model.signature import Signature
from tests.support import frame_steps
from training.engine import truth
from training.errors import PackError
from training.estimators.fitted_model import FittedModel
from training.samples import pandas_rows, sample
from training.signature.infer import Contract, infer_contract

STORES = np.resize([10, 20, 30], 90)
ROWS = pd.DataFrame({"store": STORES, "b": np.linspace(-1, 1, 90)})


def found(folder: Path) -> tuple[Any, Contract]:
    """A model that makes text of its numbers, and its contract."""
    encoder = OneHotEncoder(handle_unknown="ignore")
    model = make_pipeline(
        FunctionTransformer(frame_steps.texts), encoder, LogisticRegression()
    ).fit(ROWS, STORES == 10)
    ROWS.to_csv(folder / "rows.csv", index=False)
    return model, infer_contract(
        FittedModel(model), sample.read(folder / "rows.csv", named=True), []
    )


def columns_of(signature: Signature, read: sample.Sample) -> dict[str, Any]:
    return {
        one.name: as_column(read.columns[one.name].values, one.dtype) for one in signature.inputs
    }


def with_type(signature: Signature, dtype: str) -> Signature:
    first, *others = signature.inputs
    return replace(signature, inputs=(replace(first, dtype=dtype), *others))


def test_the_same_types_are_the_truth(tmp_path: Path) -> None:
    model, described = found(tmp_path)
    engine = ScikitLearn(model, described.signature)
    columns = columns_of(described.signature, described.sample)
    truth.check(FittedModel(model), described.signature, described.sample, engine, columns)


def test_another_type_is_refused_and_the_column_is_named(tmp_path: Path) -> None:
    model, described = found(tmp_path)
    rounded = with_type(
        described.signature, "float64"
    )  # 10 becomes 10.0, which the encoder does not know
    columns = columns_of(rounded, described.sample)
    with pytest.raises(PackError, match="differently from the estimator.* store; .*--kind"):
        truth.check(
            FittedModel(model), rounded, described.sample, ScikitLearn(model, rounded), columns
        )


def test_one_other_answer_is_refused(tmp_path: Path) -> None:
    model, described = found(tmp_path)

    class Wrong(ScikitLearn):
        def predict(self, columns: Any) -> list[Any]:
            [labels] = super().predict(columns)
            labels[7] = not labels[7]
            return [labels]

    columns = columns_of(described.signature, described.sample)
    with pytest.raises(PackError, match="would answer 1 of 90 rows of the sample differently"):
        truth.check(
            FittedModel(model),
            described.signature,
            described.sample,
            Wrong(model, described.signature),
            columns,
        )


def test_the_user_s_rows_are_what_pandas_reads(tmp_path: Path) -> None:
    cells = "a,b,c,d,e\n1,2.5,True,x,\n2,,False,NA,7\n3,1e3,True,y,8\n"
    (tmp_path / "rows.csv").write_text(cells)
    read = sample.read(tmp_path / "rows.csv", named=True)
    columns = [
        replace(one, dtype="int64" if name == "a" else "") for name, one in read.columns.items()
    ]
    pd.testing.assert_frame_equal(pandas_rows.frame(columns), pd.read_csv(tmp_path / "rows.csv"))
