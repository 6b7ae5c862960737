"""`GET /openapi.json`: the contract of this model, as OpenAPI 3.1, made once at start.

apispec reads the schema that checks the requests. Errors of gunicorn's parser are not described.
"""

from collections.abc import Sequence
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema

from service.api import body, json_schema, predict, responses
from service.api.details import TOP, why_no_top
from service.api.json_schema import Shape, ref
from service.model import artifact, example
from service.model.manifest import Manifest
from service.settings import ECHO, IGNORE, Settings

SCHEMES: dict[str, Shape] = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}
HTML = "text/html"
OPEN = {"/health", "/health/live"}  # they need no API key
PARAMETERS: dict[str, Shape] = {
    "X-Request-ID": {
        "description": (
            "Repeated in the response if it has up to 64 letters, digits, `.`, `_` and `-`"
        ),
        "schema": {"type": "string"},
    },
    "X-Request-Timeout-Ms": {
        "description": "How long the client waits for its prediction to start; 504 after that",
        "schema": {"type": "integer", "minimum": 1},  # 0 is 504 for certain
        "example": 2000,
    },
}


def document(manifest: Manifest, settings: Settings, columns: Schema) -> dict[str, Any]:
    """The OpenAPI document of the service with this model; `columns` is the schema of requests."""
    signature, rows = manifest.signature, settings.max_rows
    plugin = MarshmallowPlugin()
    spec = APISpec(manifest.name, manifest.version, "3.1.0", plugins=[plugin])
    values = {one.name: ref(json_schema.input_name(i)) for i, one in enumerate(signature.inputs)}

    def forms(_: object, field: Any, **__: object) -> Shape:
        return json_schema.column(field.column, values[field.column.name], rows)

    plugin.converter.add_attribute_function(forms)  # type: ignore[union-attr]
    for place, one in enumerate(signature.inputs):
        spec.components.schema(json_schema.input_name(place), json_schema.of_input(one))
    spec.components.schema("columns", schema=columns)
    extra = settings.extra_columns in (IGNORE, ECHO)
    spec.components.schemas["columns"]["additionalProperties"] = extra
    in_rows = json_schema.in_rows(signature, rows, extra)
    answer = json_schema.answer(signature, settings.extra_columns == ECHO)
    named = {**in_rows, "answer": answer, "problem": responses.PROBLEM}
    for name, shape in named.items():
        spec.components.schema(name, shape)
    for name, header in responses.HEADERS.items():
        spec.components.header(name, header)
    for name, parameter in PARAMETERS.items():
        spec.components.parameter(name, "header", parameter)
    for name, scheme in SCHEMES.items() if settings.api_keys else ():
        spec.components.security_scheme(name, scheme)

    report = _get("report", "How good the model is", {"type": "string"}, html=True)
    for path, operations in {
        predict.PATH: {"post": _predict(manifest, ["columns", *in_rows])},
        "/model": {"get": _get("model", "What is being served", responses.manifest(manifest))},
        "/": {"get": _get("page", "The model's page, for people", {"type": "string"}, html=True)},
        "/docs": {
            "get": _get("docs", "This description, for people", {"type": "string"}, html=True)
        },
        "/openapi.json": {"get": _get("openapi", "This description", {"type": "object"})},
        "/health": {"get": _get("health", "This task should get traffic", responses.HEALTH, [503])},
        "/health/live": {"get": _get("live", "The process answers", responses.LIVE)},
        **({"/report": {"get": report}} if artifact.REPORT in manifest.files else {}),
    }.items():
        for operation in operations.values() if path not in OPEN else ():
            if settings.api_keys:
                operation["security"] = [{name: []} for name in SCHEMES]
                operation["responses"]["401"] = responses.refusal(401, path == predict.PATH)
            if settings.hosts:
                operation["responses"]["421"] = responses.refusal(421, path == predict.PATH)
        spec.path(path, operations=operations)
    return spec.to_dict()


def _get(
    name: str, about: str, shape: Shape, more: Sequence[int] = (), html: bool = False
) -> Shape:
    return {
        "operationId": name,
        "summary": about,
        "parameters": ["X-Request-ID"],
        "responses": {
            "200": responses.success(about, shape, HTML if html else body.JSON),
            **{str(status): responses.refusal(status) for status in (*responses.OF_ALL, *more)},
        },
    }


def _predict(manifest: Manifest, forms: Sequence[str]) -> Shape:
    signature, columns = manifest.signature, example.of_model(manifest)
    parameters: list[str | Shape] = [*PARAMETERS]
    if signature.confidence:
        parameters.append(
            {
                "name": signature.confidence,
                "in": "query",
                "description": f"Whether to return {signature.confidence}, too",
                "schema": {"type": "boolean", "default": False},
            }
        )
    if why_no_top(signature) is None:
        parameters.append(
            {
                "name": TOP,
                "in": "query",
                "description": (
                    "How many labels of each row to return with their probabilities, the most "
                    "probable first, in place of the probabilities of all labels"
                ),
                "schema": {"type": "integer", "minimum": 1},
                "example": 1,
            }
        )
    about = "One value per row, for each output"
    return {
        "operationId": "predict",
        "summary": "What the model predicts for some rows",
        "parameters": parameters,
        "requestBody": {
            "required": True,
            "content": {
                body.JSON: {
                    "schema": {"anyOf": [ref(name) for name in forms]},
                    "examples": json_schema.examples(columns),
                },
                body.CSV: {
                    "schema": {"type": "string", "description": "A header line, then the rows"},
                    "examples": {"rows": {"value": json_schema.table(columns)}},
                },
            },
        },
        "responses": {
            "200": responses.success(about, ref("answer"), versioned=True),
            **{
                str(status): responses.refusal(status, versioned=True)
                for status in responses.REFUSALS
                if status not in (401, 421)
            },
        },
    }
