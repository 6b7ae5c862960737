"""`GET /model` and `GET /openapi.json`: the manifest and the contract of the model."""

import json
import platform
from typing import Any

from flask import Flask, Response
from marshmallow import Schema

from service import __version__
from service.api import openapi
from service.api.body import JSON
from service.model.predictor import Predictor
from service.settings import Settings

SERVER = {"name": "slipway", "version": __version__}


def init_app(
    app: Flask, settings: Settings, predictor: Predictor, columns: Schema
) -> dict[str, Any]:
    """Add the routes. The responses are written once, because they cannot change.

    `columns` is the schema that checks requests. Returns the contract, for the pages.
    """
    manifest = predictor.manifest
    server = {**SERVER, "machine": platform.machine(), "shares_calls": predictor.rows_independent}
    content = json.dumps({**manifest.public(), "server": server})
    contract = openapi.document(manifest, settings, columns)
    described = json.dumps(contract)

    @app.get("/model")
    def model() -> Response:
        return Response(content, mimetype=JSON)

    @app.get("/openapi.json")
    def openapi_json() -> Response:
        return Response(described, mimetype=JSON)

    return contract
