"""Values for `/docs`: every operation of `/openapi.json` as text, with lines to copy.

Slipway renders the page itself because no renderer works under its Content-Security-Policy. Swagger
UI, Redoc, RapiDoc, Scalar and Elements were measured: docs/decisions/0005-own-reference-page.md.
"""

import json
import shlex
from typing import Any

from service.api.page.schema_text import Shape, about, shape, titled


def template_values(document: Shape) -> dict[str, Any]:
    """Values for the template."""
    names = {
        name: one.get("title", name) for name, one in document["components"]["schemas"].items()
    }
    document = titled(document, names)
    components = document["components"]
    schemas = components["schemas"].items()
    leaves, objects = (
        [
            {"id": f"schema-{name}", "name": names[name], "shape": shape(one), "about": about(one)}
            for name, one in schemas
            if ("properties" in one) == has_members
        ]
        for has_members in (False, True)
    )
    return {
        "name": document["info"]["title"],
        "version": document["info"]["version"],
        "openapi": document["openapi"],
        "schemes": [scheme(one) for one in components.get("securitySchemes", {}).values()],
        "operations": [
            operation(document, method, path, one)
            for path, methods in document["paths"].items()
            for method, one in methods.items()
        ],
        "values": leaves,
        "objects": objects,
        "headers": [
            {"name": name, "shape": shape(one["schema"]), "about": about(one)}
            for name, one in components["headers"].items()
        ],
    }


def operation(document: Shape, method: str, path: str, found: Shape) -> dict[str, Any]:
    """One operation: parameters, bodies, lines to copy and responses."""
    locked = "security" in found
    bodies = found.get("requestBody", {}).get("content", {})
    parameters = [resolved(document, one) for one in found.get("parameters", ())]
    return {
        "id": found["operationId"],
        "method": method.upper(),
        "path": path,
        "summary": found["summary"],
        "locked": locked,
        "parameters": [
            {**one, "shape": shape(one["schema"]), "about": about(one)} for one in parameters
        ],
        "bodies": [
            {"type": kind, "shape": shape(one["schema"]), "about": about(one["schema"])}
            for kind, one in bodies.items()
        ],
        "requests": [
            (name, curl(path, kind, example["value"], locked))
            for kind, one in bodies.items()
            for name, example in one.get("examples", {}).items()
        ]
        or [("request", curl(path, None, None, locked))],
        "answers": [
            {
                "status": status,
                "about": one["description"],
                "headers": list(one.get("headers", ())),
                "bodies": [
                    (kind, shape(body["schema"])) for kind, body in one.get("content", {}).items()
                ],
            }
            for status, one in found["responses"].items()
        ],
    }


def curl(path: str, kind: str | None, value: Any, locked: bool) -> str:
    """The end of a curl line, from the path on. It works when KEY is replaced.

    curl sends GET, and POST if there is a body, which is right for all operations.
    """
    lines = [f"{path.removeprefix('/')}'"]
    if kind:
        lines[0] += f" -H {shlex.quote(f'Content-Type: {kind}')}"
    if locked:
        lines.append("-H 'Authorization: Bearer KEY'")
    if kind:
        sent = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        lines.append(f"--data-binary {shlex.quote(sent)}")
    return " \\\n  ".join(lines)


def scheme(found: Shape) -> str:
    """The request header of a security scheme."""
    if found["type"] == "http":
        return f"Authorization: {found['scheme'].title()} KEY"
    return f"{found['name']}: KEY"


def resolved(document: Shape, found: Shape) -> Shape:
    """Resolve a reference."""
    while "$ref" in found:
        target: Any = document
        for step in found["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        found = target
    return found
