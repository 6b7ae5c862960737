"""Opens pages in Chromium; a test fails on errors, dialogs and requests to other origins."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--no-sandbox",  # which needs a user who is not root; all that it shows is ours
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Models whose pages and reports differ, by the names of `packed.py`.
SHOWN_MODELS = [
    "sensors",
    "logistic regression, string labels",
    "mixed table, open categories",
    "mixed table, regression",
    "text",
]
SERIOUS = {"serious", "critical"}
REFUSED = "the server responded with a status of 4"  # the message that Chromium logs


def executable() -> str:
    """The path of Chromium; the test is skipped without one, but fails in CI."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        reason = f"there is no browser: none of {', '.join(NAMES)}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@contextmanager
def visit(browser: Browser, url: str, **options: Any) -> Iterator[Page]:
    """Open the page at an address; fail at the end of the block if it had an unexpected event."""
    odd: list[str] = []
    context = browser.new_context(**options)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.on("console", lambda said: odd.append(said.text) if REFUSED not in said.text else None)
    page.on("pageerror", lambda error: odd.append(str(error)))
    page.on("dialog", lambda dialog: odd.append(dialog.message))
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(url))
    page.on(
        "request",
        lambda asked: (
            None
            if asked.url.startswith((f"{origin}/", "data:", f"blob:{origin}/"))
            else odd.append(asked.url)
        ),
    )
    page.goto(url)
    yield page
    context.close()
    assert not odd, odd


def predict(page: Page, rows: int) -> None:
    """Press the button, and wait for predictions of so many rows."""
    page.get_by_role("button", name="Predict", exact=True).click()
    expect(page.locator("#status")).to_contain_text(f"{rows:,} row")


def serious(page: Page) -> list[str]:
    """The serious accessibility violations that axe-core finds."""
    found: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [str((one["id"], one["nodes"])) for one in found if one["impact"] in SERIOUS]
