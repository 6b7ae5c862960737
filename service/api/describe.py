"""`GET /model`: what is being served."""

import json

from flask import Flask, Response

from service.model.predictor import Predictor


def init_app(app: Flask, predictor: Predictor) -> None:
    """Give the app its route; the answer is written once, it cannot change."""
    content = json.dumps(predictor.manifest.public())

    @app.get("/model")
    def model() -> Response:
        return Response(content, mimetype="application/json")
