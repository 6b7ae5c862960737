"""From the body of a request to its answer; from several bodies to theirs by one call of the model.

Whoever shares a call gets what it would have got alone: its own rows, or its own refusal.
"""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate, pairwise
from time import perf_counter
from typing import Any
from wsgiref.types import WSGIEnvironment

import numpy as np
import orjson

from service.api import body, buffers, forms, parse, schema
from service.api.details import PREDICTIONS, AnswerSize, Details
from service.api.problems import Problem
from service.api.request_state import RequestState, state_of
from service.model.engines import Column
from service.model.predictor import NotFiniteError, Predictor, UnpredictableError
from service.settings import Settings

log = logging.getLogger("slipway.predict")

FEW = 100

Arrays = Mapping[str, Column]


class Answers:
    """What one model answers. One schema is built from its signature, and shared."""

    def __init__(self, settings: Settings, predictor: Predictor) -> None:
        self.predictor = predictor
        self.names = predictor.signature.names
        self.schema = schema.build(predictor.signature)
        self.most = forms.most(predictor.signature, settings.max_rows)
        self.size = AnswerSize(predictor.manifest, settings.max_answer_values)

    def alone(
        self,
        environ: WSGIEnvironment,
        content: bytes,
        is_csv: bool = False,
        details: Details = PREDICTIONS,
    ) -> bytes:
        """The answer to one body; a Problem if it cannot be had."""
        state = state_of(environ)
        columns, arrays, rows = self._read(state, content, is_csv)
        self.size.check(state, self.size.per_row(details))
        predict = self.predictor.predict if rows <= FEW else self.predictor.predict_arrays
        return _text(self._timed(predict, state, columns, arrays, details), rows)

    def to_columns(
        self,
        environ: WSGIEnvironment,
        columns: forms.Columns,
        details: Details = PREDICTIONS,
        per_row: int = 0,
    ) -> dict[str, Any]:
        """The answer to columns that came in a form of their own; a Problem if it cannot be had.

        Plain values, a list for each output: shape (rows,); (rows, labels) for what tells
        confidence. `per_row` is how many values of a row are sent, if a protocol can send more.
        """
        state = state_of(environ)
        arrays, _ = self._checked(state, columns)
        self.size.check(state, max(per_row, self.size.per_row(details)))
        return self._timed(self.predictor.predict, state, columns, arrays, details)

    def _timed(
        self,
        predict: Callable[[Arrays, bool], dict[str, Any]],
        state: RequestState,
        columns: forms.Columns,
        arrays: Arrays,
        details: Details,
    ) -> dict[str, Any]:
        start = perf_counter()
        try:
            if details.top:
                answer = self.predictor.predict_top(arrays, details.top)
            else:
                answer = predict(arrays, details.confidence)
        except NotFiniteError as error:
            raise _no_answer(self.names, columns, error.rows) from error
        except UnpredictableError as error:
            log.warning("prediction failed", extra={"fields": {"reason": str(error)}})
            detail = "the model cannot predict some of these rows"
            raise Problem(422, detail, [{"pointer": "", "detail": detail}]) from error
        state.predict_seconds = perf_counter() - start
        return answer

    def read_ahead(self, environ: WSGIEnvironment) -> int:
        """Read a long body of plain numbers before its turn: how many rows it has, or 0."""
        state = state_of(environ)
        arrays = buffers.read(state.body or b"", self.predictor.signature, self.most)
        if arrays is None:
            return 0
        state.arrays = arrays
        return len(arrays[self.names[0]])

    def together(self, environs: Sequence[WSGIEnvironment]) -> None:
        """Set in the state of each request the answer to its body of JSON, or its error.

        It gets neither if the call of the model failed, and is then to be answered alone.
        """
        asked = []
        for environ in environs:
            state = state_of(environ)
            try:
                _, arrays, rows = self._read(state, state.body or b"")
                self.size.check(state, self.size.outputs)
                asked.append((state, arrays, rows))
            except Exception as error:
                state.error = error
        self._share(asked)

    def _share(self, asked: Sequence[tuple[RequestState, Arrays, int]]) -> None:
        """Predict for all by one call; if they have too many rows, or it fails, for each half."""
        if len(asked) < 2:
            return
        ends = list(accumulate((rows for _, _, rows in asked), initial=0))
        start = perf_counter()
        try:
            answer = self._predicted([arrays for _, arrays, _ in asked], ends[-1])
        except Exception:  # alone, it will be told to the one whose it is
            middle = len(asked) // 2
            self._share(asked[:middle])
            self._share(asked[middle:])
            return
        seconds = perf_counter() - start
        for (state, _, _), (begin, end) in zip(asked, pairwise(ends), strict=True):
            own = {name: values[begin:end] for name, values in answer.items()}
            state.answer = _text(own, end - begin)
            state.predict_seconds = seconds

    def _predicted(self, asked: Sequence[Arrays], rows: int) -> dict[str, list[Any]]:
        if rows > self.most.rows:
            raise ValueError("too many rows for one call")
        joined = {name: np.concatenate([arrays[name] for arrays in asked]) for name in self.names}
        answer = self.predictor.predict(joined)
        if any(len(values) != rows for values in answer.values()):
            raise ValueError("which value is whose cannot be told")
        return answer

    def _read(
        self, state: RequestState, content: bytes, is_csv: bool = False
    ) -> tuple[forms.Columns, Arrays, int]:
        """Columns as they stand in the body, and checked, and their rows; a Problem if they do
        not fit."""
        signature = self.predictor.signature
        arrays = state.arrays
        if arrays is None and not is_csv:
            arrays = buffers.read(content, signature, self.most)
        if arrays is not None:
            columns = forms.Columns(arrays)
            return columns, *self._checked(state, columns)
        text = body.decode(content, "CSV" if is_csv else "JSON")
        if is_csv:
            columns = forms.from_csv(text, signature, self.most)
        else:
            columns = forms.from_json(parse.parse_json(text, self.most), signature, self.most)
        return columns, *self._checked(state, columns)

    def _checked(self, state: RequestState, columns: forms.Columns) -> tuple[Arrays, int]:
        arrays = schema.check(self.schema, self.names, columns)
        state.rows = rows = len(arrays[self.names[0]])
        return arrays, rows


def _text(answer: dict[str, Any], rows: int) -> bytes:
    """JSON: a few rows to the byte as they were ever published, many without spaces, but faster."""
    if rows <= FEW:
        return json.dumps(answer).encode()
    return orjson.dumps(answer, default=np.ndarray.tolist, option=orjson.OPT_SERIALIZE_NUMPY)


def _no_answer(names: Sequence[str], columns: forms.Columns, rows: Sequence[int]) -> Problem:
    errors = [
        {"pointer": columns.pointer(names[0], row), "detail": "the model has no finite answer"}
        for row in rows
    ]
    return Problem(422, "the model has no finite answer for some rows", errors)
