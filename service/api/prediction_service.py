"""Predicts for the body of a request, or for the bodies of several requests by one call of the
model.

A request of a batch gets the same response as alone: its own rows, or its own error.
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

from service.api import body, extra_columns, fast_json, parse, payloads, schema
from service.api.details import PREDICTIONS, AnswerSize, Details
from service.api.problems import Problem
from service.api.request_state import RequestState, state_of
from service.model.engines import Column
from service.model.known_categories import KnownCategories
from service.model.predictor import NotFiniteError, Predictor, UnpredictableError
from service.monitoring.monitor import Monitor
from service.settings import Settings

log = logging.getLogger("slipway.predict")

FEW_ROWS = 100  # json.dumps writes them; longer answers have another format, see `_to_json`

Arrays = Mapping[str, Column]


class PredictionService:
    """Predictions of one model. Its schema is built once, from its signature.

    `monitor` counts inputs and outputs by bin; None if drift is not watched.
    """

    def __init__(
        self, settings: Settings, predictor: Predictor, monitor: Monitor | None = None
    ) -> None:
        self.predictor = predictor
        self.monitor = monitor
        self.names = predictor.signature.names
        self.schema = schema.build(predictor.signature)
        self.limits = payloads.payload_limits(
            predictor.signature, settings.max_rows, settings.extra_columns
        )
        self.known = KnownCategories(predictor.manifest)
        self.reserved = extra_columns.reserved(predictor.signature)
        self.size = AnswerSize(predictor.manifest, settings.max_answer_values)

    def predict(
        self,
        environ: WSGIEnvironment,
        content: bytes,
        is_csv: bool = False,
        details: Details = PREDICTIONS,
    ) -> bytes:
        """The response body for one request body; Problem if the body is invalid."""
        state = state_of(environ)
        columns, arrays, rows = self._read(state, content, is_csv)
        self.size.check(state, self.size.per_row(details))
        predict = self.predictor.predict if rows <= FEW_ROWS else self.predictor.predict_arrays
        answer = self._predict_timed(predict, state, columns, arrays, details)
        return extra_columns.added(_to_json(answer, rows), state.extra)

    def predict_columns(
        self,
        environ: WSGIEnvironment,
        columns: payloads.Columns,
        details: Details = PREDICTIONS,
        per_row: int = 0,
    ) -> dict[str, Any]:
        """The answer to columns, for protocols that parse bodies themselves; Problem if invalid.

        A list of plain values for each output, of shape (rows,), or (rows, labels) for
        probabilities and scores. `per_row` is the number of values that the protocol sends per row.
        """
        state = state_of(environ)
        if self.limits.ignore_extra:
            values = {name: columns.values[name] for name in self.names if name in columns.values}
            columns = payloads.Columns(values, columns.pointer)
        arrays, _ = self._checked(state, columns)
        self.size.check(state, max(per_row, self.size.per_row(details)))
        return self._predict_timed(self.predictor.predict, state, columns, arrays, details)

    def _predict_timed(
        self,
        predict: Callable[[Arrays, bool], dict[str, Any]],
        state: RequestState,
        columns: payloads.Columns,
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
            raise _not_finite(self.names, columns, error.rows) from error
        except UnpredictableError as error:
            log.warning("prediction failed", extra={"fields": {"reason": str(error)}})
            detail = "the model cannot predict some of these rows"
            raise Problem(422, detail, [{"pointer": "", "detail": detail}]) from error
        state.predict_seconds = perf_counter() - start
        if self.monitor is not None:
            self.monitor.observe(arrays, answer, state.rows or 0)
        return answer

    def preparse(self, environ: WSGIEnvironment) -> int:
        """Parse a long body of numbers before it is scheduled; its number of rows, or 0."""
        state = state_of(environ)
        arrays = fast_json.read(state.body or b"", self.predictor.signature, self.limits)
        if arrays is None:
            return 0
        state.arrays = arrays
        return len(arrays[self.names[0]])

    def predict_batch(self, environs: Sequence[WSGIEnvironment]) -> None:
        """Set the answer or the error in the state of each request with a JSON body.

        If the call of the model fails, neither is set, and each request is predicted alone.
        """
        jobs = []
        for environ in environs:
            state = state_of(environ)
            try:
                _, arrays, rows = self._read(state, state.body or b"")
                self.size.check(state, self.size.outputs)
                jobs.append((state, arrays, rows))
            except Exception as error:
                state.error = error
        self._share(jobs)

    def _share(self, jobs: Sequence[tuple[RequestState, Arrays, int]]) -> None:
        """Predict for all by one call; if that fails or has too many rows, for each half."""
        if len(jobs) < 2:
            return
        ends = list(accumulate((rows for _, _, rows in jobs), initial=0))
        start = perf_counter()
        try:
            answer = self._predict_together([arrays for _, arrays, _ in jobs], ends[-1])
        except Exception:  # the request at fault gets its own error when it is predicted alone
            middle = len(jobs) // 2
            self._share(jobs[:middle])
            self._share(jobs[middle:])
            return
        seconds = perf_counter() - start
        for (state, _, _), (begin, end) in zip(jobs, pairwise(ends), strict=True):
            own = {name: values[begin:end] for name, values in answer.items()}
            state.answer = extra_columns.added(_to_json(own, end - begin), state.extra)
            state.predict_seconds = seconds

    def _predict_together(self, jobs: Sequence[Arrays], rows: int) -> dict[str, list[Any]]:
        if rows > self.limits.rows:
            raise ValueError("too many rows for one call")
        joined = {name: np.concatenate([arrays[name] for arrays in jobs]) for name in self.names}
        answer = self.predictor.predict(joined)
        if any(len(values) != rows for values in answer.values()):
            raise ValueError("the model gave another number of values than rows")
        if self.monitor is not None:
            self.monitor.observe(joined, answer, rows)
        return answer

    def _read(
        self, state: RequestState, content: bytes, is_csv: bool = False
    ) -> tuple[payloads.Columns, Arrays, int]:
        """The columns of a body, the checked arrays and the number of rows; Problem if invalid."""
        signature = self.predictor.signature
        arrays = state.arrays
        if arrays is None and not is_csv:
            arrays = fast_json.read(content, signature, self.limits)
        if arrays is not None:
            columns = payloads.Columns(arrays)
            return columns, *self._checked(state, columns)
        text = body.decode(content, "CSV" if is_csv else "JSON")
        if is_csv:
            columns = payloads.from_csv(text, signature, self.limits)
        else:
            columns = payloads.from_json(
                parse.parse_json(text, self.limits), signature, self.limits
            )
        arrays, rows = self._checked(state, columns)
        if columns.extra:
            extra_columns.check(columns.extra, self.reserved, self.names[0], rows)
            state.extra = columns.extra
        return columns, arrays, rows

    def _checked(self, state: RequestState, columns: payloads.Columns) -> tuple[Arrays, int]:
        arrays = schema.check(self.schema, self.names, columns)
        state.rows = rows = len(arrays[self.names[0]])
        state.unknown = self.known.rows(arrays)
        return arrays, rows


def _to_json(answer: dict[str, Any], rows: int) -> bytes:
    """JSON. Up to 100 rows are written by json.dumps, so that published examples stay
    byte-identical.

    orjson writes longer answers, without spaces and faster.
    """
    if rows <= FEW_ROWS:
        return json.dumps(answer).encode()
    return orjson.dumps(answer, default=np.ndarray.tolist, option=orjson.OPT_SERIALIZE_NUMPY)


def _not_finite(names: Sequence[str], columns: payloads.Columns, rows: Sequence[int]) -> Problem:
    errors = [
        {
            "pointer": columns.pointer(names[0], row),
            "detail": "the model's prediction is not finite",
        }
        for row in rows
    ]
    return Problem(422, "the model's predictions for some rows are not finite", errors)
