"""The engines: the same answers as the estimator itself, and refusal of what is none."""

import io

import joblib
import numpy as np
import pytest
from sklearn.tree import DecisionTreeClassifier

from service.model import engines

SAMPLE = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 5.0], [3.0, 1.0]])
LABELS = np.array([0, 1, 0, 1])


@pytest.fixture
def tree() -> DecisionTreeClassifier:
    return DecisionTreeClassifier(random_state=0, max_depth=1).fit(SAMPLE, LABELS)


def dumped(value: object) -> bytes:
    buffer = io.BytesIO()
    joblib.dump(value, buffer)
    return buffer.getvalue()


def test_columns_reach_the_estimator_as_rows(tree: DecisionTreeClassifier) -> None:
    engine = engines.load("scikit-learn", dumped(tree))
    columns = list(SAMPLE.T)
    assert engine.predict(columns).tolist() == tree.predict(SAMPLE).tolist()
    assert engine.probabilities(columns).tolist() == tree.predict_proba(SAMPLE).tolist()


def test_an_engine_that_is_not_there_is_refused_unread() -> None:
    with pytest.raises(ValueError, match="abacus"):
        engines.load("abacus", b"")
