"""`POST /predict`: the main road, from the bytes of a request to the model's answer."""

import json
import logging
from collections.abc import Sequence
from time import perf_counter

from flask import Flask, Response, g, request

from service.api import body, forms, schema
from service.api.problems import Problem, unknown
from service.model.predictor import NotFiniteError, Predictor, UnpredictableError
from service.model.signature import Confidence
from service.settings import Settings

log = logging.getLogger("slipway.predict")

PATH = "/predict"
CONFIDENCE: tuple[Confidence, ...] = ("probabilities", "scores")


def init_app(app: Flask, settings: Settings, predictor: Predictor) -> None:
    """Give the app its route. One schema is built from the signature, and shared."""
    signature = predictor.signature
    columns_schema = schema.build(signature)

    @app.post(PATH)
    def predict() -> Response:
        confidence = _wants_confidence(predictor)
        content = body.read(request, settings.max_body_bytes)
        is_csv = body.media_type(request) == body.CSV
        text = body.decode(content)
        if is_csv:
            columns = forms.from_csv(text, signature, settings.max_rows)
        else:
            payload = body.parse_json(text, forms.most(signature, settings.max_rows))
            columns = forms.from_json(payload, signature, settings.max_rows)
        arrays = schema.check(columns_schema, signature.names, columns)
        g.rows = len(arrays[signature.names[0]])
        start = perf_counter()
        try:
            answer = predictor.predict(arrays, confidence)
        except NotFiniteError as error:
            raise _no_answer(signature.names, columns, error.rows) from error
        except UnpredictableError as error:
            log.warning("prediction failed", extra={"fields": {"reason": str(error)}})
            detail = "the model cannot predict some of these rows"
            raise Problem(422, detail, [{"pointer": "", "detail": detail}]) from error
        g.predict_seconds = perf_counter() - start
        return Response(json.dumps(answer, allow_nan=False), mimetype=body.JSON)

    @app.after_request
    def name_the_model(response: Response) -> Response:
        if request.path == PATH:
            response.headers["Model-Version"] = predictor.manifest.version
        return response


def _wants_confidence(predictor: Predictor) -> bool:
    """Whether the query asks for what the model has: ?probabilities=true, or ?scores=true."""
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


def _bad_parameter(name: str, detail: str) -> Problem:
    return Problem(422, "the query does not fit", [{"parameter": name, "detail": detail}])


def _no_answer(names: Sequence[str], columns: forms.Columns, rows: Sequence[int]) -> Problem:
    errors = [
        {"pointer": columns.pointer(names[0], row), "detail": "the model has no finite answer"}
        for row in rows
    ]
    return Problem(422, "the model has no finite answer for some rows", errors)
