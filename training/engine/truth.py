"""Compares served predictions with the truth: the estimator's predictions for the user's own rows.

The rows are those of `training/samples/pandas_rows.py`. The comparison finds a column that the
service reads with another type than the user's code, whatever the cause.
"""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from service.model.engines import Column, Engine, ScikitLearn
from service.model.errors import one_line
from service.model.signature import Signature
from training.errors import PackError
from training.estimators.fitted_model import FittedModel
from training.samples import pandas_rows
from training.samples.sample import Sample

TOLERANCE = 1e-9  # one library may compute the same number in two orders
SHOWN_COLUMNS = 3  # in an error
ADVICE = (
    "name the kind with --kind NAME=KIND (text, integer, number, boolean, date or datetime), "
    "or give the sample as Parquet with the types that the model was fitted with"
)


class _Contained(ScikitLearn):
    """scikit-learn's engine with rows that are already in their container."""

    rows: Any = None

    def contained(self, columns: Sequence[Column]) -> Any:
        """These rows; `columns` is ignored."""
        return self.rows


def check(
    model: FittedModel,
    signature: Signature,
    sample: Sample,
    engine: Engine,
    columns: Mapping[str, Column],
    tolerance: float = TOLERANCE,
) -> None:
    """Raise PackError unless engine and estimator predict the same for the rows of the sample.

    `columns` are the rows as the engine gets them.

    Labels must be equal; probabilities, scores and other numbers may differ by the tolerance.
    """
    rows = pandas_rows.rows(signature, sample)
    truth = _Contained(model.estimator, signature)
    truth.rows = rows
    try:
        expected = _answers(truth, signature, [])
    except Exception as error:
        raise PackError(
            f"the model cannot predict the sample as pandas reads it ({one_line(error)})"
            f"{_suspects(signature, sample)}; {ADVICE}"
        ) from error
    found = _answers(engine, signature, list(columns.values()))
    wrong = np.zeros(sample.kept, dtype=bool)
    for right, actual in zip(expected, found, strict=True):
        wrong |= _differ(right, actual, tolerance)
    if wrong.any():
        raise PackError(
            f"the service would answer {int(wrong.sum())} of {sample.kept} rows of the sample "
            f"differently from the estimator{_suspects(signature, sample)}; {ADVICE}"
        )


def _answers(engine: Engine, signature: Signature, columns: Sequence[Column]) -> list[Any]:
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = list(engine.predict(columns))
        return found + list(engine.confidence(columns)) if signature.confidence else found


def _differ(right: Any, actual: Any, tolerance: float) -> Any:
    """Which rows have different answers."""
    one, other = np.asarray(right), np.asarray(actual)
    if one.shape != other.shape:
        return np.ones(len(one), dtype=bool)
    if one.dtype.kind == "f" and other.dtype.kind == "f":
        same = np.isclose(one, other, rtol=tolerance, atol=tolerance, equal_nan=True)
    else:
        same = np.asarray(one == other)
    return ~same.reshape(len(one), -1).all(axis=1)


def _suspects(signature: Signature, sample: Sample) -> str:
    """The columns whose type may differ from that in the user's own rows, as text."""
    names = []
    for one in signature.inputs:
        column = sample.columns[one.name]
        if column.dtype != one.dtype or column.missing or column.texts:
            names.append(one.name)
    names = names or [one.name for one in signature.inputs if one.kind not in ("number",)]
    names = names or list(signature.names)
    more = f" and {len(names) - SHOWN_COLUMNS} more" if len(names) > SHOWN_COLUMNS else ""
    return f"; look at the columns {', '.join(names[:SHOWN_COLUMNS])}{more}"
