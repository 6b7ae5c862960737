"""The form of the page: rows typed, pasted, dropped, wrong, copied, by mouse and keyboard."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browsing import predict, serious, visit

pytestmark = [pytest.mark.browser, pytest.mark.slow]

DROP = """([name, text]) => {
    const data = new DataTransfer();
    data.items.add(new File([text], name));
    document.body.dispatchEvent(new DragEvent("drop", {dataTransfer: data, bubbles: true}));
}"""
PASTE = """(field, text) => {
    const data = new DataTransfer();
    data.setData("text/plain", text);
    field.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true}));
}"""


@pytest.fixture
def page(browser: Browser, served: Callable[[str], str]) -> Iterator[Page]:
    """The sensor model's page."""
    with visit(browser, served("sensors")) as page:
        yield page


def test_a_wrong_value_is_reported_at_its_field(page: Page) -> None:
    field = page.get_by_label("sensor_2, row 3")
    field.fill("abc")
    page.get_by_role("button", name="Predict", exact=True).click()
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_be_focused()
    expect(field).to_have_accessible_description("is a string, not a number")
    expect(page.get_by_role("alert")).to_contain_text("sensor_2, row 3 is a string, not a number")
    assert serious(page) == []
    field.fill("")
    page.get_by_role("button", name="Predict", exact=True).click()
    expect(field).to_have_accessible_description("is empty, not a number")
    field.fill("4")
    expect(field).not_to_have_attribute("aria-invalid", "true")
    predict(page, 3)


def test_a_value_that_training_never_saw_is_reported_but_predicted(page: Page) -> None:
    field = page.get_by_label("sensor_1, row 1")
    field.fill("500")
    expect(field).to_have_accessible_description("The sample ranges from \u22126.37 to 8.79.")
    predict(page, 3)
    expect(page.locator("#answer .value").first).to_have_text("1")
    expect(page.locator("#status")).to_contain_text("1 value is outside of the sample")


def test_a_thousand_rows_are_pasted_from_a_spreadsheet(page: Page) -> None:
    rows = "".join(f"{row}\t{-row}\r\n" for row in range(1, 1001))
    page.get_by_label("sensor_1, row 1").evaluate(PASTE, rows)
    expect(page.locator("#note")).to_contain_text("1,000 rows")
    expect(page.get_by_label("sensor_2, row 10")).to_have_value("-10")
    predict(page, 1000)
    page.get_by_role("button", name="Next rows").click()
    expect(page.locator("#shown")).to_have_text("Rows 11 to 20 of 1,000")
    expect(page.locator("#answer tbody th").first).to_have_text("11")


def test_a_fault_far_down_is_shown_where_it_is(page: Page) -> None:
    rows = ["sensor_1\tsensor_2", *["1\t1"] * 500, "1\toops", *["1\t1"] * 99]
    page.get_by_label("sensor_1, row 1").evaluate(PASTE, "\n".join(rows))
    page.get_by_role("button", name="Predict", exact=True).click()
    expect(page.get_by_label("sensor_2, row 501")).to_be_focused()


def test_a_table_is_dropped(page: Page) -> None:
    table = 'note;"sensor_2";sensor_1\r\n"a;\nb";-1;2\r\n;0;3\r\n'
    page.evaluate(DROP, ["rows.csv", "\ufeff" + table])
    expect(page.locator("#note")).to_have_text("2 rows; left out: note.")
    predict(page, 2)
    expect(page.locator("#answer .value")).to_have_text(["1", "1"])  # as published


def test_a_table_without_a_column_is_refused_in_one_line(page: Page) -> None:
    page.evaluate(DROP, ["rows.csv", "sensor_1,sensor2\n1,2\n"])
    expect(page.locator("#note")).to_have_text("The first line has no column sensor_2.")
    expect(page.get_by_label("sensor_1, row 3")).to_be_visible()


def test_a_file_is_opened_and_the_answer_saved(page: Page, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("sensor_1,sensor_2\n1,1\n2,-1\n3,0\n")
    page.get_by_label("Open a CSV file").set_input_files(tmp_path / "rows.csv")
    predict(page, 3)
    with page.expect_download() as saving:
        page.get_by_role("button", name="Download as CSV").click()
    saving.value.save_as(tmp_path / "saved.csv")
    lines = (tmp_path / "saved.csv").read_text().splitlines()
    assert lines[0] == "sensor_1,sensor_2,class,class: 0,class: 1"
    assert [line.split(",")[:3] for line in lines[1:]] == [
        ["1", "1", "0"],
        ["2", "-1", "1"],
        ["3", "0", "1"],
    ]


def test_what_is_copied_works(page: Page) -> None:
    page.get_by_label("sensor_1, row 1").fill("8")
    copied = {}
    for name in ("curl line", "Python code", "JavaScript code"):
        page.get_by_role("button", name=f"Copy the {name}").click()
        expect(page.get_by_role("button", name=f"Copied the {name}")).to_be_visible()
        copied[name] = page.evaluate("navigator.clipboard.readText()")
    curl = subprocess.run(["sh", "-c", f"{copied['curl line']} --silent"], capture_output=True)
    wanted = {"class": [1.0, 1.0, 1.0]}  # rows 2 and 3 are those of the published example
    assert json.loads(curl.stdout) == wanted
    ran = subprocess.run(
        [sys.executable, "-c", copied["Python code"]], capture_output=True, text=True
    )
    assert ran.stdout == f"{wanted}\n", ran.stderr
    code = copied["JavaScript code"].replace("console.log(", "return (")
    assert page.evaluate(f"(async () => {{ {code} }})()") == wanted


def test_the_keyboard_is_enough(page: Page) -> None:
    keyboard = page.keyboard
    keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the form")).to_be_focused()
    keyboard.press("Enter")
    first = page.get_by_label("sensor_1, row 1")
    for _ in range(9):
        keyboard.press("Tab")
        if first.evaluate("field => field === document.activeElement"):
            break
    expect(first).to_be_focused()
    keyboard.press("ControlOrMeta+a")
    keyboard.type("8")
    keyboard.press("Enter")
    expect(page.locator("#status")).to_contain_text("3 rows in")
    expect(page.locator("#answer .value").first).to_have_text("1")


def test_rows_are_added_and_removed(page: Page) -> None:
    page.get_by_role("button", name="Add a row").click()
    expect(page.get_by_label("sensor_1, row 4")).to_be_focused()
    for row in (4, 3, 2, 1):
        page.get_by_role("button", name=f"Remove row {row}").click()
    expect(page.get_by_label("sensor_1, row 1")).to_have_value("")
    page.get_by_role("button", name="Example").click()
    predict(page, 3)
