"""Estimators that combine or wrap others: pipelines, bagging, voting, stacking, chains and more."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from onnx import TensorProto
from sklearn import compose, dummy, ensemble, linear_model, model_selection, multioutput, pipeline
from sklearn.base import is_classifier
from sklearn.semi_supervised import SelfTrainingClassifier

from training.conversion.graphs.features import linear_transformer
from training.conversion.graphs.registry import (
    CLASSIFIERS,
    NUMBERS,
    SEVERAL,
    TRANSFORMERS,
    Classified,
    argmax,
    classified,
    columns,
    numbers,
    one_hot,
    transformed,
    writes,
)
from training.conversion.graphs.scaling import apply_function
from training.onnx.nodes import Nodes, to_column

SEARCHES = (model_selection.GridSearchCV, model_selection.RandomizedSearchCV)


def _before(add: Nodes, model: Any, rows: str) -> str:
    """The rows as the last step of a pipeline gets them."""
    for _, step in model.steps[:-1]:
        if step not in (None, "passthrough"):
            rows = transformed(add, step, rows)
    return rows


@writes(CLASSIFIERS, pipeline.Pipeline)
def classifying_pipeline(add: Nodes, model: Any, rows: str) -> Classified:
    """The last step, after all others."""
    return classified(add, model.steps[-1][1], _before(add, model, rows))


@writes(NUMBERS, pipeline.Pipeline)
def regressing_pipeline(add: Nodes, model: Any, rows: str) -> str:
    """The last step, after all others."""
    return numbers(add, model.steps[-1][1], _before(add, model, rows))


@writes(TRANSFORMERS, pipeline.Pipeline)
def transforming_pipeline(add: Nodes, model: Any, rows: str) -> str:
    """All steps."""
    last = model.steps[-1][1]
    rows = _before(add, model, rows)
    return rows if last in (None, "passthrough") else transformed(add, last, rows)


@writes(CLASSIFIERS, *SEARCHES)
def classifying_search(add: Nodes, model: Any, rows: str) -> Classified:
    """The best estimator."""
    return classified(add, model.best_estimator_, rows)


@writes(NUMBERS, *SEARCHES)
def regressing_search(add: Nodes, model: Any, rows: str) -> str:
    """The best estimator."""
    return numbers(add, model.best_estimator_, rows)


@writes(CLASSIFIERS, SelfTrainingClassifier)
def self_trained(add: Nodes, model: Any, rows: str) -> Classified:
    """The estimator within."""
    return classified(add, model.estimator_, rows)


@writes(NUMBERS, linear_model.RANSACRegressor)
def ransac(add: Nodes, model: Any, rows: str) -> str:
    """The estimator within."""
    return numbers(add, model.estimator_, rows)


def _zeros(add: Nodes, rows: str) -> str:
    """Zero for each row, of shape (rows,)."""
    count = add("Slice", add("Shape", rows), add.constant([0]), add.constant([1]))
    return add("Cast", add("ConstantOfShape", count), to=TensorProto.INT64)


@writes(CLASSIFIERS, dummy.DummyClassifier)
def constant_classifier(add: Nodes, model: Any, rows: str) -> Classified:
    """The same class and probabilities for every row."""
    if model._strategy not in ("prior", "most_frequent", "constant") or model.n_outputs_ > 1:
        raise NotImplementedError(f"the strategy {model._strategy}")
    given = np.zeros((1, getattr(model, "n_features_in_", 1)))
    place = int(np.flatnonzero(model.classes_ == model.predict(given)[0])[0])
    table = model.predict_proba(given)

    def probabilities() -> str:
        return add("Gather", add.constant(table), _zeros(add, rows), axis=0)

    def choice() -> str:
        return add("Add", _zeros(add, rows), add.constant(np.array(place)))

    return Classified(add, model.classes_, choice, probabilities=probabilities)


@writes(NUMBERS, dummy.DummyRegressor)
def constant_regressor(add: Nodes, model: Any, rows: str) -> str:
    """The same numbers for every row."""
    return constant_numbers(add, rows, model.constant_)


def constant_numbers(add: Nodes, rows: str, values: Any) -> str:
    """These numbers for every row."""
    table = np.asarray(values, np.float64).reshape(1, -1)
    return add("Gather", add.constant(table), _zeros(add, rows), axis=0)


def _mean(add: Nodes, found: Sequence[str], weights: Any = None) -> str:
    """The weighted mean of several arrays of one shape."""
    if weights is None:
        summed = add("Sum", *found) if len(found) > 1 else found[0]
        return add("Div", summed, add.constant(np.array(float(len(found)))))
    scaled = [
        add("Mul", one, add.constant(np.array(float(weight))))
        for one, weight in zip(found, weights, strict=True)
    ]
    summed = add("Sum", *scaled) if len(scaled) > 1 else scaled[0]
    return add("Div", summed, add.constant(np.array(float(np.sum(weights)))))


def _own_rows(add: Nodes, model: Any, rows: str) -> list[str]:
    """The columns that each estimator of a bag gets."""
    every = list(range(model.n_features_in_))
    return [
        rows if list(own) == every else columns(add, rows, own)
        for own in model.estimators_features_
    ]


@writes(CLASSIFIERS, ensemble.BaggingClassifier)
def bag_classifier(add: Nodes, model: Any, rows: str) -> Classified:
    """The mean of the estimators' probabilities."""
    found = []
    for one, given in zip(model.estimators_, _own_rows(add, model, rows), strict=True):
        if len(one.classes_) != len(model.classes_) or not hasattr(one, "predict_proba"):
            raise NotImplementedError("a bag of estimators without all probabilities")
        found.append(classified(add, one, given).probabilities)
    probabilities = _mean(add, found)
    return Classified(
        add, model.classes_, lambda: argmax(add, probabilities), probabilities=lambda: probabilities
    )


