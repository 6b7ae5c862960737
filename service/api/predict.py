"""`POST /predict`: the main road, and what its query asks for."""

from flask import Flask, Request, Response, request

from service.api import body
from service.api.answers import Answers
from service.api.problems import Problem, unknown
from service.model.predictor import Predictor
from service.model.signature import Confidence
from service.settings import Settings

PATH = "/predict"
CONFIDENCE: tuple[Confidence, ...] = ("probabilities", "scores")


def init_app(app: Flask, settings: Settings, predictor: Predictor, answers: Answers) -> None:
    """Give the app its route."""

    @app.post(PATH)
    def predict() -> Response:
        confidence = _wants_confidence(request, predictor)
        content = body.read(request, settings.max_body_bytes)
        is_csv = body.media_type(request) == body.CSV
        return Response(
            answers.alone(request.environ, content, is_csv, confidence), content_type=body.JSON
        )


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


def _bad_parameter(name: str, detail: str) -> Problem:
    return Problem(422, "the query does not fit", [{"parameter": name, "detail": detail}])
