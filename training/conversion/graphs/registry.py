"""The functions that write an estimator's nodes, by the estimator's class.

A function gets the nodes (`Nodes`), the fitted estimator, and the name of its rows: a matrix of
float64. It can write the estimators within its own by `classified`, `numbers` and `transformed`.
"""

from collections.abc import Callable
from functools import cached_property
from typing import Any, TypeVar

from onnx import TensorProto

from training.onnx.nodes import Nodes, to_column

Write = Callable[[], str]
F = TypeVar("F", bound=Callable[..., Any])


class Classified:
    """What a classifier, a clustering or an outlier detector computes: names of values.

    Each is written only where it is needed. `classes` are the possible predictions. `index` is the
    position of the prediction, of shape (rows,), or `second`, whether it is the second of two.
    `probabilities` have shape (rows, classes), `scores` (rows, classes) or, of two classes,
    (rows, 1). `choice` writes `index`, or with `is_binary` `second`.
    """

    def __init__(
        self,
        add: Nodes,
        classes: Any,
        choice: Write,
        *,
        is_binary: bool = False,
        probabilities: Write | None = None,
        scores: Write | None = None,
    ) -> None:
        self.add = add
        self.classes = classes
        self.is_binary = is_binary
        self._choice = choice
        self._probabilities = probabilities
        self._scores = scores

    @cached_property
    def second(self) -> str:
        """Whether the prediction is the second class, of shape (rows,)."""
        return self._choice()

    @cached_property
    def index(self) -> str:
        """The position of the predicted class, of shape (rows,)."""
        if self.is_binary:
            return self.add("Cast", self.second, to=TensorProto.INT64)
        return self._choice()

    @property
    def has_scores(self) -> bool:
        """Whether there are scores."""
        return self._scores is not None

    @cached_property
    def probabilities(self) -> str:
        """Probabilities, of shape (rows, classes)."""
        return self._written(self._probabilities, "probabilities")

    @cached_property
    def scores(self) -> str:
        """Scores, of shape (rows, classes), or (rows, 1) for two classes."""
        return self._written(self._scores, "scores")

    @property
    def confidence(self) -> str:
        """Probabilities, or else scores."""
        return self.scores if self._probabilities is None else self.probabilities

    def _written(self, write: Write | None, name: str) -> str:
        if write is None:
            raise NotImplementedError(f"{name} that are not converted")
        return write()


CLASSIFIERS: dict[type, Callable[[Nodes, Any, str], Classified]] = {}
SEVERAL: dict[type, Callable[[Nodes, Any, str], list[Classified]]] = {}  # one per output
NUMBERS: dict[type, Callable[[Nodes, Any, str], str]] = {}  # of shape (rows, outputs)
TRANSFORMERS: dict[type, Callable[[Nodes, Any, str], str]] = {}  # of shape (rows, columns)


def writes(registry: dict[type, F], *kinds: type) -> Callable[[F], F]:
    """Register a function for these classes."""

    def register(function: F) -> F:
        registry.update(dict.fromkeys(kinds, function))
        return function

    return register


def _one(registry: dict[type, F], model: Any) -> F:
    if type(model) not in registry:
        raise NotImplementedError(f"{type(model).__name__} within another estimator")
    return registry[type(model)]


def classified(add: Nodes, model: Any, rows: str) -> Classified:
    """Write a classifier; NotImplementedError if it has no function."""
    return _one(CLASSIFIERS, model)(add, model, rows)


def numbers(add: Nodes, model: Any, rows: str) -> str:
    """Write a regressor, of shape (rows, outputs); NotImplementedError if it has no function."""
    return _one(NUMBERS, model)(add, model, rows)


def transformed(add: Nodes, model: Any, rows: str) -> str:
    """Write a transformer, of shape (rows, columns); NotImplementedError if it has no function."""
    return _one(TRANSFORMERS, model)(add, model, rows)


def response(add: Nodes, found: Classified) -> str:
    """The score of the second of two classes, or else its probability, of shape (rows, 1)."""
    if found.has_scores:
        return found.scores
    return add("Gather", found.probabilities, add.constant([1]), axis=1)


def columns(add: Nodes, values: str, places: Any) -> str:
    """The columns at these positions."""
    return add("Gather", values, add.constant([int(one) for one in places]), axis=1)


def argmax(add: Nodes, values: str) -> str:
    """The position of the largest value of each row, the first of several, of shape (rows,)."""
    return add("ArgMax", values, axis=1, keepdims=0)


def row_sum(add: Nodes, values: str) -> str:
    """The sum of each row, of shape (rows, 1)."""
    return add("ReduceSum", values, add.constant([1]), keepdims=1)


def one_hot(add: Nodes, place: str, count: int) -> str:
    """Whether each of `count` positions is that of the row, of shape (rows, count)."""
    return add("Equal", to_column(add, place), add.constant(list(range(count))))