@writes(NUMBERS, ensemble.BaggingRegressor)
def bag_regressor(add: Nodes, model: Any, rows: str) -> str:
    """The mean of the estimators."""
    given = _own_rows(add, model, rows)
    pairs = zip(model.estimators_, given, strict=True)
    return _mean(add, [numbers(add, one, own) for one, own in pairs])


@writes(CLASSIFIERS, ensemble.VotingClassifier)
def voting(add: Nodes, model: Any, rows: str) -> Classified:
    """The mean of probabilities, or the class with most votes."""
    found = [classified(add, one, rows) for one in model.estimators_]
    weights = model._weights_not_none
    if model.voting == "soft":
        probabilities = _mean(add, [one.probabilities for one in found], weights)
        return Classified(
            add,
            model.classes_,
            lambda: argmax(add, probabilities),
            probabilities=lambda: probabilities,
        )
    votes = [
        add("Cast", one_hot(add, one.index, len(model.classes_)), to=TensorProto.DOUBLE)
        for one in found
    ]
    return Classified(add, model.classes_, lambda: argmax(add, _mean(add, votes, weights)))


@writes(NUMBERS, ensemble.VotingRegressor)
def mean_regressor(add: Nodes, model: Any, rows: str) -> str:
    """The weighted mean of the estimators."""
    found = [numbers(add, one, rows) for one in model.estimators_]
    return _mean(add, found, model._weights_not_none)


@writes(TRANSFORMERS, ensemble.VotingRegressor)
def votes_of_numbers(add: Nodes, model: Any, rows: str) -> str:
    """A column for each estimator."""
    return add("Concat", *(numbers(add, one, rows) for one in model.estimators_), axis=1)


@writes(TRANSFORMERS, ensemble.VotingClassifier)
def votes_of_classes(add: Nodes, model: Any, rows: str) -> str:
    """The label of each estimator, or its probabilities."""
    found = [classified(add, one, rows) for one in model.estimators_]
    if model.voting == "soft":
        if not model.flatten_transform:
            raise NotImplementedError("votes that are not flattened")
        return add("Concat", *(one.probabilities for one in found), axis=1)
    places = [to_column(add, add("Cast", one.index, to=TensorProto.DOUBLE)) for one in found]
    return add("Concat", *places, axis=1)


