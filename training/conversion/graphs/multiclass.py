"""Estimators that make a classifier of others: calibration, thresholds, one-vs-one, one-vs-rest."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn import calibration, isotonic, model_selection, multiclass
from sklearn.base import is_classifier

from training.conversion.graphs.composed import constant_numbers
from training.conversion.graphs.curves import interpolated
from training.conversion.graphs.distances import nearest
from training.conversion.graphs.kernels import by_class, pair_votes
from training.conversion.graphs.registry import (
    CLASSIFIERS,
    NUMBERS,
    SEVERAL,
    Classified,
    argmax,
    classified,
    columns,
    numbers,
    response,
    row_sum,
    writes,
)
from training.onnx.nodes import Nodes, to_vector

THRESHOLDS = (
    model_selection.FixedThresholdClassifier,
    model_selection.TunedThresholdClassifierCV,
)


def _number(add: Nodes, value: float) -> str:
    return add.constant(np.array(float(value)))


@writes(CLASSIFIERS, calibration.CalibratedClassifierCV)
def calibrated(add: Nodes, model: Any, rows: str) -> Classified:
    """The mean of calibrated probabilities."""
    found = [_calibrated(add, one, rows) for one in model.calibrated_classifiers_]
    probabilities = add("Sum", *found) if len(found) > 1 else found[0]
    if len(found) > 1:
        probabilities = add("Div", probabilities, _number(add, len(found)))
    return Classified(
        add, model.classes_, lambda: argmax(add, probabilities), probabilities=lambda: probabilities
    )


def _calibrated(add: Nodes, model: Any, rows: str) -> str:
    count = len(model.classes)
    inner = model.estimator
    if model.method not in ("sigmoid", "isotonic") or len(inner.classes_) != count:
        raise NotImplementedError(f"the calibration {model.method}, or some of the classes")
    answer = _frozen(add, inner, rows)
    if count == 2:
        second = _curve(add, model.calibrators[0], response(add, answer))
        return add("Concat", add("Sub", _number(add, 1.0), second), second, axis=1)
    values = answer.scores if answer.has_scores else answer.probabilities
    curves = [
        _curve(add, one, columns(add, values, [place]))
        for place, one in enumerate(model.calibrators)
    ]
    together = add("Concat", *curves, axis=1)
    summed = row_sum(add, together)
    shares = add("Div", together, summed)
    same = add.constant(np.full((1, count), 1.0 / count))
    return add("Where", add("Equal", summed, _number(add, 0.0)), same, shares)


def _frozen(add: Nodes, inner: Any, rows: str) -> Classified:
    """The classifier, or the one that is frozen in it."""
    return classified(add, getattr(inner, "estimator", inner) if _is_frozen(inner) else inner, rows)


def _is_frozen(inner: Any) -> bool:
    return type(inner).__name__ == "FrozenEstimator"


def _curve(add: Nodes, one: Any, values: str) -> str:
    """The calibrated values, of shape (rows, 1)."""
    if isinstance(one, isotonic.IsotonicRegression):
        return interpolated(add, values, one.X_thresholds_, one.y_thresholds_)
    scaled = add("Mul", values, _number(add, -one.a_))
    return add("Sigmoid", add("Add", scaled, _number(add, -one.b_)))


@writes(CLASSIFIERS, *THRESHOLDS)
def with_threshold(add: Nodes, model: Any, rows: str) -> Classified:
    """The second class where its probability or score reaches a threshold."""
    inner = getattr(model, "estimator_", model.estimator)
    found = _frozen(add, inner, rows)
    method = model._get_response_method()
    methods = [method] if isinstance(method, str) else list(method)
    by_probability = next(one for one in methods if hasattr(inner, one)) == "predict_proba"
    wanted = (
        model.pos_label if hasattr(model, "pos_label") else model._curve_scorer._get_pos_label()
    )
    place = 1 if wanted is None else list(model.classes_).index(wanted)
    if by_probability:
        values = columns(add, found.probabilities, [place])
    else:
        values = found.scores if place else add("Neg", found.scores)
    limit = getattr(model, "best_threshold_", None)
    if limit is None:
        limit = model.threshold
    if limit == "auto":
        limit = 0.5 if by_probability else 0.0
    reached = add("GreaterOrEqual", to_vector(add, values), _number(add, limit))
    return Classified(
        add,
        model.classes_,
        lambda: reached if place else add("Not", reached),
        is_binary=True,
        probabilities=(lambda: found.probabilities) if hasattr(inner, "predict_proba") else None,
        scores=(lambda: found.scores) if hasattr(inner, "decision_function") else None,
    )


def _responses(add: Nodes, estimators: Sequence[Any], rows: str) -> list[str]:
    """The response of each estimator of two classes, of shape (rows, 1)."""
    return [
        response(add, classified(add, one, rows)) if is_classifier(one) else numbers(add, one, rows)
        for one in estimators
    ]


def _decision_threshold(estimator: Any) -> float:
    """The response above which an estimator of two classes predicts the second."""
    return 0.0 if hasattr(estimator, "decision_function") and is_classifier(estimator) else 0.5


@writes(NUMBERS, multiclass._ConstantPredictor)
def constant_response(add: Nodes, model: Any, rows: str) -> str:
    """The response where all rows of the training had the same class."""
    none = np.zeros((1, model.n_features_in_ if hasattr(model, "n_features_in_") else 1))
    return constant_numbers(add, rows, model.decision_function(none))


@writes(CLASSIFIERS, multiclass.OneVsRestClassifier)
def one_vs_rest(add: Nodes, model: Any, rows: str) -> Classified:
    """The class whose own estimator is most confident."""
    inner = model.estimators_
    has = hasattr(model, "predict_proba")
    found = _responses(add, inner, rows) if not has else []
    answers = [classified(add, one, rows) for one in inner] if has else []
    found = found or [response(add, one) for one in answers]
    values = add("Concat", *found, axis=1) if len(found) > 1 else found[0]

    def probabilities() -> str:
        second = [columns(add, one.probabilities, [1]) for one in answers]
        if len(second) == 1:
            return add("Concat", add("Sub", _number(add, 1.0), second[0]), second[0], axis=1)
        together = add("Concat", *second, axis=1)
        summed = row_sum(add, together)
        is_zero = add("Equal", summed, _number(add, 0.0))
        return add("Where", is_zero, together, add("Div", together, summed))

    is_binary = len(found) == 1
    limit = _number(add, _decision_threshold(inner[0]))
    return Classified(
        add,
        model.classes_,
        lambda: add("Greater", to_vector(add, values), limit) if is_binary else argmax(add, values),
        is_binary=is_binary,
        probabilities=probabilities if has else None,
        scores=(lambda: values) if hasattr(model, "decision_function") else None,
    )


@writes(SEVERAL, multiclass.OneVsRestClassifier)
def multilabel(add: Nodes, model: Any, rows: str) -> list[Classified]:
    """Whether each label applies; its probability or score is one number."""
    found = [classified(add, one, rows) for one in model.estimators_]
    limit = _number(add, _decision_threshold(model.estimators_[0]))
    has = hasattr(model, "predict_proba")

    def label(answer: Classified) -> Classified:
        value = columns(add, answer.probabilities, [1]) if has else response(add, answer)
        return Classified(
            add,
            np.arange(2),
            lambda: add("Greater", to_vector(add, response(add, answer)), limit),
            is_binary=True,
            scores=lambda: value,
        )

    return [label(one) for one in found]


@writes(CLASSIFIERS, multiclass.OneVsOneClassifier)
def one_vs_one(add: Nodes, model: Any, rows: str) -> Classified:
    """Each pair of classes votes."""
    if model.pairwise_indices_ is not None or not all(map(is_classifier, model.estimators_)):
        raise NotImplementedError("pairs of precomputed kernels, or of regressors")
    count = len(model.classes_)
    answers = [classified(add, one, rows) for one in model.estimators_]
    confident = add("Concat", *(response(add, one) for one in answers), axis=1)
    seconds = [
        add("Reshape", one.index, add.constant([-1, 1]))  # the classes of a pair are 0 and 1
        for one in answers
    ]
    is_first = add("Equal", add("Concat", *seconds, axis=1), add.constant(np.array(0)))
    scores = by_class(add, pair_votes(add, is_first, count), confident, count)
    if count > 2:
        return Classified(add, model.classes_, lambda: argmax(add, scores), scores=lambda: scores)
    second = columns(add, scores, [1])
    limit = _number(add, _decision_threshold(model.estimators_[0]))
    return Classified(
        add,
        model.classes_,
        lambda: add("Greater", to_vector(add, second), limit),
        is_binary=True,
        scores=lambda: second,
    )


@writes(CLASSIFIERS, multiclass.OutputCodeClassifier)
def output_code(add: Nodes, model: Any, rows: str) -> Classified:
    """The class whose code is nearest to the responses."""
    found = _responses(add, model.estimators_, rows)
    together = add("Concat", *found, axis=1) if len(found) > 1 else found[0]
    return Classified(add, model.classes_, lambda: nearest(add, together, model.code_book_))
