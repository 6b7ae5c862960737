"""A fitted estimator with its properties."""

import re

import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from training.errors import PackError
from training.estimators.fitted_model import FittedModel


class OfAnotherVersion(LogisticRegression):  # type: ignore[misc]
    """As CatBoost 1.2.10 with a model of CatBoost 1.2, whose parameters it refuses."""

    def __sklearn_tags__(self) -> object:
        raise RuntimeError("scale_pos_weight is supported only for binary classification")


def test_an_error_of_an_estimator_is_a_reason_and_no_traceback() -> None:
    reason = (
        "holds a Pipeline that cannot be used with the versions here (RuntimeError: "
        "scale_pos_weight is supported only for binary classification)"
    )
    with pytest.raises(PackError, match=re.escape(reason)):
        FittedModel(make_pipeline(OfAnotherVersion()))
