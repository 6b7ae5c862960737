"""A fitted estimator and what is known of it, each computed once.

The packages that infer a signature, convert, compare and write an artifact receive this object in
place of the estimator.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_classifier, is_outlier_detector, is_regressor
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from service.model import outputs
from service.model.engines import ScikitLearn
from service.model.signature import Confidence, Label, Output, Signature
from training.errors import PackError
from training.estimators import introspection
from training.estimators.thresholds import thresholds


@dataclass(frozen=True, slots=True)
class LearnedColumns:
    """What the parts of an estimator learned of its input columns, by name.

    `categories` and `dtypes` are those of encoders; `edges` are those of the bins of discretizers;
    `imputed` has what imputers take for missing
    and what they put there; `closed` has the categories of columns that take no others; `texts` are
    the columns that text vectorizers read; `groups` are columns that the same parts read.
    """

    categories: dict[str, set[Any]]
    dtypes: dict[str, str]
    edges: dict[str, set[float]]
    imputed: dict[str, tuple[Any, Any]]
    closed: dict[str, list[Any]]
    texts: set[str]
    groups: list[list[str]]


class FittedModel:
    """A fitted estimator with `predict`; PackError if it is none."""

    def __init__(self, estimator: Any) -> None:
        _check(estimator)
        self.estimator = estimator
        self._columns: dict[tuple[str, ...], LearnedColumns] = {}
        self._thresholds: dict[tuple[str, ...], dict[str, NDArray[np.float64]]] = {}

    @property
    def name(self) -> str:
        """The name of the estimator's class."""
        return type(self.estimator).__name__

    @cached_property
    def parts(self) -> tuple[Any, ...]:
        """Every estimator inside, itself first, each once."""
        return tuple(introspection.parts(self.estimator))

    @cached_property
    def pools(self) -> list[str]:
        """Names of the parts that would compute in several processes or threads."""
        return introspection.pools(self.estimator)

    @cached_property
    def feature_names(self) -> list[str] | None:
        """The columns of the frame that it was fitted on; None if that was no frame."""
        return introspection.feature_names(self.estimator)

    @cached_property
    def feature_count(self) -> int | None:
        """How many columns it was fitted on; None if it does not know."""
        return introspection.feature_count(self.estimator)

    @cached_property
    def reads_texts(self) -> bool:
        """Whether its one input is a list of texts."""
        return introspection.reads_texts(self.estimator)

    @cached_property
    def is_regressor(self) -> bool:
        """Whether it predicts numbers that can be compared with a target."""
        return bool(is_regressor(self.estimator))

    @cached_property
    def confidence_methods(self) -> dict[str, Confidence]:
        """The methods that return more than a prediction, the better one first.

        Those of a chain raise where an output has other than two classes.
        """
        classifier = outputs.fitted_classifier(self.estimator)
        if outputs.is_chain(classifier) and any(len(one) != 2 for one in classifier.classes_):
            return {}
        known: dict[str, Confidence] = {
            "predict_proba": "probabilities",
            "decision_function": "scores",
        }
        return {name: kind for name, kind in known.items() if hasattr(self.estimator, name)}

    def columns(self, names: Sequence[str]) -> LearnedColumns:
        """What its parts learned of its input columns, which have these names in its order."""
        key = tuple(names)
        if key not in self._columns:
            given = self.estimator, list(names)
            self._columns[key] = LearnedColumns(
                categories=introspection.known_values(*given),
                dtypes=introspection.known_types(*given),
                edges=introspection.known_edges(*given),
                imputed=introspection.imputed(*given),
                closed=introspection.closed_columns(*given),
                texts=introspection.text_columns(*given),
                groups=introspection.fed_alike(*given),
            )
        return self._columns[key]

    def thresholds(self, names: Sequence[str]) -> dict[str, NDArray[np.float64]]:
        """Where its trees split its input columns, which have these names in its order."""
        key = tuple(names)
        if key not in self._thresholds:
            self._thresholds[key] = thresholds(self.estimator, key)
        return self._thresholds[key]

    def engine(self, signature: Signature) -> ScikitLearn:
        """scikit-learn's engine for this estimator."""
        return ScikitLearn(self.estimator, signature)

    def possible_labels(self, output: Output) -> tuple[Label, ...]:
        """The labels that an output may have; none if it is a number."""
        return possible_labels(self.estimator, output)

    def with_one_job(self) -> "FittedModel":
        """The model with `n_jobs=1` in each part, of a copy if a part has to change."""
        made = introspection.with_one_job(self.estimator)
        return self if made is self.estimator else FittedModel(made)


def possible_labels(estimator: Any, output: Output) -> tuple[Label, ...]:
    """What an output may be; none if it is a number."""
    if output.labels:
        return output.labels
    if is_outlier_detector(estimator):
        return (-1, 1)
    return (0, 1) if is_classifier(estimator) else ()  # of several labels at once, each is or not


def _check(estimator: Any) -> None:
    """Refuse what is no fitted estimator with `predict`."""
    kind = type(estimator).__name__
    if not hasattr(estimator, "fit") or isinstance(estimator, type):
        raise PackError(
            f"holds a {kind}, which is no scikit-learn estimator: {_way_out(estimator)}"
        )
    if not hasattr(estimator, "predict"):
        raise PackError(f"holds a {kind} without predict: only a model that predicts can be served")
    try:
        check_is_fitted(estimator)
    except (NotFittedError, TypeError) as error:
        raise PackError(f"holds a {kind} that is not fitted; fit it before you save it") from error


def _way_out(held: Any) -> str:
    """What to do about an object that is no estimator: there may be one in it."""
    parts: list[tuple[Any, Any]] = []
    if type(held) is dict:
        parts = [(f"its key {str(key)[:40]!r}", value) for key, value in held.items()]
    elif type(held) in (list, tuple):
        parts = [(f"its item {place}", value) for place, value in enumerate(held)]
    for place, value in parts:
        if hasattr(value, "predict"):
            return f"{place} is a {type(value).__name__}; dump that alone"
    if type(held) is bytes and held.startswith(b"\x80"):
        return "they are those of a pickle; dump the object itself, and not pickle.dumps of it"
    return "dump a fitted model"
