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
from service.api.environ import ANSWER, ARRAYS, PREDICTED, REFUSED, ROWS, WHOLE
from service.api.problems import Problem
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
        columns, arrays = self._read(environ, content, is_csv)
        self.size.check(environ, self.size.per_row(details))
        few = environ[ROWS] <= FEW
        predict = self.predictor.predict if few else self.predictor.predict_arrays
        return _text(self._timed(predict, environ, columns, arrays, details), environ[ROWS])

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
        arrays = self._checked(environ, columns)
        self.size.check(environ, max(per_row, self.size.per_row(details)))
        return self._timed(self.predictor.predict, environ, columns, arrays, details)

    def _timed(
        self,
        predict: Callable[[Arrays, bool], dict[str, Any]],
        environ: WSGIEnvironment,
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
        environ[PREDICTED] = perf_counter() - start
        return answer

    def read_ahead(self, environ: WSGIEnvironment) -> int:
        """Read a long body of plain numbers before its turn: how many rows it has, or 0."""
        arrays = buffers.read(environ[WHOLE], self.predictor.signature, self.most)
        if arrays is None:
            return 0
        environ[ARRAYS] = arrays
        return len(arrays[self.names[0]])

    def together(self, environs: Sequence[WSGIEnvironment]) -> None:
        """Note in each environ the answer to its body of JSON, or what is wrong with that.

        It gets neither if its prediction could not be shared, and is then to be answered alone.
        """
        asked = []
        for environ in environs:
            try:
                arrays = self._read(environ, environ[WHOLE])[1]
                self.size.check(environ, self.size.outputs)
                asked.append((environ, arrays))
            except Exception as error:
                environ[REFUSED] = error
        self._share(asked)

    def _share(self, asked: Sequence[tuple[WSGIEnvironment, Arrays]]) -> None:
        """Predict for all by one call; if they have too many rows, or it fails, for each half."""
        if len(asked) < 2:
            return
        ends = list(accumulate((environ[ROWS] for environ, _ in asked), initial=0))
        start = perf_counter()
        try:
            answer = self._predicted([arrays for _, arrays in asked], ends[-1])
        except Exception:  # alone, it will be told to the one whose it is
            middle = len(asked) // 2
            self._share(asked[:middle])
            self._share(asked[middle:])
            return
        seconds = perf_counter() - start
        for (environ, _), (begin, end) in zip(asked, pairwise(ends), strict=True):
            own = {name: values[begin:end] for name, values in answer.items()}
            environ[ANSWER] = _text(own, end - begin)
            environ[PREDICTED] = seconds

    def _predicted(self, asked: Sequence[Arrays], rows: int) -> dict[str, list[Any]]:
        if rows > self.most.rows:
            raise ValueError("too many rows for one call")
        joined = {name: np.concatenate([arrays[name] for arrays in asked]) for name in self.names}
        answer = self.predictor.predict(joined)
        if any(len(values) != rows for values in answer.values()):
            raise ValueError("which value is whose cannot be told")
        return answer

    def _read(
        self, environ: WSGIEnvironment, content: bytes, is_csv: bool = False
    ) -> tuple[forms.Columns, Arrays]:
        """Columns as they stand in the body, and checked; a Problem if they do not fit."""
        signature = self.predictor.signature
        arrays = environ.get(ARRAYS)
        if arrays is None and not is_csv:
            arrays = buffers.read(content, signature, self.most)
        if arrays is not None:
            columns = forms.Columns(arrays)
            return columns, self._checked(environ, columns)
        text = body.decode(content, "CSV" if is_csv else "JSON")
        if is_csv:
            columns = forms.from_csv(text, signature, self.most)
        else:
            columns = forms.from_json(parse.parse_json(text, self.most), signature, self.most)
        return columns, self._checked(environ, columns)

    def _checked(self, environ: WSGIEnvironment, columns: forms.Columns) -> Arrays:
        arrays = schema.check(self.schema, self.names, columns)
        environ[ROWS] = len(arrays[self.names[0]])
        return arrays


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
