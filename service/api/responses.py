"""Responses of each operation as OpenAPI: statuses, headers, problems, the manifest."""

from service.api import body
from service.api.json_schema import Shape, ref
from service.api.problems import MAX_DETAIL_CHARACTERS, MAX_ERRORS, MEDIA_TYPE
from service.model.manifest import FORMAT, Manifest

REFUSALS = {
    400: "The body cannot be parsed, or its headers do not match it",
    401: "No API key, or an unknown one",
    408: "The body did not arrive in time",
    413: "The body is too large",
    415: "The body has an unsupported type or encoding",
    417: "An expectation other than 100-continue",
    421: "The service does not answer for this host",
    422: "The input does not fit the model; errors have the places",
    503: "Overloaded, or shutting down",
    504: "The deadline passed before the prediction started",
}
OF_ALL = (400, 408, 413, 417)

UNKNOWN_CATEGORIES = "Unknown-Categories"
ID: Shape = {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"}
VERSION: Shape = {"type": "string", "pattern": "^[0-9a-f]{12}$"}
HEADERS: dict[str, Shape] = {
    "X-Request-ID": {"required": True, "schema": ID, "description": "The id of this request"},
    "Model-Version": {"required": True, "schema": VERSION},
    "WWW-Authenticate": {"required": True, "schema": {"const": "Bearer"}},
    UNKNOWN_CATEGORIES: {
        "schema": {"type": "string", "pattern": "^[^ ]+=[0-9]+(, [^ ]+=[0-9]+)*$"},
        "description": (
            "Inputs with a value that the model's encoders do not know, percent-encoded, each with "
            "its number of rows; absent if there are none"
        ),
    },
    "Retry-After": {
        "required": True,
        "schema": {"type": "integer", "minimum": 1, "maximum": 3},
        "description": "Seconds",
    },
}
HEADER_OF_STATUS = {401: "WWW-Authenticate", 503: "Retry-After"}
PROBLEM: Shape = {
    "description": "RFC 9457",
    "type": "object",
    "properties": {
        "type": {"const": "about:blank"},
        "title": {"type": "string", "minLength": 1},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string", "minLength": 1, "maxLength": MAX_DETAIL_CHARACTERS},
        "request_id": ID,
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "pointer": {
                        "type": "string",
                        "pattern": "^(/.*)?$",
                        "description": "JSON Pointer (RFC 6901) to the fault in the body",
                    },
                    "parameter": {
                        "type": "string",
                        "description": "Or the name of the query parameter",
                    },
                    "detail": {"type": "string", "minLength": 1},
                },
                "required": ["detail"],
                "oneOf": [{"required": ["pointer"]}, {"required": ["parameter"]}],
                "additionalProperties": False,
            },
            "minItems": 1,
            "maxItems": MAX_ERRORS,
        },
    },
    "required": ["type", "title", "status", "detail", "request_id"],
    "additionalProperties": False,
}
HEALTH: Shape = {
    "type": "object",
    "properties": {"status": {"const": "ready"}, "model": {"type": "string"}, "version": VERSION},
    "required": ["status", "model", "version"],
    "additionalProperties": False,
}
LIVE: Shape = {"const": {"status": "live"}}


def manifest(described: Manifest) -> Shape:
    """The response of `GET /model`."""
    listed = {"type": "array", "items": {"type": "object", "required": ["name", "kind"]}}
    inputs, outputs = (
        {**listed, "minItems": len(several), "maxItems": len(several)}
        for several in (described.signature.inputs, described.signature.outputs)
    )
    return {
        "type": "object",
        "properties": {
            "format": {"const": FORMAT},
            "name": {"const": described.name},
            "version": VERSION,
            "signature": {
                "type": "object",
                "properties": {"inputs": inputs, "outputs": outputs},
                "required": ["inputs", "outputs"],
            },
        },
        "required": [name for name in described.public() if name != "engines"],
    }


def success(
    description: str, shape: Shape, media_type: str = body.JSON, versioned: bool = False
) -> Shape:
    """A response with 200."""
    return {
        "description": description,
        "headers": _headers(200, versioned),
        "content": {media_type: {"schema": shape}},
    }


def refusal(status: int, versioned: bool = False) -> Shape:
    """A response with a problem."""
    return {
        "description": REFUSALS[status],
        "headers": _headers(status, versioned),
        "content": {MEDIA_TYPE: {"schema": ref("problem")}},
    }


def _headers(status: int, versioned: bool) -> Shape:
    names = ["X-Request-ID", *(["Model-Version"] if versioned else [])]
    if versioned and status == 200:
        names.append(UNKNOWN_CATEGORIES)
    if status in HEADER_OF_STATUS:
        names.append(HEADER_OF_STATUS[status])
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
