"""A model's predictions for rows with known true values, output by output."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.model.engines import Column
from service.model.signature import Label
from training.estimators.fitted_model import FittedModel
from training.estimators.side_effects import GuardedScikitLearn

MAX_OUTPUTS = 4  # outputs with a section in the report


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """Predictions and true values of one output.

    `output_index` is the position of the output in the signature; `columns` are the inputs, each of
    shape (rows,).

    For a classifier `actual` and `predicted`, of shape (rows,), are indices into `labels`. The
    first `n_classes` labels are the model's classes; any others occur in the data only. For a
    regressor both are numbers, and `labels` is empty. `confidence`, of shape (rows, n_classes), has
    probabilities or scores (`confidence_kind`); it is None if the model has neither.
    """

    name: str
    output_index: int
    engine: GuardedScikitLearn
    columns: list[Column]
    actual: NDArray[Any]
    predicted: NDArray[Any]
    labels: tuple[Label, ...] = ()
    n_classes: int = 0
    confidence: NDArray[np.float64] | None = None
    confidence_kind: str | None = None

    @property
    def of_known_class(self) -> NDArray[np.bool_]:
        """Mask of the rows whose true class is one of the model's classes."""
        return np.asarray(self.actual < self.n_classes)

    def predict(self, columns: Sequence[Column]) -> NDArray[Any]:
        """Predict other rows: numbers, or indices into `labels`."""
        found = self.engine.predict(columns)[self.output_index]
        return self.codes(found) if self.labels else found.astype(np.float64)

    def codes(self, predicted: NDArray[Any]) -> NDArray[np.int64]:
        """Indices of predicted labels; the number of labels for an unknown one."""
        places = {label: code for code, label in enumerate(self.labels)}
        return np.array([places.get(value, len(places)) for value in predicted.tolist()])


def evaluate_outputs(
    model: FittedModel,
    engine: GuardedScikitLearn,
    columns: Mapping[str, Column],
    targets: Mapping[str, list[Any]],
) -> Iterator[Evaluation]:
    """Evaluate the outputs whose true values are known. Clusterers have none.

    `columns` are the inputs, and `targets` the true values by output, None where one is unknown.
    """
    outputs = engine.signature.outputs
    for place, output in enumerate(outputs):
        if output.name not in targets:
            continue
        there = np.array([value is not None for value in targets[output.name]])
        labels = model.possible_labels(output)
        if not there.any() or not (labels or model.predicts_numbers(output)):
            continue
        given = [columns[name][there] for name in engine.signature.names]
        actual = [value for value in targets[output.name] if value is not None]
        predicted = engine.predict(given)[place].tolist()
        these: dict[str, Any] = {
            "name": output.name,
            "output_index": place,
            "engine": engine,
            "columns": given,
        }
        if not labels:
            numbers = [np.array(values, dtype=np.float64) for values in (actual, predicted)]
            yield Evaluation(**these, actual=numbers[0], predicted=numbers[1])
            continue
        places = {label: code for code, label in enumerate(labels)}
        codes = [
            np.array([places.setdefault(value, len(places)) for value in values])
            for values in (actual, predicted)
        ]
        confidence = engine.confidence(given)[place] if output.confidence else None
        yield Evaluation(
            **these,
            actual=codes[0],
            predicted=codes[1],
            labels=tuple(places),
            n_classes=len(labels),
            confidence=_by_label(confidence, len(labels), output.confidence),
            confidence_kind=output.confidence,
        )


def _by_label(
    confidence: Column | None, labels: int, kind: str | None
) -> NDArray[np.float64] | None:
    """One column per label; None for another shape, such as one column per pair of labels."""
    if confidence is None:
        return None
    if confidence.ndim == 1 and labels == 2:
        return np.column_stack(
            [1 - confidence if kind == "probabilities" else -confidence, confidence]
        )
    return confidence if confidence.shape[1:] == (labels,) else None
