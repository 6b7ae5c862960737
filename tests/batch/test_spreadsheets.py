"""`--safe-cells`: a spreadsheet finds no formula in what was written."""

import csv
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.batch.csv_rows import RaggedRows
from service.batch.dialect import Dialect
from service.batch.output import CsvFormat
from service.batch.scoring import Scored
from service.batch.spreadsheets import safe_cell
from service.model.signature import Input, Output, Signature
from tests.batch.conftest import CLASSES, GOOD, GOOD_COLUMNS, HEADER, Run
from tests.batch.test_interrupted import MANY, interrupt, small_steps

__all__ = ["small_steps"]

# What OWASP lists: https://owasp.org/www-community/attacks/CSV_Injection
FORMULAS = ["=1+1", "+1+1", "-1+1", "@SUM(1)", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠1"]
NUMBERS = ["1", "-1", "+1", "-1.5", "-.5", "+1e5", "-1E-05", "-0", "1."]
TEXTS = ["", "plain", "a=1", "'quoted", " =1", "1-2", "1,=2"]


@pytest.mark.parametrize("cell", FORMULAS)
def test_a_formula_gets_an_apostrophe(cell: str) -> None:
    assert safe_cell(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", [*NUMBERS, *TEXTS])
def test_numbers_and_other_text_stay_as_they_are(cell: str) -> None:
    assert safe_cell(cell) == cell


@pytest.mark.parametrize("cell", ["-1 ", "-1+cmd", "-1\n", "--1", "-", "+", "-1e", "-٣", "-inf"])
def test_what_is_almost_a_number_is_none(cell: str) -> None:
    assert safe_cell(cell) == f"'{cell}"


@given(st.text())
def test_no_text_begins_like_a_formula_but_a_number(cell: str) -> None:
    safe = safe_cell(cell)
    assert safe in (cell, f"'{cell}")
    if safe and safe[0] in "=+-@\t\r\n":
        float(safe)


def read(path: Path) -> list[list[str]]:
    with path.open(newline="") as file:
        return list(csv.reader(file))


@pytest.mark.parametrize("quote", ["", '"'])
def test_cells_beside_the_predictions_are_made_safe(run: Run, tmp_path: Path, quote: str) -> None:
    rows = "".join(
        f"{quote}{note}{quote},{numbers}\n"
        for note, numbers in zip(("=1+1", "-2", "@a"), GOOD.split(), strict=True)
    )
    assert run(f"=note,{HEADER}{rows}", "--safe-cells")[0] == 0
    header, *found = read(tmp_path / "out.csv")
    assert header == ["'=note", "sensor_1", "sensor_2", "class"]
    assert [row[0] for row in found] == ["'=1+1", "-2", "'@a"]
    assert [row[1:3] for row in found] == [line.split(",") for line in GOOD.split()]
    assert [row[3] for row in found] == CLASSES


def test_without_the_option_cells_stay_as_they_are(run: Run, tmp_path: Path) -> None:
    assert run(f"note,{HEADER}=1+1,1,1\n")[0] == 0
    assert read(tmp_path / "out.csv")[1] == ["=1+1", "1", "1", "0.0"]


def test_rows_that_are_put_aside_are_made_safe(run: Run, tmp_path: Path) -> None:
    content = f"=a,{HEADER}=b,x,1\n=c,1,1\n"
    assert run(content, "--safe-cells", "--on-error", "skip")[0] == 0
    header, refused = read(tmp_path / "out.csv.bad.csv")
    assert header[2] == "'=a"
    assert refused[2] == "'=b"
    assert read(tmp_path / "out.csv")[1][0] == "'=c"


def test_a_safe_file_of_numbers_is_the_same_to_the_byte(run: Run, tmp_path: Path) -> None:
    content = HEADER + "".join(f"{number / 7},{-number}\n" for number in range(50))
    assert run(content)[0] == 0
    plain = (tmp_path / "out.csv").read_bytes()
    assert run(content, "--safe-cells")[0] == 0
    assert (tmp_path / "out.csv").read_bytes() == plain


@pytest.mark.usefixtures("small_steps")
def test_a_run_without_the_option_is_not_continued_with_it(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = ("--on-error", "skip", "--processes", "1")
    with monkeypatch.context() as patch:
        interrupt(patch, 4)
        assert run(MANY, *options)[0] == 130
    code, printed = run(MANY, *options, "--safe-cells")
    assert code == 0
    assert "went on" not in printed


def test_cells_of_parquet_are_made_safe_in_csv(score: Any, tmp_path: Path) -> None:
    columns = {"note": ["=1+1", None, "-2"], "more": [-1.5, 2.0, -3.0], **GOOD_COLUMNS}
    assert score(columns, "out.csv", "--safe-cells")[0] == 0
    _, *found = read(tmp_path / "out.csv")
    assert [row[:2] for row in found] == [["'=1+1", "-1.5"], ["", "2.0"], ["-2", "-3.0"]]


def test_labels_of_the_model_are_made_safe() -> None:
    output = Output(name="y", kind="category", labels=("=a", "b"))
    column = Input(name="x", kind="number", dtype="float64")
    signature = Signature(container="array", inputs=(column,), outputs=(output,))
    form = CsvFormat([], ["y"], signature, Dialect(safe_cells=True))
    rows = RaggedRows([2, 3, 4], [["1"], ["2"], ["3"]], ["x"])
    scored = Scored({}, [0, 1, 2], {"y": ["=a", "b", "=new"]}, {})
    assert form.encoded(rows, scored) == b"'=a\nb\n'=new\n"
