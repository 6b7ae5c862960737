"""The parts of a fitted estimator, and copies of it with other parts."""

import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from training.estimators import introspection
from training.estimators.fitted_model import FittedModel

TABLE = pd.DataFrame({"colour": ["red", "blue", "red", "green"] * 3})
TARGET = [0, 1, 0, 1] * 3


def test_every_part_is_met_once() -> None:
    forest = RandomForestClassifier(4, random_state=0)
    model = make_pipeline(OneHotEncoder(), forest).fit(TABLE[["colour"]], TARGET)
    kinds = [type(part).__name__ for part in introspection.parts(model)]
    assert sorted(kinds)[:1] == ["DecisionTreeClassifier"]
    assert kinds.count("RandomForestClassifier") == 1
    assert kinds.count("DecisionTreeClassifier") == 4 + 1  # the template of the trees


def test_parts_that_compute_in_parallel_are_named() -> None:
    model = make_pipeline(OneHotEncoder(), RandomForestClassifier(2, n_jobs=-1))
    fitted = FittedModel(model.fit(TABLE[["colour"]], TARGET))
    assert fitted.parallel_parts == ["RandomForestClassifier"]
    assert FittedModel(LogisticRegression().fit(np.eye(2), [0, 1])).parallel_parts == []


def test_a_copy_with_one_job_predicts_the_same_and_shares_the_trees() -> None:
    forest = RandomForestClassifier(3, random_state=0, n_jobs=2)
    model = make_pipeline(OneHotEncoder(), forest).fit(TABLE[["colour"]], TARGET)
    copied = introspection.with_one_job(model)
    assert (forest.n_jobs, copied[-1].n_jobs) == (2, 1)
    for own, other in zip(forest.estimators_, copied[-1].estimators_, strict=True):
        assert own is not other
        assert own.tree_ is other.tree_
    assert copied.predict(TABLE[["colour"]]).tolist() == model.predict(TABLE[["colour"]]).tolist()


def test_a_model_that_uses_one_core_is_not_copied() -> None:
    model = LogisticRegression().fit(np.eye(2), [0, 1])
    assert introspection.with_one_job(model) is model
