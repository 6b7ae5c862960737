"""A fitted estimator with its properties, each computed once.

The packages that infer a signature, convert, compare, report and write an artifact receive this
object instead of the estimator.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_classifier, is_outlier_detector, is_regressor
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from service.model import outputs
from service.model.engines import Column, ScikitLearn
from service.model.errors import one_line
from service.model.signature import Confidence, Label, Output, Signature
from training.errors import PackError
from training.estimators import introspection
from training.estimators.learned_columns import LearnedColumns, learned_columns
from training.estimators.thresholds import thresholds


class FittedModel:
    """A fitted estimator with `predict`; PackError if the object is not one."""

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
        """Every estimator within, each once; the first is the estimator itself."""
        return tuple(introspection.parts(self.estimator))

    @cached_property
    def parallel_parts(self) -> list[str]:
        """Class names of the parts that would compute in several processes or threads."""
        parallel = filter(introspection.is_parallel, self.parts)
        return sorted({type(part).__name__ for part in parallel})

    @cached_property
    def feature_names(self) -> list[str] | None:
        """The column names of the DataFrame that it was fitted on; None if that was an array."""
        return introspection.feature_names(self.estimator)

    def columns_of(self, header: Iterable[str]) -> list[str] | None:
        """Its feature names as a table with these columns spells them; None as above."""
        return introspection.columns_of(self.estimator, header)

    @cached_property
    def feature_count(self) -> int | None:
        """The number of columns that it was fitted on; None if unknown."""
        return introspection.feature_count(self.estimator)

    @cached_property
    def reads_texts(self) -> bool:
        """Whether its whole input is a list of texts, which a vectorizer reads.

        Vectorizers do not record a number of columns; an estimator that does takes a table.
        """
        return self.feature_count is None and bool(self.columns(["any"]).texts)

    @cached_property
    def is_classifier(self) -> bool:
        """Whether it is a classifier, by its own tags."""
        return _is(is_classifier, self.estimator)

    def predicts_numbers(self, output: Output) -> bool:
        """Whether an output can be compared with a target by its distance."""
        return output.kind in ("number", "integer") and _is(is_regressor, self.estimator)

    @cached_property
    def confidence(self) -> tuple[str, Confidence] | None:
        """The method that returns probabilities, or else scores; None if there is none.

        Those of a chain raise an error unless each output has two classes.
        """
        if self._chain is not None and any(
            len(one) != 2 for one in getattr(self._chain, "classes_", ())
        ):
            return None
        known: dict[str, Confidence] = {
            "predict_proba": "probabilities",
            "decision_function": "scores",
        }
        return next((one for one in known.items() if hasattr(self.estimator, one[0])), None)

    @cached_property
    def methods(self) -> tuple[str, ...]:
        """The methods whose results the service returns."""
        return ("predict",) if self.confidence is None else ("predict", self.confidence[0])

    @cached_property
    def _chain(self) -> Any:
        """The `ClassifierChain` at the end of pipelines and searches; None if there is none."""
        classifier = outputs.fitted_classifier(self.estimator)
        return classifier if outputs.is_chain(classifier) else None

    def labels(self, width: int) -> list[NDArray[Any] | None]:
        """The labels of each output, of which there are `width`; None for those that are numbers.

        PackError if `classes_` does not fit the outputs.
        """
        classes = getattr(self.estimator, "classes_", None)
        if classes is None:
            return [None] * width
        if isinstance(classes, list | tuple) and all(np.ndim(one) == 1 for one in classes):
            found = list(map(np.asarray, classes))
            if len(found) != width:
                raise PackError(
                    f"classes_ of the {self.name} has the labels of "
                    f"{counted(len(found), 'output')}, and predict returns {width}"
                )
            if self._chain is not None:  # its classes are in the order of the chain
                return [found[place] for place in np.argsort(self._chain.order_)]
            return list(found)
        if np.ndim(classes) != 1 or isinstance(classes, Mapping):
            raise PackError(
                f"classes_ of the {self.name} is a {type(classes).__name__}; it must be a list of "
                "the labels, in the order of the columns of predict_proba"
            )
        if width == 1:
            return [np.asarray(classes)]
        return [None] * width  # several labels at once: each output is one of them, 0 or 1

    @property
    def described_label(self) -> int | None:
        """The label whose probability it returns, first or last; None if unknown."""
        return outputs.described_label(self.estimator)

    def columns(self, names: Sequence[str]) -> LearnedColumns:
        """What its parts learned about its input columns, which are called `names`."""
        key = tuple(names)
        if key not in self._columns:
            self._columns[key] = learned_columns(self.estimator, key)
        return self._columns[key]

    def thresholds(self, names: Sequence[str]) -> dict[str, NDArray[np.float64]]:
        """The values at which its trees split its input columns, which are called `names`."""
        key = tuple(names)
        if key not in self._thresholds:
            self._thresholds[key] = thresholds(self.estimator, key)
        return self._thresholds[key]

    def engine(self, signature: Signature) -> ScikitLearn:
        """scikit-learn's engine for this estimator."""
        return ScikitLearn(self.estimator, signature)

    def call(
        self, methods: Iterable[str], signature: Signature, columns: Sequence[Column]
    ) -> list[Any]:
        """The results of these methods for rows, as arrays; the estimator's errors pass through."""
        return self.call_on(self.engine(signature).contained(columns), methods)

    def call_on(self, rows: Any, methods: Iterable[str]) -> list[Any]:
        """The same for rows in the container that the model takes."""
        return [outputs.as_arrays(getattr(self.estimator, name)(rows)) for name in methods]

    def possible_labels(self, output: Output) -> tuple[Label, ...]:
        """The labels that an output may have; empty if it is a number, or if they are unknown."""
        if output.labels:
            return output.labels
        if _is(is_outlier_detector, self.estimator):
            return (-1, 1)
        if output.kind == "category" or not self.is_classifier:
            return ()
        return (0, 1)  # multilabel: each applies or not

    def with_one_job(self) -> "FittedModel":
        """The model with `n_jobs=1` in each part; a copy if a part must change."""
        return self._of(introspection.with_one_job(self.estimator))

    def without_samplers(self) -> "FittedModel":
        """The model without the samplers of imbalanced-learn."""
        return self._of(introspection.without_samplers(self.estimator))

    def _of(self, estimator: Any) -> "FittedModel":
        return self if estimator is self.estimator else FittedModel(estimator)


