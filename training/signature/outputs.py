"""Describes the outputs of a model: name, kind and labels of each."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from service.model.signature import Confidence, Kind, Output
from training.errors import PackError
from training.estimators.fitted_model import FittedModel
from training.signature.probe import Probe

RESERVED = {"labels", "probabilities", "scores", "top"}  # keys of an answer

PLAIN = (bool, int, float, str)  # types that JSON has


def describe(model: FittedModel, probe: Probe, targets: Sequence[str]) -> tuple[Output, ...]:
    """The outputs of a model; PackError if its methods return something that cannot be served."""
    values = _predicted(model, probe)
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
        for found, predicted in zip(_labels(model, width), by_output, strict=True)
    ]
    confidence = _confidence(model, probe, labels)
    return tuple(
        Output(name=name, kind=_output_kind(predicted), labels=own, confidence=confidence)
        for name, predicted, own in zip(names, by_output, labels, strict=True)
    )


def _predicted(model: FittedModel, probe: Probe) -> Any:
    """Predictions of shape (rows,) or (rows, outputs)."""
    found = probe.ask("predict")
    shape = np.shape(found)
    if isinstance(found, list) or len(shape) not in (1, 2) or shape[0] != probe.count:
        raise PackError(
            f"predict of the {model.name} returns {_described(found)} for {probe.count} rows; it "
            "must return one value for each row, such as an array"
        )
    if found.dtype.kind in "Mm":
        raise PackError("the model predicts dates, which JSON has no kind for")
    types = {type(value) for value in found.ravel().tolist()}
    others = {one.__name__ for one in types if not issubclass(one, PLAIN)}
    if others or len({issubclass(one, str) for one in types}) > 1:
        names = sorted(others or {one.__name__ for one in types})
        raise PackError(
            f"predict of the {model.name} returns values of the type {' and '.join(names)}; they "
            "must be all numbers, all text or all booleans"
        )
    return found


def _described(found: Any) -> str:
    """What a method returned, in a few words."""
    if isinstance(found, list):
        return f"a list of {len(found)} tables"
    if np.ndim(found) == 0:
        return f"one {type(found.item()).__name__}"
    return f"an array of shape {np.shape(found)}"


def _counted(count: int, thing: str) -> str:
    return f"{count} {thing}{'' if count == 1 else 's'}"


def _names(width: int) -> list[str]:
    return ["prediction"] if width == 1 else [f"prediction_{place}" for place in range(width)]


def _labels(model: FittedModel, width: int) -> list[Any]:
    """The classes of each output, in the order of the outputs."""
    classes = model.classes
    if classes is None:
        return [None] * width
    if isinstance(classes, list | tuple) and all(np.ndim(one) == 1 for one in classes):
        found = list(map(np.asarray, classes))
        if len(found) != width:
            raise PackError(
                f"classes_ of the {model.name} has the labels of {_counted(len(found), 'output')}, "
                f"and predict returns {width}"
            )
        if model.chain is not None:  # its classes are in the order of the chain
            return [found[place] for place in np.argsort(model.chain.order_)]
        return found
    if np.ndim(classes) != 1 or isinstance(classes, Mapping):
        raise PackError(
            f"classes_ of the {model.name} is a {type(classes).__name__}; it must be a list of the "
            "labels, in the order of the columns of predict_proba"
        )
    if width == 1:
        return [np.asarray(classes)]
    return [None] * width  # several labels at once: each output is one of them, 0 or 1


def _as_predicted(labels: Any, predicted: Any) -> Any:
    """Labels in the type of the predictions: a chain predicts 1.0 where its class is 1."""
    if predicted.dtype.kind in ("O", labels.dtype.kind):
        return labels
    return labels.astype(predicted.dtype)


def _confidence(
    model: FittedModel, probe: Probe, labels: Sequence[tuple[Any, ...] | None]
) -> Confidence | None:
    """What the estimator returns besides predictions.

    None if it has one probability for each output, and its label is unknown.
    """
    method, kind = next(iter(model.confidence_methods.items()), ("", None))
    if kind != "probabilities" or not any(labels):
        return kind
    found = probe.ask(method)
    if len(labels) > 1 and not isinstance(found, list):
        return None if model.described_label is None else kind
    tables = found if isinstance(found, list) else [found]
    for own, table in zip(labels, tables, strict=False):
        wanted = (probe.count, len(own or ()))
        if own and np.shape(table) != wanted:
            raise PackError(
                f"predict_proba of the {model.name} returns {_described(table)} for {probe.count} "
                f"rows and {len(own)} labels in classes_; its shape must be {wanted}"
            )
    return kind


def _output_kind(values: Any) -> Kind:
    if values.dtype.kind == "O":
        values = np.array(values.tolist())
    kinds: dict[str, Kind] = {"f": "number", "i": "integer", "u": "integer", "b": "boolean"}
    return kinds.get(values.dtype.kind, "category")