@writes(TRANSFORMERS, ensemble.StackingClassifier, ensemble.StackingRegressor)
def stacked(add: Nodes, model: Any, rows: str) -> str:
    """The predictions of each estimator, and the rows themselves if they are passed."""
    found = []
    for one, method in zip(model.estimators_, model.stack_method_, strict=True):
        if not is_classifier(one):
            found.append(numbers(add, one, rows))
            continue
        answer = classified(add, one, rows)
        if method == "predict":
            raise NotImplementedError("labels of one estimator as the input of another")
        is_proba = method == "predict_proba"
        values = answer.probabilities if is_proba else answer.scores
        if is_proba and len(answer.classes) == 2:
            values = columns(add, values, [1])  # the first is 1 minus it
        found.append(values)
    found += [rows] if model.passthrough else []
    return add("Concat", *found, axis=1) if len(found) > 1 else found[0]


@writes(CLASSIFIERS, ensemble.StackingClassifier)
def stacking_classifier(add: Nodes, model: Any, rows: str) -> Classified:
    """The last estimator, which gets the predictions of the others."""
    last = classified(add, model.final_estimator_, stacked(add, model, rows))
    last.classes = model.classes_
    return last


@writes(NUMBERS, ensemble.StackingRegressor)
def stacking_regressor(add: Nodes, model: Any, rows: str) -> str:
    """The last estimator, which gets the predictions of the others."""
    return numbers(add, model.final_estimator_, stacked(add, model, rows))


@writes(NUMBERS, compose.TransformedTargetRegressor)
def transformed_target(add: Nodes, model: Any, rows: str) -> str:
    """The inverse function of the inner regressor's numbers."""
    found, inverse = numbers(add, model.regressor_, rows), model.transformer_
    if type(inverse).__name__ == "FunctionTransformer":
        return apply_function(add, inverse.inverse_func, inverse.inv_kw_args, found)
    if type(inverse).__name__ not in ("StandardScaler", "MinMaxScaler", "RobustScaler"):
        raise NotImplementedError(f"a target transformed by {type(inverse).__name__}")
    if getattr(inverse, "clip", False):
        raise NotImplementedError("a target that is clipped")
    return linear_transformer(add, _Inverse(inverse), found)


class _Inverse:
    """A transformer that inverts another one."""

    def __init__(self, inverted: Any) -> None:
        self.transform = inverted.inverse_transform
        self.n_features_in_ = inverted.n_features_in_


@writes(NUMBERS, multioutput.MultiOutputRegressor)
def multi_output_regressor(add: Nodes, model: Any, rows: str) -> str:
    """One regressor for each output."""
    return add("Concat", *(numbers(add, one, rows) for one in model.estimators_), axis=1)


@writes(NUMBERS, multioutput.RegressorChain)
def regressor_chain(add: Nodes, model: Any, rows: str) -> str:
    """Each regressor gets the numbers of those before it, too."""
    found: list[str] = []
    for one in model.estimators_:
        given = add("Concat", rows, *found, axis=1) if found else rows
        found.append(numbers(add, one, given))
    return add("Concat", *(found[place] for place in np.argsort(model.order_)), axis=1)


@writes(SEVERAL, multioutput.MultiOutputClassifier)
def multi_output_classifier(add: Nodes, model: Any, rows: str) -> list[Classified]:
    """One classifier for each output."""
    return [classified(add, one, rows) for one in model.estimators_]


@writes(SEVERAL, multioutput.ClassifierChain)
def classifier_chain(add: Nodes, model: Any, rows: str) -> list[Classified]:
    """Each classifier gets the labels of those before it, too."""
    method = getattr(model, "chain_method_", "predict")
    found: list[Classified] = []
    passed: list[str] = []
    for one in model.estimators_:
        given = add("Concat", rows, *passed, axis=1) if passed else rows
        answer = classified(add, one, given)
        if not np.array_equal(one.classes_, [0, 1]):
            raise NotImplementedError("a chain of other labels than 0 and 1")
        found.append(answer)
        if method == "predict":
            passed.append(to_column(add, add("Cast", answer.index, to=TensorProto.DOUBLE)))
        elif method == "predict_proba":
            passed.append(columns(add, answer.probabilities, [1]))
        else:
            passed.append(answer.scores)
    return [found[place] for place in np.argsort(model.order_)]
