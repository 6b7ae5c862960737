"""Predicts for the rows of a table, with the checks and the model of `POST /predict`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from service.api import schema
from service.api.payloads import Columns
from service.api.problems import Problem
from service.batch.tables import Rows
from service.model.known_categories import KnownCategories, Unknown, together
from service.model.predictor import NotFiniteError, Predictor, UnpredictableError, as_column

SINGULAR = {"probabilities": "probability", "scores": "score"}
Values = Mapping[str, Sequence[Any]]
Answer = tuple[Mapping[str, list[Any]], Mapping[str, Unknown]]


@dataclass(frozen=True, slots=True)
class Scored:
    """The result for one block.

    `values` are the inputs of all rows but the malformed ones. `good` are the places of the rows
    that have predictions, `predictions` the predictions by column, and `rejected` the reasons for
    the other rows. `unknown` are values in rows with predictions that the encoders do not know, by
    input.
    """

    values: Mapping[str, Sequence[Any]]
    good: Sequence[int]
    predictions: Mapping[str, list[Any]]
    rejected: Mapping[int, str]
    unknown: Mapping[str, Unknown] = field(default_factory=dict)


class Scorer:
    """Predicts rows. `confident` adds the model's probabilities or scores."""

    def __init__(self, predictor: Predictor, confident: bool) -> None:
        self.predictor = predictor
        self.confident = confident
        self.schema = schema.build(predictor.signature)
        self.known = KnownCategories(predictor.manifest)
        golden = predictor.manifest.golden.inputs
        first = {
            one.name: as_column(golden[one.name][:1], one.dtype)
            for one in predictor.signature.inputs
        }
        self.columns = list(self._predicted(first))

    def score(self, rows: Rows) -> Scored:
        """Predict for each row, or give the reason why it is rejected."""
        rejected = dict(rows.malformed)
        every: Sequence[int] = range(len(rows))
        whole = [place for place in every if place not in rejected] if rejected else every
        values = {one.name: rows.values(one) for one in self.predictor.signature.inputs}
        predictions: dict[str, list[Any]] = {name: [] for name in self.columns}
        good: list[int] = []
        unknown: dict[str, Unknown] = {}
        for places, answer in self._predict_or_split(values, whole):
            if isinstance(answer, str):
                rejected[places[0]] = answer
                continue
            good += places
            answered, found = answer
            unknown = together(unknown, found)
            for name, column in answered.items():
                predictions[name] += column
        return Scored(values, good, predictions, rejected, unknown)

    def _predict_or_split(
        self, values: Values, places: Sequence[int]
    ) -> Iterator[tuple[Sequence[int], Answer | str]]:
        """Predict all rows at once; if that fails, each half, down to the rows that fail."""
        if not places:
            return
        try:
            answer = self._predict(values)
        except (Problem, NotFiniteError, UnpredictableError) as error:
            if len(places) == 1:
                yield places, _reason(error)
                return
            middle = len(places) // 2
            for half in slice(middle), slice(middle, None):
                part = {name: column[half] for name, column in values.items()}
                yield from self._predict_or_split(part, places[half])
            return
        yield places, answer

    def _predict(self, values: Values) -> Answer:
        """Columns of the answer by name, and unknown values."""
        given = Columns(values, lambda name, _: name)
        arrays = schema.check(self.schema, self.predictor.signature.names, given)
        return self._predicted(arrays), self.known.unknown(arrays)

    def _predicted(self, arrays: Mapping[str, NDArray[Any]]) -> dict[str, list[Any]]:
        answer = self.predictor.predict(arrays, self.confident)
        outputs = [output.name for output in self.predictor.signature.outputs]
        columns = {name: answer[name] for name in outputs}
        if self.confident:
            columns.update(self._confidence(answer, outputs))
        return columns

    def _confidence(
        self, answer: Mapping[str, Any], outputs: Sequence[str]
    ) -> Iterator[tuple[str, list[Any]]]:
        kind = self.predictor.signature.confidence
        if kind is None:
            return
        several = len(outputs) > 1
        for output in outputs:
            found = answer[kind][output] if several else answer[kind]
            labels = answer.get("labels", [])
            labels = labels[output] if several and labels else labels
            name = f"{SINGULAR[kind]}_{output}" if several else SINGULAR[kind]
            if found and isinstance(found[0], list):
                for label, one in zip(labels, zip(*found, strict=True), strict=True):
                    yield f"{name}_{_label(label)}", list(one)
            else:
                yield name, found


def _reason(error: Exception) -> str:
    if isinstance(error, Problem):
        [first, *_] = error.errors
        return f"{first['pointer']} {first['detail']}"
    if isinstance(error, NotFiniteError):
        return "the model's prediction is not finite"
    return "the model cannot predict this row"


def _label(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
