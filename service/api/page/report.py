"""`GET /report`: the report that was packed with the model.

Its digest was verified with those of the model's other files. Its Content-Security-Policy runs no
script, whatever the file contains.
"""

import re

from flask import Flask, Response

from service.api.page.html_response import Page, digest, policy
from service.api.problems import Problem
from service.model.predictor import Predictor

PATH = "/report"
NONE = (
    "this model was packed without a report; training fit writes one, and so does training pack "
    "with --target"
)


def init_app(app: Flask, predictor: Predictor) -> None:
    """Add the route. Without a report it responds with 404."""
    page = Page(predictor.report or b"", policy(style(predictor)))

    @app.get(PATH)
    def report() -> Response:
        if not page.content:
            raise Problem(404, NONE)
        return page.answer()


def style(predictor: Predictor) -> str:
    """The policy's source expression for the report's style."""
    found = re.search(rb"<style>(.*?)</style>", predictor.report or b"", re.DOTALL)
    return digest(found[1]) if found else "'none'"
