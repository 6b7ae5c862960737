"""SageMaker: bodies and responses are JSON, CSV or NPY.

Formats: https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html, and
those of AWS's own container for scikit-learn.
"""

import csv
import io
import json
from typing import Any

import orjson
from flask import Blueprint, Request, Response, request
from werkzeug.datastructures import MIMEAccept
from werkzeug.exceptions import HTTPException

from service.api import body, parse, payloads, positional_rows, problems
from service.api.body import CSV, JSON
from service.api.payloads import Columns
from service.api.prediction_service import PredictionService
from service.api.problems import Problem
from service.protocols import invocations
from service.protocols.protocol import Invocations, Protocol, ProtocolContext
from service.protocols.sagemaker import npy

NPY = "application/x-npy"
TYPES = (JSON, CSV, NPY)
MEGABYTE = 2**20
MAX_MEGABYTES = 100  # SageMaker sends no larger bodies


def add_routes(blueprint: Blueprint, context: ProtocolContext) -> None:
    """Add the routes that only SageMaker has."""
    settings, service = context.settings, context.service
    megabytes = min(max(1, settings.max_body_bytes // MEGABYTE), MAX_MEGABYTES)
    # More bodies at once would be queued, and rejected after SERVICE_QUEUE_SECONDS.
    parameters = {
        "MaxConcurrentTransforms": 1,
        "BatchStrategy": "MULTI_RECORD",
        "MaxPayloadInMB": megabytes,
    }

    @blueprint.before_request
    def set_content_type() -> None:
        environ = request.environ  # AWS has two headers for it; without them it is JSON
        given = environ.get("HTTP_CONTENTTYPE") or environ.get("CONTENT_TYPE")
        environ["CONTENT_TYPE"] = given or JSON

    @blueprint.get("/execution-parameters")
    def execution_parameters() -> dict[str, Any]:
        return parameters

    @blueprint.post("/endpoints/<name>/invocations")
    def invoke_endpoint(name: str) -> Response:  # the name is ignored
        return predict(request, body.read(request, settings.max_body_bytes), service)


def predict(request: Request, content: bytes, service: PredictionService) -> Response:
    """Predict for a body of any of the types; Problem if its type or content is not accepted."""
    signature = service.predictor.signature
    columns = _read(body.media_type(request, TYPES), content, service)
    wanted = _accepted(request)
    found = service.predict_columns(request.environ, columns)
    if wanted == NPY:
        written = npy.write([found[output.name] for output in signature.outputs])
    else:
        array = positional_rows.to_array(found, signature)
        written = orjson.dumps(array) if wanted == JSON else _table(array)
    return Response(written, content_type=wanted)


def write_error(error: HTTPException) -> Response:
    """Write an error as AWS's containers do; at the address of an endpoint, as AWS's API does."""
    status, message = error.code or 500, problems.error_text(error)
    kind = "ClientError" if status < 500 else "ServerError"
    answer: dict[str, Any] = {
        "error": "UnsupportedFormatError" if status in (406, 415) else kind,
        "error-message": message,
    }
    headers = problems.headers_of(error)
    if request.path.startswith("/endpoints/"):
        content = json.dumps(answer)
        answer = {"Message": message, "OriginalMessage": content, "OriginalStatusCode": status}
        headers["x-amzn-ErrorType"] = "ModelError"
    return Response(json.dumps(answer), status, headers, content_type=JSON)


def _read(media_type: str, content: bytes, service: PredictionService) -> Columns:
    signature, limits = service.predictor.signature, service.limits
    if media_type == NPY:
        return npy.read(content, signature, limits.rows)
    text = body.decode(content, "CSV" if media_type == CSV else "JSON")
    if media_type == CSV:
        return payloads.from_csv(
            positional_rows.with_header(text, signature.names), signature, limits
        )
    payload = parse.parse_json(text, limits, nan=True)
    if isinstance(payload, dict):
        return payloads.from_json(payload, signature, limits)
    return positional_rows.from_array(payload, signature, limits)


def _accepted(request: Request) -> str:
    """The type of the response: JSON, unless the client prefers another."""
    preferred = [(kind.partition(";")[0].strip(), much) for kind, much in request.accept_mimetypes]
    found = MIMEAccept(preferred).best_match(TYPES) if preferred else JSON
    if found is None:
        raise Problem(406, f"accept one of {', '.join(TYPES)}")
    return found


def _table(array: list[Any]) -> bytes:
    text = io.StringIO()
    rows = ([row] if not isinstance(row, list) else row for row in array)
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


PROTOCOL = Protocol(
    name="sagemaker",
    prediction_paths=invocations.PREDICTION_PATHS,
    health_paths=frozenset({invocations.HEALTH}),
    add_routes=add_routes,
    write_error=write_error,
    invocations=Invocations(predict),
)
