"""The routes of the pages, their policy, and the login page for browsers without a key.

A browser cannot send a key with an address. So it gets 401 with a login page, whose script fetches
the real page with the key. Clients that do not accept HTML get a problem instead.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, request
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from service import __version__
from service.api import problems
from service.api.page import model_view, reference, report
from service.api.page.html_response import Page, digest, policy
from service.api.problems import Problem
from service.model.predictor import Predictor
from service.settings import Settings

FOLDER = Path(__file__).parent
SCRIPTS = ("table.js", "form.js", "answer.js", "copy.js", "start.js", "login.js")
PAGE, DOCS = "/", "/docs"


def init_app(
    app: Flask, settings: Settings, predictor: Predictor, contract: Mapping[str, Any]
) -> None:
    """Add the routes. Each page is rendered when it is first requested: the start need not wait.

    All pages have the same script and policy, because the login page's script replaces its own
    content by that of the other pages and of the report.
    """
    style = (FOLDER / "page.css").read_text()
    script = "".join((FOLDER / name).read_text() for name in SCRIPTS)
    styles = [digest(style.encode())] + [report.style(predictor)] * bool(predictor.report)
    allowed = policy(" ".join(styles), digest(script.encode()), "'self'")
    templates = Environment(
        loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined
    )
    templates.globals |= {"style": style, "script": script, "slipway": __version__}

    def render(template: str, values: Mapping[str, Any]) -> Page:
        return Page(templates.get_template(template).render(values).encode(), allowed)

    @cache
    def page() -> Page:
        manifest = predictor.manifest
        values = {
            **model_view.template_values(manifest),
            "form": model_view.form(manifest, settings.max_rows, bool(settings.api_keys)),
            "locked": bool(settings.api_keys),
            "report": bool(predictor.report),
        }
        return render("page.html", values)

    @cache
    def docs() -> Page:
        return render("docs.html", reference.template_values(contract))

    @cache
    def login() -> Page:
        return render("login.html", {})

    @app.get(PAGE)
    def model_page() -> Response:
        return page().answer()

    @app.get(DOCS)
    def api_reference() -> Response:
        return docs().answer()

    @app.errorhandler(Problem)
    def login_or_problem(error: Problem) -> Response:
        wants_html = "text/html" in request.headers.get("Accept", "")
        if error.code != 401 or request.path not in (PAGE, DOCS, report.PATH) or not wants_html:
            return problems.answer(error)
        response = login().answer(401)
        response.headers.extend(error.headers)
        return response
