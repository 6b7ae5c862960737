"""What a model gives: its outputs by name, their kinds and labels."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from service.model.signature import Confidence, Kind, Label, Output
from training.errors import PackError

RESERVED = {"labels", "probabilities", "scores"}  # keys of an answer


def describe(estimator: Any, predicted: Any, targets: Sequence[str]) -> tuple[Output, ...]:
    """The outputs of an estimator that gave this prediction for some rows."""
    values = np.asarray(predicted)
    if values.dtype.kind in "Mm":
        raise PackError("the model predicts dates, which JSON has no kind for")
    width = values.shape[1] if values.ndim == 2 else 1
    names = list(targets) if len(targets) == width else _names(width)
    if RESERVED & set(names):
        raise PackError(
            f"an output cannot be called {min(RESERVED & set(names))}; leave out --target"
        )
    confidence: Confidence | None = None
    if hasattr(estimator, "predict_proba"):
        confidence = "probabilities"
    elif hasattr(estimator, "decision_function"):
        confidence = "scores"
    labels = _labels(estimator, width)
    return tuple(
        Output(
            name=name,
            kind=_output_kind(values if values.ndim == 1 else values[:, place]),
            labels=labels[place],
            confidence=confidence,
        )
        for place, name in enumerate(names)
    )


def _names(width: int) -> list[str]:
    return ["prediction"] if width == 1 else [f"prediction_{place}" for place in range(width)]


def _labels(estimator: Any, width: int) -> list[tuple[Label, ...] | None]:
    classes = getattr(estimator, "classes_", None)
    if classes is None:
        return [None] * width
    if isinstance(classes, list):
        return [tuple(np.asarray(one).tolist()) for one in classes]
    if width == 1:
        return [tuple(np.asarray(classes).tolist())]
    return [None] * width  # several labels at once: each output is one of them, 0 or 1


def _output_kind(values: Any) -> Kind:
    if values.dtype.kind == "O":
        values = np.array(values.tolist())
    kinds: dict[str, Kind] = {"f": "number", "i": "integer", "u": "integer", "b": "boolean"}
    return kinds.get(values.dtype.kind, "category")
