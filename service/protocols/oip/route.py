"""`/v2`: health, metadata and inference of the Open Inference Protocol over REST.

Every error is `{"error": TEXT}`. The protocol has only 400 for invalid requests, so 422 becomes
400. Formats: inference_rest.md in https://github.com/kserve/open-inference-protocol,
and for bytes behind the JSON Triton's "binary tensor data extension".
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from flask import Blueprint, Response, request
from werkzeug.exceptions import HTTPException

from service.api import body, details, parse, problems
from service.api.prediction_service import PredictionService
from service.api.problems import Problem
from service.api.request_state import state_of
from service.model.manifest import Manifest
from service.protocols import lossless
from service.protocols.oip import inference, metadata, outputs, tensors, v1
from service.protocols.oip.outputs import Offered
from service.protocols.protocol import Protocol, ProtocolContext
from service.settings import SettingsError

READY, LIVE = "/v2/health/ready", "/v2/health/live"
HEADER = "Inference-Header-Content-Length"
ONE_MODEL = (
    "this service has one model, which is set when it starts: deploy another service for another"
)


def add_routes(blueprint: Blueprint, context: ProtocolContext) -> None:
    """Add the routes of both versions; SettingsError if the default outputs are not the model's."""
    settings, service, check_ready, _ = context
    manifest = service.predictor.manifest
    try:
        offered = outputs.with_defaults(outputs.offered(manifest.signature), settings.oip_outputs)
    except ValueError as error:
        raise SettingsError(f"SERVICE_OIP_OUTPUTS: {error}") from error

    def content() -> bytes:
        body.check_encoding(request)
        return body.read(request, settings.max_body_bytes)

    def check(name: str, version: str | None = None) -> None:
        if name != manifest.name:
            raise Problem(404, f"there is no model of this name; there is {manifest.name}")
        if version not in (None, manifest.version):
            raise Problem(404, f"there is no such version; there is {manifest.version}")

    _add_server_routes(blueprint, manifest, check_ready)
    _add_model_routes(blueprint, service, offered, content, check, check_ready)
    v1.add_routes(blueprint, service, content, check, check_ready)

    @blueprint.after_request
    def name_version(response: Response) -> Response:
        response.headers["Model-Version"] = manifest.version
        return response


def write_error(error: HTTPException) -> Response:
    """Write an error as the protocol does, which has no status 422."""
    status = 400 if error.code == 422 else error.code
    text = json.dumps({"error": problems.error_text(error)})
    return Response(text, status, problems.headers_of(error), content_type=body.JSON)


def _add_server_routes(
    blueprint: Blueprint, manifest: Manifest, check_ready: Callable[[], None]
) -> None:
    """Health, metadata of the server, and its list of models."""

    @blueprint.get("/v2")
    @blueprint.get("/v2/")
    def server() -> dict[str, Any]:
        return metadata.SERVER

    @blueprint.get(LIVE)
    def live() -> dict[str, bool]:
        return {"live": True}

    @blueprint.get(READY)
    def is_ready() -> dict[str, bool]:
        check_ready()
        return {"live": True, "ready": True}  # the specification has `live`, KServe `ready`

    @blueprint.get("/v2/models")
    def models() -> dict[str, list[str]]:
        return {"models": [manifest.name]}

    @blueprint.post("/v2/repository/index")
    def index() -> Response:
        one = {"name": manifest.name, "version": manifest.version, "state": "READY", "reason": ""}
        return Response(orjson.dumps([one]), content_type=body.JSON)

    @blueprint.post("/v2/repository/models/<name>/load")
    @blueprint.post("/v2/repository/models/<name>/unload")
    def change(name: str) -> Response:
        raise Problem(400, ONE_MODEL)


def _add_model_routes(
    blueprint: Blueprint,
    service: PredictionService,
    offered: Mapping[str, Offered],
    content: Callable[[], bytes],
    check: Callable[..., None],
    check_ready: Callable[[], None],
) -> None:
    """Metadata and readiness of the model, and inference."""
    manifest = service.predictor.manifest
    widths = details.widths(manifest)
    described = metadata.model(manifest, outputs.listed(offered))

    def of_model(end: str, view: Callable[..., Any], method: str) -> None:
        for rule in ("/v2/models/<name>", "/v2/models/<name>/versions/<version>"):
            blueprint.add_url_rule(rule + end, view_func=view, methods=[method])

    def describe(name: str, version: str | None = None) -> dict[str, Any]:
        check(name, version)
        return described

    def model_ready(name: str, version: str | None = None) -> dict[str, Any]:
        check(name, version)
        check_ready()
        return {"name": manifest.name, "ready": True}

    def infer(name: str, version: str | None = None) -> Response:
        check(name, version)
        head, raw = tensors.split(content(), request.headers.get(HEADER))
        payload = parse.parse_json(body.decode(lossless.without_mark(head)), service.limits)
        inference_request = inference.parse(
            payload, raw, manifest.signature, service.limits, offered
        )
        per_row = outputs.values_per_row(
            inference_request.outputs, widths, inference_request.details.top
        )
        answer = service.predict_columns(
            request.environ, inference_request.columns, inference_request.details, per_row
        )
        described, binary = outputs.tensors(inference_request.outputs, answer)
        text = orjson.dumps(
            {
                "model_name": manifest.name,
                "model_version": manifest.version,
                "id": inference_request.id or state_of(request.environ).request_id,
                "outputs": described,
            }
        )
        if not binary:
            return Response(text, content_type=body.JSON)
        headers = {HEADER: str(len(text))}
        data = b"".join((text, *binary))
        return Response(data, 200, headers, content_type="application/octet-stream")

    of_model("", describe, "GET")
    of_model("/ready", model_ready, "GET")
    of_model("/infer", infer, "POST")
    lossless.add_slash(blueprint, "/v2/models/<name>/infer")
    lossless.add_slash(blueprint, "/v2/models/<name>/versions/<version>/infer")


PROTOCOL = Protocol(
    name="oip",
    prediction_paths="/v2/models/[^/]+(/versions/[^/]+)?/infer|/v1/models/[^/]+:predict",
    health_paths=frozenset({READY, LIVE}),
    add_routes=add_routes,
    write_error=write_error,
)
