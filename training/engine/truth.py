"""Compare what will be served with the truth: what the estimator answers to the user's own rows.

The rows are those of `training/samples/pandas_rows.py`. So a column that the service reads as
another type than the user's code does is found here, whatever the reason.
"""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from service.model.engines import Column, Engine, ScikitLearn
from service.model.signature import Signature
from training.errors import PackError
from training.samples import pandas_rows
from training.samples.sample import Sample

TOLERANCE = 1e-9  # of numbers that the same library computes in another order
SHOWN = 3  # columns
ADVICE = (
    "name the kind with --kind NAME=KIND (text, integer, number, boolean, date or datetime), "
    "or give the sample as Parquet with the types that the model was fitted with"
)


class _Contained(ScikitLearn):
    """scikit-learn's engine on rows that are in their container already."""

    rows: Any = None

    def contained(self, columns: Sequence[Column]) -> Any:
        """These rows, whatever the columns are."""
        return self.rows


def check(
    estimator: Any,
    signature: Signature,
    sample: Sample,
    engine: Engine,
    columns: Mapping[str, Column],
    tolerance: float = TOLERANCE,
) -> None:
    """PackError unless the engine gives for these columns what the estimator gives for the sample.

    Labels must be equal; probabilities, scores and other numbers may differ by the tolerance.
    """
    rows = pandas_rows.rows(signature, sample)
    truth = _Contained(estimator, signature)
    truth.rows = rows
    try:
        expected = _answers(truth, signature, [])
    except Exception as error:
        reason = f"{type(error).__name__}: {' '.join(str(error).split())[:160]}"
        raise PackError(
            f"the model cannot predict the sample as pandas reads it ({reason})"
            f"{_suspects(signature, sample)}; {ADVICE}"
        ) from error
    found = _answers(engine, signature, list(columns.values()))
    wrong = np.zeros(sample.kept, dtype=bool)
    for right, told in zip(expected, found, strict=True):
        wrong |= _differ(right, told, tolerance)
    if wrong.any():
        raise PackError(
            f"the service would answer {int(wrong.sum())} of {sample.kept} rows of the sample "
            f"otherwise than the estimator does{_suspects(signature, sample)}; {ADVICE}"
        )


def _answers(engine: Engine, signature: Signature, columns: Sequence[Column]) -> list[Any]:
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = list(engine.predict(columns))
        return found + list(engine.confidence(columns)) if signature.confidence else found


def _differ(right: Any, told: Any, tolerance: float) -> Any:
    """The rows in which answers differ."""
    one, other = np.asarray(right), np.asarray(told)
    if one.shape != other.shape:
        return np.ones(len(one), dtype=bool)
    if one.dtype.kind == "f" and other.dtype.kind == "f":
        same = np.isclose(one, other, rtol=tolerance, atol=tolerance, equal_nan=True)
    else:
        same = np.asarray(one == other)
    return ~same.reshape(len(one), -1).all(axis=1)


def _suspects(signature: Signature, sample: Sample) -> str:
    """The columns whose type is not the one in the user's own rows, in words."""
    names = []
    for one in signature.inputs:
        column = sample.columns[one.name]
        if column.dtype != one.dtype or column.missing or column.texts:
            names.append(one.name)
    names = names or [one.name for one in signature.inputs if one.kind not in ("number",)]
    names = names or list(signature.names)
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"; look at the columns {', '.join(names[:SHOWN])}{more}"
