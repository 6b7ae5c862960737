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

from tests.support.browsing import SHOWN_MODELS, predict, serious, visit
from tests.support.serving import serve
from training.pack import pack
from training.samples.sample import read

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PAINTED = 500  # milliseconds until something is seen
TOP = "one => one.getBoundingClientRect().top"
SEEN = """() => new Promise((done) => new PerformanceObserver((list) => {
    for (const one of list.getEntriesByName("first-contentful-paint")) done(one.startTime);
}).observe({type: "paint", buffered: true}))"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", SHOWN_MODELS)
def test_its_example_is_predicted_and_the_page_is_accessible(
    browser: Browser, served: Callable[[str], str], name: str, scheme: Any
) -> None:
    with visit(browser, served(name), color_scheme=scheme) as page:
        assert serious(page) == []
        predict(page, 3)
        expect(page.locator("#answer tbody tr")).to_have_count(3)
        bars = page.locator("#answer .bars")
        expect(bars).to_have_count(0 if "regression" in name.split(", ")[-1] else 3)
        assert serious(page) == []


@pytest.mark.parametrize("name", SHOWN_MODELS)
def test_a_phone_shows_it_without_scrolling_sideways(
    browser: Browser, served: Callable[[str], str], name: str
) -> None:
    with visit(browser, served(name), viewport={"width": 360, "height": 740}) as page:
        predict(page, 3)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_without_a_script_it_is_read(browser: Browser, served: Callable[[str], str]) -> None:
    with visit(browser, served("sensors"), java_script_enabled=False) as page:
        expect(page.get_by_role("heading", level=2)).to_have_text(
            ["Try it", "About the model", "Call the API"]
        )
        expect(page.locator("#about-title + div")).to_contain_text(
            "\u22126.37 to 8.79 in the sample"
        )
        expect(page.locator("#curl")).to_contain_text("curl ADDRESS/predict")
        expect(page.locator("#app")).to_be_hidden()


@pytest.mark.parametrize("path", ["", "docs"])
@pytest.mark.parametrize("name", SHOWN_MODELS)
def test_something_is_seen_at_once(
    browser: Browser, served: Callable[[str], str], name: str, path: str
) -> None:
    with visit(browser, served(name) + path) as page:
        found: list[float] = []
        while min(found, default=PAINTED) >= PAINTED and len(found) < 5:  # others use the machine
            page.reload()
            found.append(page.evaluate(SEEN))
        assert min(found) < PAINTED, found


def test_many_fields_of_a_row_stand_in_several_lines(
    browser: Browser, served: Callable[[str], str]
) -> None:
    with visit(browser, served("random forest")) as page:  # 13 inputs: two rows at first
        predict(page, 2)
        first, last = (page.locator(f"#f-0-{place}") for place in (0, 12))
        assert last.evaluate(TOP) > first.evaluate(TOP) + 20
        region = page.get_by_role("region", name="Rows to predict")
        assert region.evaluate("one => one.scrollWidth <= one.clientWidth")
        row, answer = (page.locator(f"#{one} tbody tr").nth(1) for one in ("rows", "answer"))
        assert abs(row.evaluate(TOP) - answer.evaluate(TOP)) < 1  # beside each other
        page.set_viewport_size({"width": 360, "height": 740})
        predict(page, 2)
        assert serious(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_hundreds_of_fields_stand_in_a_line_that_scrolls(
    browser: Browser, served: Callable[[str], str]
) -> None:
    with visit(browser, served("extra trees on 64 columns")) as page:
        first, last = (page.locator(f"#f-0-{place}") for place in (0, 63))
        assert last.evaluate(TOP) == first.evaluate(TOP)
        assert page.evaluate("document.documentElement.scrollWidth") <= 1280


def test_one_number_for_each_of_several_labels_is_a_bar(
    browser: Browser, served: Callable[[str], str]
) -> None:
    with visit(browser, served("several labels")) as page:
        predict(page, 3)
        expect(page.locator("#answer .bars")).to_have_count(6)
        with page.expect_download() as saving:
            page.get_by_role("button", name="Download as CSV").click()
        head = saving.value.path().read_text().splitlines()[0]
        assert head.endswith("prediction_1,prediction_1: probabilities")


def test_a_long_text_is_sent_whole_and_copied_whole(
    browser: Browser, served: Callable[[str], str]
) -> None:
    text = 'It\'s "odd"\n' + "pump " * 1000
    with visit(browser, served("text"), viewport={"width": 360, "height": 740}) as page:
        page.locator("#f-0-0").fill(text)
        with page.expect_request("**/predict*") as asked:
            predict(page, 3)
        assert json.loads(asked.value.post_data or "")["remark"][0] == text
        line = page.locator("#curl").inner_text()
        answer = subprocess.run(["sh", "-c", f"{line} --silent"], capture_output=True)
        assert len(json.loads(answer.stdout)["prediction"]) == 3
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_a_key_opens_it(browser: Browser, artifact: Path) -> None:
    digest = hashlib.sha256(b"123").hexdigest()
    with (
        serve(artifact, SERVICE_API_KEYS=digest) as server,
        visit(browser, f"http://127.0.0.1:{server.port}/") as page,
    ):
        expect(page.get_by_label("API key")).to_be_focused()
        assert serious(page) == []
        page.keyboard.type("wrong")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_have_text("This key is not valid.")
        page.get_by_label("API key").fill("123")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("sensors")
        predict(page, 3)
        line = page.locator("#curl").inner_text().replace("KEY", "123")
        answer = subprocess.run(["sh", "-c", f"{line} --silent"], capture_output=True)
        assert len(json.loads(answer.stdout)["class"]) == 3


def test_hostile_names_are_but_text(browser: Browser, tmp_path: Path) -> None:
    names = ["</script><script>alert(1)</script>", "a~b/c", "\"'><img src=x onerror=alert(2)>"]
    names += ["two\nlines", "long" * 30]
    rows = pd.DataFrame({name: [0.0, 1.0, 2.0, 3.0] * 5 for name in names})
    labels = ["<b>yes</b>", "'no'", "<b>yes</b>", "${no}"] * 5
    estimator = DecisionTreeClassifier(random_state=0).fit(rows, labels)
    rows.to_csv(tmp_path / "rows.csv", index=False)
    sample = read(tmp_path / "rows.csv")
    pack(estimator, sample, targets=[], name="<i>x</i>", folder=tmp_path / "model")
    with (
        serve(tmp_path / "model") as server,
        visit(browser, f"http://127.0.0.1:{server.port}/") as page,
    ):
        predict(page, 3)
        expect(page.get_by_role("heading", level=1)).to_have_text("<i>x</i>")
        expect(page.locator("#rows thead th")).to_contain_text(["Row", *names])
        field = page.get_by_label("a~b/c, row 2")
        field.fill("</textarea>")
        page.get_by_role("button", name="Predict", exact=True).click()
        expect(field).to_be_focused()
        expect(field).to_have_accessible_description("is a string, not a number")
        for path in ("", "docs"):
            page.goto(f"http://127.0.0.1:{server.port}/{path}")
            page.set_viewport_size({"width": 360, "height": 740})
            assert page.evaluate("document.documentElement.scrollWidth") <= 360
