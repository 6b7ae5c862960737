"""`GET /report`: the page that was packed with the model, for people to judge it by.

It was verified with the model's other files. Whatever it held, the policy runs none of it.
"""

import re

from flask import Flask, Response

from service.api.page.send import Page, digest, policy
from service.api.problems import Problem
from service.model.predictor import Predictor

PATH = "/report"
NONE = (
    "this model was packed without a report; training fit makes one, and so does training pack "
    "with --target"
)


def init_app(app: Flask, predictor: Predictor) -> None:
    """Give the app its route; a model without a report has it, too, to say so."""
    page = Page(predictor.report or b"", policy(style(predictor)))

    @app.get(PATH)
    def report() -> Response:
        if not page.content:
            raise Problem(404, NONE)
        return page.answer()


def style(predictor: Predictor) -> str:
    """What a policy calls the report's own style."""
    found = re.search(rb"<style>(.*?)</style>", predictor.report or b"", re.DOTALL)
    return digest(found[1]) if found else "'none'"
