"""The route, the page's policy, and the door: what a browser without a key sees in its place.

A browser cannot be told to send a key with an address. So it gets 401 as a page that asks for the
key, and fetches the real one with it; whoever does not ask for HTML gets the problem.
"""

from pathlib import Path

from flask import Flask, Response, request
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from service.api import problems
from service.api.page import facts, report
from service.api.page.send import Page, digest, policy
from service.api.problems import Problem
from service.model.predictor import Predictor
from service.settings import Settings

FOLDER = Path(__file__).parent
SCRIPTS = ("table.js", "form.js", "answer.js", "copy.js", "start.js")
PATH = "/"


def init_app(app: Flask, settings: Settings, predictor: Predictor) -> None:
    """Give the app its route. All pages are written once; they cannot change."""
    style = (FOLDER / "page.css").read_text()
    script = "".join((FOLDER / name).read_text() for name in SCRIPTS)
    looks, runs = digest(style.encode()), digest(script.encode())
    templates = Environment(
        loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined
    )
    manifest = predictor.manifest
    written = templates.get_template("page.html").render(
        **facts.told(manifest),
        form=facts.form(manifest.signature, settings.max_rows, bool(settings.api_keys)),
        locked=bool(settings.api_keys),
        report=bool(predictor.report),
        style=style,
        script=script,
    )
    page = Page(written.encode(), policy(looks, runs, "'self'"))
    asking = templates.get_template("door.html").render(style=style, script=script).encode()
    doors = {  # each with the policy that lets it become what is behind it
        PATH: Page(asking, page.policy),
        report.PATH: Page(asking, policy(f"{looks} {report.style(predictor)}", runs, "'self'")),
    }

    @app.get(PATH)
    def page_of_the_model() -> Response:
        return page.answer()

    @app.errorhandler(Problem)
    def ask(error: Problem) -> Response:
        wants_html = "text/html" in request.headers.get("Accept", "")
        if error.code != 401 or request.path not in doors or not wants_html:
            return problems.answer(error)
        asked = doors[request.path].answer(401)
        asked.headers.extend(error.headers)
        return asked
