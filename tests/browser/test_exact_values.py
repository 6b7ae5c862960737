"""The form sends categories exactly: with blanks, all digits, and the empty text beside null."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from playwright.sync_api import Browser, Page, expect
from sklearn.compose import make_column_transformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.tree import DecisionTreeClassifier

from tests.browser.test_form import PASTE
from tests.support.browsing import predict, serious, visit
from tests.support.serving import serve
from training.pack import PackOptions, pack
from training.samples import columnar

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FIRST = 123_456_789_012_345_678
VALUES: dict[str, list[Any]] = {
    "closed": [" a", "a", "", None],
    "open": ["", " b", "b", None],
    "id": [FIRST, FIRST + 1, FIRST + 2, FIRST + 3],
}
ANSWERS = [FIRST, FIRST + 1, 123_456_789_012_345, -7]
ROWS = pd.DataFrame({name: pd.Series(own * 10) for name, own in VALUES.items()})
ROWS = ROWS.astype({"closed": object, "open": object})
ROWS = ROWS.where(ROWS.notna(), None)


@pytest.fixture(scope="module")
def model() -> Any:
    encoder = make_column_transformer(
        (OneHotEncoder(), ["closed", "id"]), (OneHotEncoder(handle_unknown="ignore"), ["open"])
    )
    tree = DecisionTreeClassifier(random_state=0)
    return make_pipeline(encoder, tree).fit(ROWS, ANSWERS * 10)


@pytest.fixture
def page(browser: Browser, model: Any, tmp_path: Path) -> Iterator[Page]:
    ROWS.to_parquet(tmp_path / "rows.parquet")
    sample = columnar.read(tmp_path / "rows.parquet")
    options = PackOptions(report=False)
    pack(model, sample, targets=[], name="x", folder=tmp_path / "a", options=options)
    with (
        serve(tmp_path / "a") as server,
        visit(browser, f"http://127.0.0.1:{server.port}/") as page,
    ):
        page.get_by_role("button", name="Clear", exact=False).first.click()
        yield page


def sent(page: Page) -> Any:
    """The body of the request that the button makes."""
    with page.expect_request("**/predict*") as asked:
        predict(page, 1)
    return json.loads(asked.value.post_data or "")


@pytest.mark.parametrize(("label", "value"), [('" a"', " a"), ("a", "a"), ('""', ""), ("–", None)])
def test_a_category_is_chosen_with_its_blanks(page: Page, label: str, value: str | None) -> None:
    page.get_by_label("closed, row 1").select_option(label=label)
    page.get_by_label("id, row 1").select_option(label=str(FIRST + 1))
    body = sent(page)
    assert (body["closed"], body["id"]) == ([value], [FIRST + 1])


def test_the_empty_text_and_null_are_distinguished(page: Page) -> None:
    page.get_by_label("id, row 1").select_option(label=str(FIRST))
    field, box = (
        page.get_by_label("open, row 1", exact=True),
        page.get_by_label("open, row 1 is null"),
    )
    expect(box).not_to_be_checked()
    assert sent(page)["open"] == [""]
    box.check()
    assert sent(page)["open"] == [None]
    assert serious(page) == []
    field.fill(" b")
    expect(box).not_to_be_checked()
    assert sent(page)["open"] == [" b"]


def test_a_pasted_table_keeps_its_blanks(page: Page, model: Any) -> None:
    lines = [
        f"{closed}\t{text}\t{number}" for closed, text, number in zip(*VALUES.values(), strict=True)
    ]
    text = "\n".join(["closed\topen\tid", *lines[:3]])
    page.get_by_label("open, row 1", exact=True).evaluate(PASTE, text)
    with page.expect_request("**/predict*") as asked:
        predict(page, 3)
    body = json.loads(asked.value.post_data or "")
    assert body == {name: own[:3] for name, own in VALUES.items()}
    answers = page.locator("#answer .value").all_inner_texts()
    assert answers == list(map(str, model.predict(ROWS[:3])))
