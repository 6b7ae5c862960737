"""The routes, the pages' policy, and the door: what a browser without a key sees in its place.

A browser cannot be told to send a key with an address. So it gets 401 as a page that asks for the
key, and fetches the real one with it; whoever does not ask for HTML gets the problem.
"""

import gzip
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from flask import Flask, Response, request
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from service.api import problems
from service.api.environ import POLICY
from service.api.page import facts, reference
from service.api.problems import Problem
from service.model.predictor import Predictor
from service.settings import Settings

FOLDER = Path(__file__).parent
SCRIPTS = ("table.js", "form.js", "answer.js", "copy.js", "start.js", "door.js")
HTML = "text/html; charset=utf-8"
PAGE, DOCS = "/", "/docs"


def init_app(
    app: Flask, settings: Settings, predictor: Predictor, contract: Mapping[str, Any]
) -> None:
    """Give the app its routes. The pages are written once; they cannot change.

    All have one script and one policy, so that whoever opens the door is in each of them.
    """
    style = (FOLDER / "page.css").read_text()
    script = "".join((FOLDER / name).read_text() for name in SCRIPTS)
    policy = (
        f"default-src 'none'; script-src '{digest(script)}'; style-src '{digest(style)}'; "
        "img-src data:; connect-src 'self'; form-action 'none'; base-uri 'none'; "
        "frame-ancestors 'none'"
    )
    templates = Environment(
        loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined
    )
    templates.globals |= {"style": style, "script": script}
    manifest = predictor.manifest
    page = templates.get_template("page.html").render(
        **facts.told(manifest),
        form=facts.form(manifest.signature, settings.max_rows, bool(settings.api_keys)),
        locked=bool(settings.api_keys),
    )
    docs = templates.get_template("docs.html").render(reference.told(contract))
    door = templates.get_template("door.html").render()
    zipped = {text: gzip.compress(text.encode(), mtime=0) for text in (page, docs, door)}

    def answer(text: str, status: int = 200) -> Response:
        request.environ[POLICY] = policy
        headers = {"Vary": "Accept, Accept-Encoding"}
        content = text.encode()
        if request.accept_encodings["gzip"]:
            headers["Content-Encoding"] = "gzip"
            content = zipped[text]
        return Response(content, status, headers, content_type=HTML)

    @app.get(PAGE)
    def page_of_the_model() -> Response:
        return answer(page)

    @app.get(DOCS)
    def docs_of_the_service() -> Response:
        return answer(docs)

    @app.errorhandler(Problem)
    def ask(error: Problem) -> Response:
        wants_html = "text/html" in request.headers.get("Accept", "")
        if error.code != 401 or request.path not in (PAGE, DOCS) or not wants_html:
            return problems.answer(error)
        asked = answer(door, 401)
        asked.headers.extend(error.headers)
        return asked


def digest(content: str) -> str:
    """What a policy calls an inline script or style with this content."""
    return f"sha256-{b64encode(sha256(content.encode()).digest()).decode()}"
