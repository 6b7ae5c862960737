"""`/invocations` and `/ping`, which SageMaker and MLflow share, and which of the two is asked.

The body tells: an object that begins with one of MLflow's keys, or a table whose first line is the
names of the inputs, is MLflow's; anything else is SageMaker's. If only one of them is switched on,
it answers whatever comes.
"""

import re
from importlib import import_module
from types import ModuleType

from flask import Blueprint, Flask, Request, Response, request
from werkzeug.exceptions import HTTPException

from service.api import body
from service.api.answers import Answers
from service.api.nameless import has_header
from service.api.request_state import state_of
from service.settings import Settings

PATH = "/invocations"
PREDICTIONS = "(/endpoints/[^/]+)?/invocations"
ROOMS = {"sagemaker": "sagemaker.route", "mlflow": "mlflow"}
MLFLOW = re.compile(
    rb'\s*+\{\s*+"(dataframe_split|dataframe_records|instances|inputs|params)"\s*+:'
)


def init_app(app: Flask, settings: Settings, answers: Answers) -> None:
    """Give the app the routes of one of them, or of both."""
    blueprint = Blueprint("invocations", __name__)
    rooms = {
        name: import_module(f"service.dialects.{room}")
        for name, room in ROOMS.items()
        if name in settings.dialects
    }

    def asked() -> ModuleType:
        if len(rooms) > 1 and _is_for_mlflow(request, answers):
            return rooms["mlflow"]
        return next(iter(rooms.values()))

    @blueprint.get("/ping")
    def ping() -> Response:
        app.view_functions["health"]()  # a Problem if this service should get no traffic
        return Response(content_type=body.JSON)

    @blueprint.post(PATH)
    def invoke() -> Response:
        content = body.read(request, settings.max_body_bytes)
        state_of(request.environ).body = content  # the handler of errors reads it
        answer: Response = asked().answer(request, content, answers)
        return answer

    @blueprint.errorhandler(HTTPException)
    def fail(error: HTTPException) -> Response:
        told: Response = asked().fail(error)
        return told

    for room in rooms.values():
        room.add_routes(blueprint, settings, answers)
    app.register_blueprint(blueprint)


def _is_for_mlflow(request: Request, answers: Answers) -> bool:
    content = state_of(request.environ).body or b""
    if request.path != PATH:
        return request.path == "/version"
    if request.mimetype == body.CSV:
        return has_header(content.decode(errors="replace"), answers.names)
    found = MLFLOW.match(content)
    return found is not None and found[1].decode() not in answers.names
