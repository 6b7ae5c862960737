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
# The packed file is also opened from a disk, where there is no page of the model.
EYEBROW = b'<p class="eyebrow">Report</p>'
LINKED = b'<p class="eyebrow"><a href="./">The model</a>, its report</p>'
NONE = (
    "this model was packed without a report; slipway fit writes one, and so does slipway pack "
    "with --target"
)


def init_app(app: Flask, predictor: Predictor) -> None:
    """Add the route. Without a report it responds with 404."""
    content = (predictor.report or b"").replace(EYEBROW, LINKED, 1)
    page = Page(content, policy(style(predictor)))

    @app.get(PATH)
    def report() -> Response:
        if not page.content:
            raise Problem(404, NONE)
        return page.answer()


def style(predictor: Predictor) -> str:
    """The policy's source expression for the report's style."""
    found = re.search(rb"<style>(.*?)</style>", predictor.report or b"", re.DOTALL)
    return digest(found[1]) if found else "'none'"
