"""`POST /predict` and its query parameters."""

from flask import Flask, Request, Response, request

from service.api import body
from service.api.details import PREDICTIONS, TOP, Details, read_top
from service.api.prediction_service import PredictionService
from service.api.problems import Problem, unknown
from service.model.predictor import Predictor
from service.model.signature import Confidence, Signature
from service.settings import Settings

PATH = "/predict"
CONFIDENCE: tuple[Confidence, ...] = ("probabilities", "scores")
PARAMETERS = (*CONFIDENCE, TOP)


def init_app(
    app: Flask, settings: Settings, predictor: Predictor, service: PredictionService
) -> None:
    """Add the route."""

    @app.post(PATH)
    def predict() -> Response:
        details = _details(request, predictor.signature)
        content = body.read(request, settings.max_body_bytes)
        is_csv = body.media_type(request) == body.CSV
        return Response(
            service.predict(request.environ, content, is_csv, details), content_type=body.JSON
        )


def _details(request: Request, signature: Signature) -> Details:
    """Read the query: ?probabilities=true, ?scores=true or ?top=K, if the model has it."""
    if not request.query_string:
        return PREDICTIONS
    for name in request.args:
        if name not in PARAMETERS:
            raise _bad_parameter(name[:64], unknown(name, PARAMETERS, "parameter"))
    flags = [name for name in CONFIDENCE if _is_asked(request, name, signature.confidence)]
    return Details(confidence=bool(flags), top=_top(request, signature))


def _is_asked(request: Request, name: Confidence, kind: Confidence | None) -> bool:
    values = request.args.getlist(name)
    if values not in ([], ["true"], ["false"]):
        raise _bad_parameter(name, "must be true or false")
    if values == ["true"] and name != kind:
        hint = f"; it has {kind}" if kind else ""
        raise _bad_parameter(name, f"this model has no {name}{hint}")
    return values == ["true"]


def _top(request: Request, signature: Signature) -> int:
    values = request.args.getlist(TOP)
    if not values:
        return 0
    if len(values) > 1:
        raise _bad_parameter(TOP, "is there more than once")
    try:
        return read_top(values[0], signature)
    except ValueError as error:
        raise _bad_parameter(TOP, str(error)) from error


def _bad_parameter(name: str, detail: str) -> Problem:
    return Problem(422, "the query does not fit", [{"parameter": name, "detail": detail}])
