"""Compares two models' predictions for the same rows, and describes the differences."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.model.engines import Column
from service.model.predictor import Predictor, as_column
from service.model.signature import Label, Output, Signature

LIMITS = (0.01, 0.1)  # rows whose probability or score changes by more are counted
SHOWN_VALUES = 5  # of a row

Values = Mapping[str, list[Any]]
Array = NDArray[np.float64]


def compared(old: Predictor, new: Predictor, values: Values) -> str:
    """How many predictions differ, and by how much probabilities or scores change."""
    kind = old.signature.confidence
    with_confidence = kind is not None and kind == new.signature.confidence
    try:
        before, after = (
            one.predict(_columns(one.signature, values), with_confidence) for one in (old, new)
        )
    except KeyError as error:
        return f"cannot be compared: they have no column {error.args[0]}"
    except (TypeError, ValueError) as error:
        return f"cannot be compared: {error}"
    others = {output.name: output for output in new.signature.outputs}
    lines = []
    for output in old.signature.outputs:
        if output.name not in others:
            continue
        lines.append(_predictions(output.name, before[output.name], after[output.name], values))
        if with_confidence:
            one, two = (_of(answer, kind, output.name) for answer in (before, after))
            lines += _confidence(str(kind), output, others[output.name], one, two, values)
    return "; ".join(lines) or "they have no output in common"


def _predictions(name: str, one: list[Any], other: list[Any], values: Values) -> str:
    same = sum(a == b for a, b in zip(one, other, strict=True))
    line = f"{len(one) - same} of {len(one)} differ in {name}"
    if same < len(one) and all(isinstance(value, float) for value in (*one, *other)):
        moved = np.abs(np.subtract(one, other))
        line += f", at most by {moved.max():.4g} in {_row(int(moved.argmax()), values)}"
    return line


def _confidence(
    kind: str, output: Output, other: Output, one: Array, two: Array, values: Values
) -> Iterator[str]:
    """Changes of the probabilities or scores of labels that both models have."""
    if one.ndim > 1 and two.ndim > 1:
        places = _common(output.labels or (), other.labels or ())
        one, two = (side[:, list(own)] for side, own in zip((one, two), places, strict=True))
    if one.shape != two.shape or not one.size:
        yield f"{kind} of {output.name} cannot be compared: they are of other labels"
        return
    moved = np.abs(one - two).reshape(len(one), -1).max(axis=1)
    counts = [f"by more than {far:g} in {int((moved > far).sum())} rows" for far in LIMITS]
    line = f"{kind} of {output.name} move {', '.join(counts)}"
    if moved.any():
        line += f", at most by {moved.max():.4g} in {_row(int(moved.argmax()), values)}"
    yield line


def _common(one: tuple[Label, ...], other: tuple[Label, ...]) -> tuple[list[int], list[int]]:
    """The positions of the labels that both have."""
    both = [label for label in one if label in other]
    return [one.index(label) for label in both], [other.index(label) for label in both]


def _of(answer: Mapping[str, Any], kind: Any, name: str) -> Array:
    """The probabilities or scores of one output."""
    found = answer[kind]
    return np.asarray(found[name] if isinstance(found, Mapping) else found, dtype=np.float64)


def _row(place: int, values: Values) -> str:
    """A row by its number, from 1, and by its first values."""
    shown = [f"{name} {column[place]}" for name, column in values.items()][:SHOWN_VALUES]
    more = ", ..." if len(values) > SHOWN_VALUES else ""
    return f"row {place + 1} ({', '.join(shown)}{more})"


def _columns(signature: Signature, values: Values) -> dict[str, Column]:
    return {
        column.name: as_column(values[column.name], column.dtype) for column in signature.inputs
    }
