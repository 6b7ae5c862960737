"""What SageMaker asks: bodies and answers in JSON, CSV or NPY, without an envelope.

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

from service.api import body, forms, nameless, parse, problems
from service.api.answers import Answers
from service.api.body import CSV, JSON
from service.api.forms import Columns
from service.api.problems import Problem
from service.protocols import invocations
from service.protocols.protocol import Invocations, Protocol, Service
from service.protocols.sagemaker import npy

NPY = "application/x-npy"
TYPES = (JSON, CSV, NPY)
MEGABYTE = 2**20
MOST_MEGABYTES = 100  # that SageMaker sends


def add_routes(blueprint: Blueprint, service: Service) -> None:
    """Add the routes that only SageMaker has."""
    settings, answers = service.settings, service.answers
    megabytes = min(max(1, settings.max_body_bytes // MEGABYTE), MOST_MEGABYTES)
    # More bodies at once would be queued, and rejected after SERVICE_QUEUE_SECONDS.
    parameters = {
        "MaxConcurrentTransforms": 1,
        "BatchStrategy": "MULTI_RECORD",
        "MaxPayloadInMB": megabytes,
    }

    @blueprint.before_request
    def name_the_type() -> None:
        environ = request.environ  # AWS has two headers for it, and takes JSON without
        given = environ.get("HTTP_CONTENTTYPE") or environ.get("CONTENT_TYPE")
        environ["CONTENT_TYPE"] = given or JSON

    @blueprint.get("/execution-parameters")
    def execution_parameters() -> dict[str, Any]:
        return parameters

    @blueprint.post("/endpoints/<name>/invocations")
    def invoke_endpoint(name: str) -> Response:  # any name: there is one model
        return predict(request, body.read(request, settings.max_body_bytes), answers)


def predict(request: Request, content: bytes, answers: Answers) -> Response:
    """Predict for a body of any of the types; Problem if its type or content is not accepted."""
    signature = answers.predictor.signature
    columns = _read(body.media_type(request, TYPES), content, answers)
    wanted = _accepted(request)
    found = answers.to_columns(request.environ, columns)
    if wanted == NPY:
        written = npy.write([found[output.name] for output in signature.outputs])
    else:
        array = nameless.to_array(found, signature)
        written = orjson.dumps(array) if wanted == JSON else _table(array)
    return Response(written, content_type=wanted)


def write_error(error: HTTPException) -> Response:
    """Write an error as AWS's containers do; at the address of an endpoint, as AWS's API does."""
    status, message = error.code or 500, problems.in_words(error)
    kind = "ClientError" if status < 500 else "ServerError"
    told: dict[str, Any] = {
        "error": "UnsupportedFormatError" if status in (406, 415) else kind,
        "error-message": message,
    }
    headers = problems.headers_of(error)
    if request.path.startswith("/endpoints/"):
        content = json.dumps(told)
        told = {"Message": message, "OriginalMessage": content, "OriginalStatusCode": status}
        headers["x-amzn-ErrorType"] = "ModelError"
    return Response(json.dumps(told), status, headers, content_type=JSON)


def _read(media_type: str, content: bytes, answers: Answers) -> Columns:
    signature, most = answers.predictor.signature, answers.most
    if media_type == NPY:
        return npy.read(content, signature, most.rows)
    text = body.decode(content, "CSV" if media_type == CSV else "JSON")
    if media_type == CSV:
        return forms.from_csv(nameless.with_header(text, signature.names), signature, most)
    payload = parse.parse_json(text, most, nan=True)
    if isinstance(payload, dict):
        return forms.from_json(payload, signature, most)
    return nameless.from_array(payload, signature, most.rows)


def _accepted(request: Request) -> str:
    """The type that the answer is to have: JSON, unless others are liked better."""
    liked = [(kind.partition(";")[0].strip(), much) for kind, much in request.accept_mimetypes]
    found = MIMEAccept(liked).best_match(TYPES) if liked else JSON
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
