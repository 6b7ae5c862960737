"""What a model says to rows whose right answers are known, output by output."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_regressor

from service.model.engines import Column
from service.model.signature import Label
from training.outputs import possible_labels
from training.trying import Tried

MOST_OUTPUTS = 4  # that have pictures of their own


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One output, for rows whose answer is known.

    `place` is the output's among all, and `columns` are the inputs in their order.

    Of a classifier `actual` and `predicted` are places in `labels`, in which the first `learned`
    are the model's own, and any others are what the data hold besides. Of a regression they are
    numbers, and there are no labels. `told` has one number for each row and learned label:
    probabilities or scores (`kind`); it is None where there are neither.
    """

    name: str
    place: int
    engine: Tried
    columns: list[Column]
    actual: NDArray[Any]
    predicted: NDArray[Any]
    labels: tuple[Label, ...] = ()
    learned: int = 0
    told: NDArray[np.float64] | None = None
    kind: str | None = None

    @property
    def known(self) -> NDArray[np.bool_]:
        """The rows whose answer is one that the model can give."""
        return np.asarray(self.actual < self.learned)

    def says(self, columns: Sequence[Column]) -> NDArray[Any]:
        """What the model predicts for other rows: numbers, or places in `labels`."""
        found = self.engine.predict(columns)[self.place]
        return self.codes(found) if self.labels else found.astype(np.float64)

    def codes(self, predicted: NDArray[Any]) -> NDArray[np.int64]:
        """The places of predicted labels; one beyond the last for what is none."""
        places = {label: code for code, label in enumerate(self.labels)}
        return np.array([places.get(value, len(places)) for value in predicted.tolist()])


def judged(
    engine: Tried, columns: Mapping[str, Column], answers: Mapping[str, list[Any]]
) -> Iterator[Judged]:
    """The outputs that have answers, where it can be said what is right.

    `columns` are the inputs, `answers` values by name of output, None where one is unknown. Of a
    clusterer nothing is right or wrong.
    """
    outputs = engine.signature.outputs
    for place, output in enumerate(outputs):
        if output.name not in answers:
            continue
        there = np.array([value is not None for value in answers[output.name]])
        labels = possible_labels(engine.estimator, output)
        if not there.any() or not (labels or is_regressor(engine.estimator)):
            continue
        given = [columns[name][there] for name in engine.signature.names]
        actual = [value for value in answers[output.name] if value is not None]
        predicted = engine.predict(given)[place].tolist()
        these: dict[str, Any] = {
            "name": output.name,
            "place": place,
            "engine": engine,
            "columns": given,
        }
        if not labels:
            numbers = [np.array(values, dtype=np.float64) for values in (actual, predicted)]
            yield Judged(**these, actual=numbers[0], predicted=numbers[1])
            continue
        places = {label: code for code, label in enumerate(labels)}
        codes = [
            np.array([places.setdefault(value, len(places)) for value in values])
            for values in (actual, predicted)
        ]
        told = engine.confidence(given)[place] if output.confidence else None
        yield Judged(
            **these,
            actual=codes[0],
            predicted=codes[1],
            labels=tuple(places),
            learned=len(labels),
            told=_by_label(told, len(labels), output.confidence),
            kind=output.confidence,
        )


def _by_label(told: Column | None, labels: int, kind: str | None) -> NDArray[np.float64] | None:
    """One column per label; None for another shape, such as one column for each pair of them."""
    if told is None:
        return None
    if told.ndim == 1 and labels == 2:
        return np.column_stack([1 - told if kind == "probabilities" else -told, told])
    return told if told.shape[1:] == (labels,) else None
