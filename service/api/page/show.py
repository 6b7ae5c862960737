"""The routes, the pages' policy, and the door: what a browser without a key sees in its place.

A browser cannot be told to send a key with an address. So it gets 401 as a page that asks for the
key, and fetches the real one with it; whoever does not ask for HTML gets the problem.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask, Response, request
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from service.api import problems
from service.api.page import facts, reference, report
from service.api.page.send import Page, digest, policy
from service.api.problems import Problem
from service.model.predictor import Predictor
from service.settings import Settings

FOLDER = Path(__file__).parent
SCRIPTS = ("table.js", "form.js", "answer.js", "copy.js", "start.js", "door.js")
PAGE, DOCS = "/", "/docs"


def init_app(
    app: Flask, settings: Settings, predictor: Predictor, contract: Mapping[str, Any]
) -> None:
    """Give the app its routes. The pages are written once; they cannot change.

    All have one script and one policy, so that whoever opens the door is in each of them, and in
    the report.
    """
    style = (FOLDER / "page.css").read_text()
    script = "".join((FOLDER / name).read_text() for name in SCRIPTS)
    looks = [digest(style.encode())] + [report.style(predictor)] * bool(predictor.report)
    allowed = policy(" ".join(looks), digest(script.encode()), "'self'")
    templates = Environment(
        loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined
    )
    templates.globals |= {"style": style, "script": script}

    def written(template: str, values: Mapping[str, Any]) -> Page:
        return Page(templates.get_template(template).render(values).encode(), allowed)

    manifest = predictor.manifest
    shown = {
        **facts.told(manifest),
        "form": facts.form(manifest.signature, settings.max_rows, bool(settings.api_keys)),
        "locked": bool(settings.api_keys),
        "report": bool(predictor.report),
    }
    page = written("page.html", shown)
    docs = written("docs.html", reference.told(contract))
    door = written("door.html", {})

    @app.get(PAGE)
    def page_of_the_model() -> Response:
        return page.answer()

    @app.get(DOCS)
    def docs_of_the_service() -> Response:
        return docs.answer()

    @app.errorhandler(Problem)
    def ask(error: Problem) -> Response:
        wants_html = "text/html" in request.headers.get("Accept", "")
        if error.code != 401 or request.path not in (PAGE, DOCS, report.PATH) or not wants_html:
            return problems.answer(error)
        asked = door.answer(401)
        asked.headers.extend(error.headers)
        return asked
