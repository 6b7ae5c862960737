"""What a model gives: its outputs by name, their kinds and labels."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from service.model import outputs
from service.model.signature import Confidence, Kind, Output
from training.errors import PackError
from training.estimators.fitted_model import FittedModel

RESERVED = {"labels", "probabilities", "scores", "top"}  # keys of an answer


def describe(
    model: FittedModel, ask: Callable[[str], Any], targets: Sequence[str]
) -> tuple[Output, ...]:
    """The outputs of a model; `ask` calls a method of it with some rows."""
    values = np.asarray(ask("predict"))
    if values.dtype.kind in "Mm":
        raise PackError("the model predicts dates, which JSON has no kind for")
    width = values.shape[1] if values.ndim == 2 else 1
    if targets and len(targets) != width:
        raise PackError(
            f"the model gives {_counted(width, 'value')} for each row, and --target names "
            f"{_counted(len(targets), 'column')}: name {_counted(width, 'column')}, in the order "
            "of the model's outputs, or name the columns with --ignore instead"
        )
    names = list(targets) or _names(width)
    if RESERVED & set(names):
        raise PackError(
            f"an output cannot be called {min(RESERVED & set(names))}; leave out --target"
        )
    by_output = [values.ravel()] if width == 1 else list(values.T)
    labels = [
        None if found is None else tuple(_as_predicted(found, predicted).tolist())
        for found, predicted in zip(_labels(model.estimator, width), by_output, strict=True)
    ]
    confidence = _confidence(model, ask, width > 1 and any(labels))
    return tuple(
        Output(name=name, kind=_output_kind(predicted), labels=own, confidence=confidence)
        for name, predicted, own in zip(names, by_output, labels, strict=True)
    )


def _counted(count: int, thing: str) -> str:
    return f"{count} {thing}{'' if count == 1 else 's'}"


def _names(width: int) -> list[str]:
    return ["prediction"] if width == 1 else [f"prediction_{place}" for place in range(width)]


def _labels(estimator: Any, width: int) -> list[Any]:
    """The classes of each output, in the order of the outputs."""
    classes = getattr(estimator, "classes_", None)
    if classes is None:
        return [None] * width
    if isinstance(classes, list):
        found = list(map(np.asarray, classes))
        classifier = outputs.fitted_classifier(estimator)
        if outputs.is_chain(classifier):  # its classes are in the order of the chain
            return [found[place] for place in np.argsort(classifier.order_)]
        return found
    if width == 1:
        return [np.asarray(classes)]
    return [None] * width  # several labels at once: each output is one of them, 0 or 1


def _as_predicted(labels: Any, predicted: Any) -> Any:
    """Labels in the type of the predictions: a chain predicts 1.0 where its class is 1."""
    if predicted.dtype.kind in ("O", labels.dtype.kind):
        return labels
    return labels.astype(predicted.dtype)


def _confidence(
    model: FittedModel, ask: Callable[[str], Any], has_labels: bool
) -> Confidence | None:
    """What the estimator tells besides predictions.

    None if it has one probability for each output, and its label is unknown.
    """
    method, kind = next(iter(model.confidence_methods.items()), ("", None))
    if kind == "probabilities" and has_labels and outputs.described_label(model.estimator) is None:
        return kind if isinstance(ask(method), list) else None
    return kind


def _output_kind(values: Any) -> Kind:
    if values.dtype.kind == "O":
        values = np.array(values.tolist())
    kinds: dict[str, Kind] = {"f": "number", "i": "integer", "u": "integer", "b": "boolean"}
    return kinds.get(values.dtype.kind, "category")
