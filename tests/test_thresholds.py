"""Where trees split, and rows exactly there: both engines must answer them equally."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn import ensemble, tree
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from service.model.engines import OnnxRuntime, ScikitLearn
from service.model.probe_rows import ROWS, generate, neighbours
from service.model.signature import Input, Output, Signature
from tests.support.described import contract, described
from tests.support.model_cases import ModelCase
from training.conversion.convert import convert
from training.estimators.fitted_model import FittedModel
from training.estimators.thresholds import thresholds

CHANCE = np.random.default_rng(0)
DATA = CHANCE.normal(size=(400, 2)) * [1.0, 1e6]
LABELS = (DATA[:, 0] * 1e6 + CHANCE.normal(size=400) * 3e5 > DATA[:, 1]).astype(int)
CLASSES = LABELS + (DATA[:, 0] > 1)
FEW: dict[str, Any] = {"n_estimators": 7, "random_state": 0}
MODELS: dict[str, Callable[[], Any]] = {
    "a tree": lambda: tree.DecisionTreeClassifier(random_state=0).fit(DATA, CLASSES),
    "a tree of one leaf": lambda: tree.DecisionTreeRegressor(max_depth=1).fit(DATA, LABELS * 0.0),
    "an extra tree": lambda: tree.ExtraTreeRegressor(random_state=0).fit(DATA, DATA[:, 1]),
    "a forest": lambda: ensemble.RandomForestClassifier(**FEW).fit(DATA, CLASSES),
    "a forest of mixed leaves": lambda: ensemble.RandomForestClassifier(
        min_samples_leaf=5, **FEW
    ).fit(DATA, CLASSES),
    "a forest, regression": lambda: ensemble.RandomForestRegressor(**FEW).fit(DATA, DATA[:, 0]),
    "a forest, two outputs": lambda: ensemble.ExtraTreesRegressor(**FEW).fit(DATA, DATA),
    "gradient boosting": lambda: ensemble.GradientBoostingClassifier(**FEW).fit(DATA, LABELS),
    "gradient boosting, classes": lambda: ensemble.GradientBoostingClassifier(**FEW).fit(
        DATA, CLASSES
    ),
    "gradient boosting, regression": lambda: ensemble.GradientBoostingRegressor(**FEW).fit(
        DATA, DATA[:, 1]
    ),
    "histogram boosting": lambda: ensemble.HistGradientBoostingClassifier(max_iter=9).fit(
        DATA, LABELS
    ),
    "histogram boosting, regression": lambda: ensemble.HistGradientBoostingRegressor(
        max_iter=9
    ).fit(np.where(CHANCE.random(DATA.shape) < 0.1, np.nan, DATA), LABELS),
}


def signature(model: Any) -> Signature:
    labels = getattr(model, "classes_", None)
    output = Output(
        name="y",
        kind="number" if labels is None else "integer",
        labels=None if labels is None else tuple(labels.tolist()),
        confidence=None if labels is None else "probabilities",
    )
    inputs = tuple(Input(name=name, kind="number", dtype="float64") for name in "ab")
    count = getattr(model, "n_outputs_", 1)
    return Signature(container="array", inputs=inputs, outputs=(output,) * count)


@pytest.mark.parametrize("name", MODELS)
def test_rows_exactly_at_thresholds_are_answered_as_scikit_learn_answers_them(name: str) -> None:
    model = MODELS[name]()
    made = signature(model)
    splits = thresholds(model, ["a", "b"])
    pools = [neighbours(splits[one]) if one in splits else DATA[:, 0] for one in "ab"]
    columns = [CHANCE.choice(pool, 3000) for pool in pools]
    if model.__sklearn_tags__().input_tags.allow_nan and "one leaf" not in name:
        columns[0][::7] = np.nan
    ours, theirs = ScikitLearn(model, made), OnnxRuntime(convert(FittedModel(model), made)[0], made)
    for right, found in zip(ours.predict(columns), theirs.predict(columns), strict=True):
        if made.outputs[0].labels:
            assert found.tolist() == right.tolist()
        np.testing.assert_allclose(found, right, rtol=1e-13)
    if made.confidence:
        [right], [found] = ours.confidence(columns), theirs.confidence(columns)
        np.testing.assert_allclose(found, right, rtol=1e-13)


def test_all_thresholds_of_a_tree_are_found() -> None:
    model = tree.DecisionTreeClassifier(random_state=0).fit(DATA, LABELS)
    found = thresholds(model, ["a", "b"])
    inner = model.tree_.children_left >= 0
    assert set(found["a"]) | set(found["b"]) == set(model.tree_.threshold[inner])


def test_thresholds_behind_a_scaler_are_those_of_the_input() -> None:
    scaled = make_pipeline(StandardScaler(), tree.DecisionTreeClassifier(max_depth=1))
    model = scaled.fit(DATA[:, :1], DATA[:, 0] > 0.5)
    [found] = thresholds(model, ["a"])["a"]
    below, above = DATA[DATA[:, 0] <= 0.5, 0].max(), DATA[DATA[:, 0] > 0.5, 0].min()
    assert below < found < above


def test_thresholds_behind_a_table_of_columns_are_found_by_name() -> None:
    case, made, _ = described("mixed table, ordinal codes")
    found = thresholds(case.estimator, made.names)
    ages = case.rows.age_years
    assert ages.min() < found["age_years"].min() <= found["age_years"].max() < ages.max()


def test_rows_around_a_sample_hold_thresholds_null_the_unknown_and_the_ends() -> None:
    case, made, columns = described("mixed table, ordinal codes")
    splits = thresholds(case.estimator, made.names)
    drawn = generate(made, columns, splits)
    by_name = {column.name: column for column in made.inputs}
    ages = drawn["age_years"]
    assert all(len(values) >= ROWS >= 10_000 for values in drawn.values())
    below = np.floor(splits["age_years"])  # ages are whole numbers
    assert set(below) | set(below + 1) <= set(ages)
    assert set(splits["temperature"]) <= set(drawn["temperature"])
    assert {by_name["age_years"].lowest, by_name["age_years"].highest} <= set(ages)
    assert np.isnan(ages).any()
    sites = set(drawn["site"])
    assert set(by_name["site"].categories or ()) < sites
    assert any(value != value for value in sites)


def test_a_closed_category_is_given_nothing_unknown() -> None:
    _, made, columns = described("mixed table, closed categories")
    drawn = generate(made, columns, {})
    [site] = [column for column in made.inputs if column.name == "site"]
    given = {value for value in drawn["site"].tolist() if value == value}
    assert given == set(site.categories or ())


def test_whole_numbers_stay_whole() -> None:
    rows = pd.DataFrame({"n": range(200)})
    model = tree.DecisionTreeClassifier(max_depth=3).fit(rows, rows.n > 70)
    made, columns = contract(ModelCase(model, rows, as_frame=True))
    drawn = generate(made, columns, thresholds(model, ["n"]))
    assert {70.0, 71.0} <= set(drawn["n"].tolist())
    assert all(value != value or value == int(value) for value in drawn["n"].tolist())
