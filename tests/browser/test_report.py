"""The report in a real browser: each kind of model, everybody, on paper, behind a key, hostile."""

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Browser, expect
from sklearn.tree import DecisionTreeClassifier
from werkzeug.serving import make_server

from service.app import create_app
from service.model.predictor import Predictor
from service.settings import Settings
from tests.support.browsing import SHOWN_MODELS, serious, visit
from tests.support.reported import artifact_of, packed

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def reports(artifact: Path) -> Iterator[dict[str, str]]:
    """The addresses where the models are served."""
    with ExitStack() as stack:
        folders = {
            name: artifact if name == "sensors" else artifact_of(name) for name in SHOWN_MODELS
        }
        yield {name: stack.enter_context(shown(folder)) for name, folder in folders.items()}


@contextmanager
def shown(folder: Path, **settings: Any) -> Iterator[str]:
    """The address of the app in this process: pages, headers and all, without a gunicorn each."""
    app = create_app(Settings(**settings), Predictor.load(folder))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("name", SHOWN_MODELS)
def test_it_is_accessible_in_light_and_dark_and_on_a_phone(
    browser: Browser, reports: dict[str, str], name: str
) -> None:
    with visit(browser, reports[name], color_scheme="light") as page:
        page.get_by_role("link", name="The report").click()
        own = "sensors" if name == "sensors" else "x"
        expect(page.get_by_role("heading", level=1)).to_have_text(own)
        for picture in page.locator("figure > svg").all():
            size = picture.bounding_box()
            assert size is not None
            assert min(size["width"], size["height"]) > 60
        assert serious(page) == []
        page.emulate_media(color_scheme="dark")
        assert serious(page) == []
        page.set_viewport_size({"width": 360, "height": 740})
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_its_colours_are_the_page_s(browser: Browser, reports: dict[str, str]) -> None:
    colour = "getComputedStyle(document.body).{}"
    for scheme in ("light", "dark"):
        with visit(browser, reports["sensors"], color_scheme=scheme) as page:
            looks = [page.evaluate(colour.format(name)) for name in ("color", "backgroundColor")]
            page.goto(f"{reports['sensors']}report")
            assert looks == [
                page.evaluate(colour.format(name)) for name in ("color", "backgroundColor")
            ]


def test_on_paper_it_is_dark_on_white(browser: Browser, reports: dict[str, str]) -> None:
    with visit(browser, f"{reports['sensors']}", color_scheme="dark") as page:
        page.goto(f"{reports['sensors']}report")
        page.emulate_media(media="print")
        ink = page.evaluate("getComputedStyle(document.querySelector('h1')).color")
        assert ink == "rgb(29, 37, 40)"
        curve = (
            page.get_by_role("img", name="ROC curve")
            .locator("path")
            .evaluate_all(
                "paths => paths.map(getComputedStyle).filter(one => one.strokeWidth === '2px')"
                ".map(one => one.stroke)"
            )
        )
        assert curve == ["rgb(23, 97, 93)"]
        assert page.pdf(format="A4").count(b"/Type /Page\n") <= 5


def test_a_key_opens_it_where_it_is(browser: Browser, artifact: Path) -> None:
    digest = hashlib.sha256(b"123").hexdigest()
    with shown(artifact, api_keys=(digest,)) as address, visit(browser, address) as page:
        page.goto(f"{address}report")
        page.get_by_label("API key").fill("123")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("sensors")
        expect(page.get_by_role("img", name="ROC curve")).to_be_visible()
        fill = "getComputedStyle(document.querySelector('.matrix .right')).backgroundColor"
        assert page.evaluate(fill) != "rgba(0, 0, 0, 0)"  # its own style has come, too


def test_hostile_names_are_but_text(browser: Browser) -> None:
    names = ["</title><script>alert(1)</script>", "\"'><img src=x onerror=alert(2)>"]
    rows = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 2)), columns=names)
    labels = np.where(rows[names[0]] > 0, "<svg onload=alert(3)>", "</svg><b>no</b>")
    estimator = DecisionTreeClassifier(max_depth=2, random_state=0).fit(rows, labels)
    folder = packed(estimator, rows, {"y": labels}, name="<i>n</i>")
    with shown(folder) as address, visit(browser, address) as page:
        page.goto(f"{address}report")
        expect(page.get_by_role("heading", level=1)).to_have_text("<i>n</i>")
        expect(page.locator(".matrix tbody th")).to_have_text(
            ["</svg><b>no</b>", "<svg onload=alert(3)>"]
        )
        expect(page.get_by_role("img", name=names[0])).to_be_visible()
        assert serious(page) == []
