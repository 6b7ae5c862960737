"""Rows of a table to predictions: the checks and the model are those of `POST /predict`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from service.api import schema
from service.api.cells import values_of
from service.api.forms import Columns
from service.api.problems import Problem
from service.files.tables import Row
from service.model.predictor import NotFiniteError, Predictor, UnpredictableError

Values = list[str]
SINGULAR = {"probabilities": "probability", "scores": "score"}


class Refused(str):
    """Why a row has no prediction."""

    __slots__ = ()


class Scorer:
    """Scores the rows of tables with this header. With `confident` also what the model tells of
    its confidence."""

    def __init__(self, predictor: Predictor, header: Sequence[str], confident: bool) -> None:
        self.predictor = predictor
        self.confident = confident
        self.width = len(header)
        self.inputs = [(column, header.index(column.name)) for column in predictor.signature.inputs]
        self.schema = schema.build(predictor.signature)
        golden = predictor.manifest.golden.inputs
        first = {column.name: golden[column.name][:1] for column, _ in self.inputs}
        self.columns = list(self._told(first))

    def score(self, rows: Sequence[Row]) -> list[Values | Refused]:
        """For each row a text for each of `columns`, or why there is none."""
        if all(len(row.cells) == self.width for row in rows):
            return self._sift([row.cells for row in rows])
        whole = iter(self._sift([row.cells for row in rows if len(row.cells) == self.width]))
        return [
            next(whole)
            if len(row.cells) == self.width
            else Refused(f"has {len(row.cells)} cells, the header has {self.width}")
            for row in rows
        ]

    def _sift(self, rows: Sequence[Sequence[str]]) -> list[Values | Refused]:
        """All at once; if that is refused, each half, down to those that are to blame."""
        if not rows:
            return []
        cells = list(zip(*rows, strict=True))
        values = {column.name: values_of(cells[place], column) for column, place in self.inputs}
        try:
            told = self._told(values)
        except (Problem, NotFiniteError, UnpredictableError) as error:
            if len(rows) == 1:
                return [Refused(_reason(error))]
            middle = len(rows) // 2
            return self._sift(rows[:middle]) + self._sift(rows[middle:])
        return [list(row) for row in zip(*told.values(), strict=True)]

    def _told(self, values: Mapping[str, Sequence[Any]]) -> dict[str, list[str]]:
        """Columns of the answer by name."""
        columns = Columns(values, lambda name, _: name)
        arrays = schema.check(self.schema, self.predictor.signature.names, columns)
        answer = self.predictor.predict(arrays, self.confident)
        outputs = [output.name for output in self.predictor.signature.outputs]
        told = {name: list(map(_text, answer[name])) for name in outputs}
        if self.confident:
            told.update(self._confidence(answer, outputs))
        return told

    def _confidence(
        self, answer: Mapping[str, Any], outputs: Sequence[str]
    ) -> Iterator[tuple[str, list[str]]]:
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
                    yield f"{name}_{_text(label)}", list(map(_text, one))
            else:
                yield name, list(map(_text, found))


def _reason(error: Exception) -> str:
    if isinstance(error, Problem):
        [first, *_] = error.errors
        return f"{first['pointer']} {first['detail']}"
    if isinstance(error, NotFiniteError):
        return "the model has no finite answer"
    return "the model cannot predict it"


def _text(value: Any) -> str:
    """As JSON has it, but for quotes; and as this command reads it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
