"""`/v1`: KServe's first protocol, which is TensorFlow Serving's.

Formats: https://kserve.github.io/website/docs/concepts/architecture/data-plane/v1-protocol
"""

from collections.abc import Callable
from typing import Any

import orjson
from flask import Blueprint, Response, request

from service.api import body, parse, payloads
from service.api.payloads import Columns
from service.api.prediction_service import PredictionService
from service.protocols import lossless
from service.protocols.oip.tensors import bad

ROWS = ("instances", "inputs")  # two names of the same


def add_routes(
    blueprint: Blueprint,
    service: PredictionService,
    content: Callable[[], bytes],
    check: Callable[[str], None],
    check_ready: Callable[[], None],
) -> None:
    """Add the routes of version 1."""
    manifest = service.predictor.manifest
    signature = manifest.signature

    @blueprint.get("/v1/models")
    def models_v1() -> dict[str, list[str]]:
        return {"models": [manifest.name]}

    @blueprint.get("/v1/models/<name>")
    def ready_v1(name: str) -> dict[str, Any]:
        check(name)
        check_ready()
        return {"name": manifest.name, "ready": True}

    @blueprint.post("/v1/models/<name>:predict")
    def predict_v1(name: str) -> Response:
        check(name)
        payload = parse.parse_json(body.decode(lossless.without_mark(content())), service.limits)
        if not isinstance(payload, dict) or len(payload.keys() & set(ROWS)) != 1:
            raise bad("", f"must be an object that has {' or '.join(ROWS)}")
        [key] = payload.keys() & set(ROWS)
        columns = lossless.booleans(_columns(payload[key], key), signature)
        answer = service.predict_columns(request.environ, columns)
        values = [answer[one.name] for one in signature.outputs]
        predictions = values[0] if len(values) == 1 else list(zip(*values, strict=True))
        return Response(orjson.dumps({"predictions": predictions}), content_type=body.JSON)

    def _columns(instances: Any, key: str) -> Columns:
        if isinstance(instances, list) and instances:
            if isinstance(instances[0], dict) and _all_lists(instances[0].values()):
                instances = _rows(instances, key)
            elif len(signature.inputs) == 1 and not isinstance(instances[0], list | dict):
                instances = [[value] for value in instances]
        return payloads.from_rows(instances, signature, service.limits, key)


def _all_lists(values: Any) -> bool:
    return all(isinstance(value, list) for value in values)


def _rows(instances: list[Any], key: str) -> list[dict[str, Any]]:
    """Named rows of instances that have a list per column, of one or several rows."""
    rows = []
    for number, one in enumerate(instances):
        if not isinstance(one, dict) or not _all_lists(one.values()):
            raise bad(f"/{key}/{number}", "must be an object of lists, like the first one")
        if len({len(values) for values in one.values()}) > 1:
            raise bad(f"/{key}/{number}", "its lists have different lengths")
        rows += [dict(zip(one, values, strict=True)) for values in zip(*one.values(), strict=True)]
    return rows
