"""`/docs` in a real browser: each kind of model, everybody, lines to copy, keys."""

import hashlib
import json
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browsing import SHOWN_MODELS, predict, serious, visit
from tests.support.serving import serve

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def docs(browser: Browser, served: Callable[[str], str]) -> Iterator[Page]:
    """The sensor model's reference."""
    with visit(browser, f"{served('sensors')}docs") as page:
        yield page


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", SHOWN_MODELS)
def test_it_shows_every_operation_and_is_accessible(
    browser: Browser, served: Callable[[str], str], name: str, scheme: Any
) -> None:
    small = {"width": 360, "height": 740}
    with visit(browser, f"{served(name)}docs", color_scheme=scheme, viewport=small) as page:
        contract = page.request.get(f"{served(name)}openapi.json").json()
        for path, methods in contract["paths"].items():
            for method in methods:
                heading = page.get_by_role("heading", name=f"{method.upper()} {path}", exact=True)
                expect(heading).to_be_visible()
        assert serious(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_without_a_script_it_is_read(browser: Browser, served: Callable[[str], str]) -> None:
    with visit(browser, f"{served('sensors')}docs", java_script_enabled=False) as page:
        expect(page.locator("#predict-1")).to_contain_text("curl 'ADDRESS/predict'")
        expect(page.get_by_role("button")).to_have_count(0)  # none that would do nothing


def test_a_copied_line_works(docs: Page) -> None:
    docs.get_by_role("button", name="Copy POST /predict, named rows").click()
    line = docs.evaluate("navigator.clipboard.readText()")
    answer = subprocess.run(["sh", "-c", f"{line} --silent"], capture_output=True)
    assert len(json.loads(answer.stdout)["class"]) == 3


def test_the_keyboard_is_enough(docs: Page) -> None:
    docs.keyboard.press("Tab")
    expect(docs.get_by_role("link", name="Skip to the operations")).to_be_focused()
    link = docs.get_by_role("link", name="GET /model")
    for _ in range(9):
        docs.keyboard.press("Tab")
        if link.evaluate("link => link === document.activeElement"):
            break
    docs.keyboard.press("Enter")
    expect(docs).to_have_url(re.compile("/docs#model$"))
    expect(docs.get_by_role("heading", name="GET /model")).to_be_in_viewport()
    docs.get_by_role("link", name="the model's page").click()
    predict(docs, 3)
    docs.get_by_role("link", name="/docs").click()
    expect(docs.get_by_role("heading", level=1)).to_have_text("sensors: API reference")


def test_one_key_opens_all_pages(browser: Browser, artifact: Path) -> None:
    digest = hashlib.sha256(b"123").hexdigest()
    with (
        serve(artifact, SERVICE_API_KEYS=digest) as server,
        visit(browser, f"http://127.0.0.1:{server.port}/docs") as page,
    ):
        assert "sensor" not in page.content()
        page.get_by_label("API key").fill("123")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("sensors: API reference")
        line = page.locator("#model-1").inner_text().replace("KEY", "123")
        answer = subprocess.run(["sh", "-c", f"{line} --silent"], capture_output=True)
        assert json.loads(answer.stdout)["name"] == "sensors"
        page.get_by_role("link", name="the model's page").click()
        predict(page, 3)
        page.get_by_role("link", name="The report").click()
        expect(page.get_by_role("heading", name="Confusion matrix")).to_be_visible()
        page.go_back()
        predict(page, 3)
        page.go_back()
        expect(page.get_by_role("heading", level=1)).to_have_text("sensors: API reference")
        page.get_by_role("link", name="GET /model").click()
        expect(page).to_have_url(re.compile("/docs#model$"))
        page.go_back()  # within the page, without a request
        page.go_forward()
        expect(page.get_by_role("heading", name="GET /model")).to_be_in_viewport()
