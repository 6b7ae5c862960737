"""Describes the outputs of a model: name, kind and labels of each."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from service.model.signature import Confidence, Kind, Output
from training.errors import PackError
from training.estimators.fitted_model import counted
from training.signature.probe import Probe

RESERVED = {"labels", "probabilities", "scores", "top"}  # keys of an answer

PLAIN = (bool, int, float, str)  # types that JSON has


def describe(probe: Probe, targets: Sequence[str]) -> tuple[Output, ...]:
    """The outputs of a model; PackError if its methods return something that cannot be served."""
    values = _predicted(probe)
    width = values.shape[1] if values.ndim == 2 else 1
    if targets and len(targets) != width:
        raise PackError(
            f"the model predicts {counted(width, 'value')} for each row, and --target names "
            f"{counted(len(targets), 'column')}: name {counted(width, 'column')}, in the order "
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
        for found, predicted in zip(probe.model.labels(width), by_output, strict=True)
    ]
    confidence = _confidence(probe, labels)
    return tuple(
        Output(name=name, kind=_output_kind(predicted), labels=own, confidence=confidence)
        for name, predicted, own in zip(names, by_output, labels, strict=True)
    )


def _predicted(probe: Probe) -> Any:
    """Predictions of shape (rows,) or (rows, outputs)."""
    found, name = probe.call("predict"), probe.model.name
    shape = np.shape(found)
    if isinstance(found, list) or len(shape) not in (1, 2) or shape[0] != probe.count:
        raise PackError(
            f"predict of the {name} returns {_described(found)} for {probe.count} rows; it "
            "must return one value for each row, such as an array"
        )
    if found.dtype.kind in "Mm":
        raise PackError("the model predicts dates, and JSON has no type for them")
    types = {type(value) for value in found.ravel().tolist()}
    others = {one.__name__ for one in types if not issubclass(one, PLAIN)}
    if others or len({issubclass(one, str) for one in types}) > 1:
        names = sorted(others or {one.__name__ for one in types})
        raise PackError(
            f"predict of the {name} returns values of the type {' and '.join(names)}; they "
            "must be all numbers, all text or all booleans"
        )
    return found


def _described(found: Any) -> str:
    """The type of a method's result, for a message."""
    if isinstance(found, list):
        return f"a list of {len(found)} tables"
    if np.ndim(found) == 0:
        return f"one {type(found.item()).__name__}"
    return f"an array of shape {np.shape(found)}"


def _names(width: int) -> list[str]:
    return ["prediction"] if width == 1 else [f"prediction_{place}" for place in range(width)]


def _as_predicted(labels: Any, predicted: Any) -> Any:
    """Labels in the type of the predictions: a chain predicts 1.0 for its class 1."""
    if predicted.dtype.kind in ("O", labels.dtype.kind):
        return labels
    return labels.astype(predicted.dtype)


def _confidence(probe: Probe, labels: Sequence[tuple[Any, ...] | None]) -> Confidence | None:
    """Whether the estimator returns probabilities or scores; None if neither.

    None also if it returns one probability for each output, and the label of each is unknown.
    """
    model = probe.model
    method, kind = model.confidence or ("", None)
    if kind != "probabilities" or not any(labels):
        return kind
    found = probe.call(method)
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
