"""The model's page in a real browser: each kind of model, everybody, keys, hostile names."""

import hashlib
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from playwright.sync_api import Browser, expect
from sklearn.tree import DecisionTreeClassifier

from tests.browsing import predict, serious, visit
from tests.serving import serve
from training.pack import pack
from training.sample import read

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MODELS = [
    "sensors",
    "logistic regression, string labels",
    "mixed table, open categories",
    "mixed table, regression",
    "text",
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", MODELS)
def test_its_example_is_predicted_and_nobody_is_kept_out(
    browser: Browser, served: Callable[[str], str], name: str, scheme: Any
) -> None:
    with visit(browser, served(name), color_scheme=scheme) as page:
        assert serious(page) == []
        predict(page, 3)
        expect(page.locator("#answer tbody tr")).to_have_count(3)
        bars = page.locator("#answer .bars")
        expect(bars).to_have_count(0 if "regression" in name.split(", ")[-1] else 3)
        assert serious(page) == []


@pytest.mark.parametrize("name", MODELS)
def test_a_phone_shows_it_without_scrolling_sideways(
    browser: Browser, served: Callable[[str], str], name: str
) -> None:
    with visit(browser, served(name), viewport={"width": 360, "height": 740}) as page:
        predict(page, 3)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_without_a_script_it_is_read(browser: Browser, served: Callable[[str], str]) -> None:
    with visit(browser, served("sensors"), java_script_enabled=False) as page:
        expect(page.get_by_role("heading", level=2)).to_have_text(
            ["Try it", "What it is", "Call it"]
        )
        expect(page.locator("#about-title + div")).to_contain_text("\u22126.37 to 8.79 in training")
        expect(page.locator("#curl")).to_contain_text("curl ADDRESS/predict")
        expect(page.locator("#app")).to_be_hidden()


def test_a_key_opens_it(browser: Browser, artifact: Path) -> None:
    digest = hashlib.sha256(b"123").hexdigest()
    with (
        serve(artifact, SERVICE_API_KEYS=digest) as server,
        visit(browser, f"http://127.0.0.1:{server.port}/") as page,
    ):
        expect(page.get_by_label("Your key")).to_be_focused()
        assert serious(page) == []
        page.keyboard.type("wrong")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_have_text("That key does not open it.")
        page.get_by_label("Your key").fill("123")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("sensors")
        predict(page, 3)
        line = page.locator("#curl").inner_text().replace("KEY", "123")
        answer = subprocess.run(["sh", "-c", f"{line} --silent"], capture_output=True)
        assert len(json.loads(answer.stdout)["class"]) == 3


def test_hostile_names_are_but_text(browser: Browser, tmp_path: Path) -> None:
    names = ["</script><script>alert(1)</script>", "a~b/c", "\"'><img src=x onerror=alert(2)>"]
    rows = pd.DataFrame({name: [0.0, 1.0, 2.0, 3.0] * 5 for name in names})
    labels = ["<b>yes</b>", "'no'", "<b>yes</b>", "${no}"] * 5
    estimator = DecisionTreeClassifier(random_state=0).fit(rows, labels)
    rows.to_csv(tmp_path / "rows.csv", index=False)
    sample = read(tmp_path / "rows.csv")
    pack(estimator, sample, targets=[], name="<i>x</i>", data={}, folder=tmp_path / "model")
    with (
        serve(tmp_path / "model") as server,
        visit(browser, f"http://127.0.0.1:{server.port}/") as page,
    ):
        predict(page, 3)
        expect(page.get_by_role("heading", level=1)).to_have_text("<i>x</i>")
        expect(page.locator("#rows thead th")).to_contain_text(["Row", *names])
        field = page.get_by_label("a~b/c, row 2")
        field.fill("</textarea>")
        page.get_by_role("button", name="Predict").click()
        expect(field).to_be_focused()
        expect(field).to_have_accessible_description("is a string, not a number")
