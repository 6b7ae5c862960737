"""Rows of a table to predictions: the checks and the model are those of `POST /predict`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from service.api import schema
from service.api.forms import Columns
from service.api.problems import Problem
from service.files.tables import Rows
from service.model.predictor import NotFiniteError, Predictor, UnpredictableError

SINGULAR = {"probabilities": "probability", "scores": "score"}
Values = Mapping[str, Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Scored:
    """What the inputs are in all rows that are not broken; the places of those that have a
    prediction, what the model told of them by column, and why the others have none."""

    values: Mapping[str, Sequence[Any]]
    good: Sequence[int]
    told: Mapping[str, list[Any]]
    refused: Mapping[int, str]


class Scorer:
    """Scores rows. With `confident` also what the model tells of its confidence."""

    def __init__(self, predictor: Predictor, confident: bool) -> None:
        self.predictor = predictor
        self.confident = confident
        self.schema = schema.build(predictor.signature)
        golden = predictor.manifest.golden.inputs
        first = {name: golden[name][:1] for name in predictor.signature.names}
        self.columns = list(self._told(first))

    def score(self, rows: Rows) -> Scored:
        """A value for each of `columns`, or why there is none."""
        refused = dict(rows.broken)
        every: Sequence[int] = range(len(rows))
        whole = [place for place in every if place not in refused] if refused else every
        values = {one.name: rows.values(one) for one in self.predictor.signature.inputs}
        told: dict[str, list[Any]] = {name: [] for name in self.columns}
        good: list[int] = []
        for places, answer in self._sifted(values, whole):
            if isinstance(answer, str):
                refused[places[0]] = answer
                continue
            good += places
            for name, column in answer.items():
                told[name] += column
        return Scored(values, good, told, refused)

    def _sifted(
        self, values: Values, places: Sequence[int]
    ) -> Iterator[tuple[Sequence[int], Mapping[str, list[Any]] | str]]:
        """All at once; if that is refused, each half, down to those that are to blame."""
        if not places:
            return
        try:
            told = self._told(values)
        except (Problem, NotFiniteError, UnpredictableError) as error:
            if len(places) == 1:
                yield places, _reason(error)
                return
            middle = len(places) // 2
            for half in slice(middle), slice(middle, None):
                part = {name: column[half] for name, column in values.items()}
                yield from self._sifted(part, places[half])
            return
        yield places, told

    def _told(self, values: Values) -> dict[str, list[Any]]:
        """Columns of the answer by name."""
        columns = Columns(values, lambda name, _: name)
        arrays = schema.check(self.schema, self.predictor.signature.names, columns)
        answer = self.predictor.predict(arrays, self.confident)
        outputs = [output.name for output in self.predictor.signature.outputs]
        told = {name: answer[name] for name in outputs}
        if self.confident:
            told.update(self._confidence(answer, outputs))
        return told

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
        return "the model has no finite answer"
    return "the model cannot predict it"


def _label(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
