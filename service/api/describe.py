"""`GET /model` and `GET /openapi.json`: what is being served, and its contract."""

import json

from flask import Flask, Response

from service.api import openapi, schema
from service.api.body import JSON
from service.model.predictor import Predictor
from service.settings import Settings


def init_app(app: Flask, settings: Settings, predictor: Predictor) -> None:
    """Give the app its routes; the answers are written once, they cannot change."""
    manifest = predictor.manifest
    content = json.dumps(manifest.public())
    contract = json.dumps(openapi.document(manifest, settings, schema.build(manifest.signature)))

    @app.get("/model")
    def model() -> Response:
        return Response(content, mimetype=JSON)

    @app.get("/openapi.json")
    def openapi_json() -> Response:
        return Response(contract, mimetype=JSON)