def counted(count: int, thing: str) -> str:
    """A number of things, in words."""
    return f"{count} {thing}{'' if count == 1 else 's'}"


def _is(test: Callable[[Any], bool], estimator: Any) -> bool:
    """scikit-learn's test; False for a class without tags."""
    try:
        return bool(test(estimator))
    except AttributeError:  # it is not derived from BaseEstimator
        return False


def _check(estimator: Any) -> None:
    """PackError unless the object is a fitted estimator with `predict`."""
    kind = type(estimator).__name__
    if not hasattr(estimator, "fit") or isinstance(estimator, type):
        raise PackError(
            f"holds a {kind}, which is no scikit-learn estimator: {_way_out(estimator)}"
        )
    try:
        predicts = hasattr(estimator, "predict")  # a pipeline asks its last step
        if predicts and (
            hasattr(estimator, "__sklearn_tags__") or hasattr(estimator, "__sklearn_is_fitted__")
        ):
            check_is_fitted(estimator)  # it cannot test other classes
    except (NotFittedError, TypeError) as error:
        raise PackError(f"holds a {kind} that is not fitted; fit it before you save it") from error
    except Exception as error:  # such as an estimator of a library in another version
        raise PackError(
            f"holds a {kind} that cannot be used with the versions here ({one_line(error)})"
        ) from error
    if not predicts:
        raise PackError(f"holds a {kind} without predict: only a model that predicts can be served")


def _way_out(held: Any) -> str:
    """What to do about an object that is not an estimator, but may contain one."""
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
