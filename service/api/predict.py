"""`POST /predict`: the main road, from the bytes of a request to the model's answer."""

import json
import logging
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any
from wsgiref.types import WSGIEnvironment

import orjson
from flask import Flask, Request, Response, request

from service.api import body, forms, parse, schema
from service.api.environ import PREDICTED, ROWS
from service.api.problems import Problem, unknown
from service.model.predictor import NotFiniteError, Predictor, UnpredictableError
from service.model.signature import Confidence
from service.settings import Settings

log = logging.getLogger("slipway.predict")

PATH = "/predict"
FEW = 100
CONFIDENCE: tuple[Confidence, ...] = ("probabilities", "scores")


def init_app(
    app: Flask, settings: Settings, predictor: Predictor
) -> Callable[[WSGIEnvironment, bytes], bytes]:
    """Give the app its route; the function that makes an answer of a body of JSON.

    One schema is built from the signature, and shared.
    """
    signature = predictor.signature
    columns_schema = schema.build(signature)

    most = forms.most(signature, settings.max_rows)

    def answered(
        environ: WSGIEnvironment, content: bytes, is_csv: bool = False, confidence: bool = False
    ) -> bytes:
        text = body.decode(content)
        if is_csv:
            columns = forms.from_csv(text, signature, most)
        else:
            columns = forms.from_json(parse.parse_json(text, most), signature, most)
        arrays = schema.check(columns_schema, signature.names, columns)
        rows = environ[ROWS] = len(arrays[signature.names[0]])
        start = perf_counter()
        try:
            answer = predictor.predict(arrays, confidence)
        except NotFiniteError as error:
            raise _no_answer(signature.names, columns, error.rows) from error
        except UnpredictableError as error:
            log.warning("prediction failed", extra={"fields": {"reason": str(error)}})
            detail = "the model cannot predict some of these rows"
            raise Problem(422, detail, [{"pointer": "", "detail": detail}]) from error
        environ[PREDICTED] = perf_counter() - start
        return _text(answer, rows)

    @app.post(PATH)
    def predict() -> Response:
        confidence = _wants_confidence(request, predictor)
        content = body.read(request, settings.max_body_bytes)
        is_csv = body.media_type(request) == body.CSV
        return Response(
            answered(request.environ, content, is_csv, confidence), content_type=body.JSON
        )

    return answered


def _wants_confidence(request: Request, predictor: Predictor) -> bool:
    """Whether the query asks for what the model has: ?probabilities=true, or ?scores=true."""
    if not request.query_string:
        return False
    kind = predictor.signature.confidence
    for name in request.args:
        if name not in CONFIDENCE:
            raise _bad_parameter(name[:64], unknown(name, CONFIDENCE, "parameter"))
        values = request.args.getlist(name)
        if values not in (["true"], ["false"]):
            raise _bad_parameter(name, "must be true or false")
        if values == ["true"] and name != kind:
            hint = f"; it has {kind}" if kind else ""
            raise _bad_parameter(name, f"this model has no {name}{hint}")
    return kind is not None and request.args.get(kind) == "true"


def _text(answer: dict[str, Any], rows: int) -> bytes:
    """JSON: a few rows to the byte as they were ever published, many without spaces, but faster."""
    return json.dumps(answer).encode() if rows <= FEW else orjson.dumps(answer)


def _bad_parameter(name: str, detail: str) -> Problem:
    return Problem(422, "the query does not fit", [{"parameter": name, "detail": detail}])


def _no_answer(names: Sequence[str], columns: forms.Columns, rows: Sequence[int]) -> Problem:
    errors = [
        {"pointer": columns.pointer(names[0], row), "detail": "the model has no finite answer"}
        for row in rows
    ]
    return Problem(422, "the model has no finite answer for some rows", errors)
