"""Odd files get the right answer, and those that cannot be scored one clear line."""

from pathlib import Path

import pytest

from service.__main__ import main
from tests.batch.conftest import CLASSES, GOOD, HEADER, Run, files, table

BAD = "1,1\nx,1\n2.0,-1\n1\n3,0\n,1\n"
REASONS = [
    ("3", "sensor_1 is not a number, such as 1.5"),
    ("5", "has 1 cells, the header has 2"),
    ("7", "sensor_1 is empty, not a number"),
]


def test_a_bad_row_stops_it_and_leaves_nothing(run: Run, tmp_path: Path) -> None:
    code, printed = run(HEADER + BAD)
    assert code == 65
    assert "in.csv, line 3: sensor_1 is not a number, such as 1.5; --on-error skip" in printed
    assert files(tmp_path) == set()


def test_bad_rows_are_put_aside_with_their_reasons(run: Run, tmp_path: Path) -> None:
    code, printed = run(HEADER + BAD, "--on-error", "skip")
    assert code == 0
    assert printed.startswith("3 of 6 rows scored to ")
    assert "3 rejected to " in printed
    assert [row["class"] for row in table(tmp_path / "out.csv")] == CLASSES
    aside = table(tmp_path / "out.csv.bad.csv")
    assert [(row["line"], row["reason"]) for row in aside] == REASONS
    assert aside[0]["sensor_1"] == "x"


def test_what_an_earlier_run_put_aside_does_not_stay(run: Run, tmp_path: Path) -> None:
    run(HEADER + BAD, "--on-error", "skip")
    assert run(HEADER + GOOD, "--on-error", "skip")[0] == 0
    assert files(tmp_path) == {"out.csv"}


ODD = {
    "a byte order mark": b"\xef\xbb\xbf" + (HEADER + GOOD).encode(),
    "mixed line ends": b"sensor_1,sensor_2\r\n1,1\n2.0,-1\r3,0\r\n",
    "blank lines": b"sensor_1,sensor_2\n\n1,1\n\n\n2.0,-1\n3,0",
    "quotes": b'"sensor_1","sensor_2"\n"1","1"\n"2.0","-1"\n"3","0"\n',
    "a quoted cell of several lines": b'note,sensor_1,sensor_2\n"a\nb\n",1,1\nc,2.0,-1\nd,3,0\n',
    "columns in another order": b"sensor_2,sensor_1\n1,1\n-1,2.0\n0,3\n",
}


@pytest.mark.parametrize("content", ODD.values(), ids=ODD)
def test_an_odd_file_gets_the_right_answer(run: Run, tmp_path: Path, content: bytes) -> None:
    assert run(content)[0] == 0
    assert [row["class"] for row in table(tmp_path / "out.csv")] == CLASSES


UNFIT = {
    "nothing": ("", "has no header line"),
    "a missing column": ("sensor_1,senser_2\n1,1\n", "has no column sensor_2; did you mean sensor"),
    "a column twice": ("sensor_1,sensor_2,sensor_1\n1,1,1\n", "occurs more than once"),
    "a column as the output's": ("sensor_1,sensor_2,class\n1,1,0\n", "has a column class"),
    "a cell of a million characters": (HEADER + "1," + "9" * 10**6, "line 2: field larger than"),
    "a quote that never ends": (HEADER + '1,"1\n' + "1,1\n" * 50_000, "field larger than"),
    "Latin-1": ((HEADER + "1,1\nä,1\n").encode("latin-1"), "is not utf-8"),
    "a number out of range": (HEADER + "1e999,1\n", "line 2: sensor_1 is out of range"),
}


@pytest.mark.parametrize(("content", "hint"), UNFIT.values(), ids=UNFIT)
def test_a_file_that_cannot_be_scored_is_reported_in_one_line(
    run: Run, tmp_path: Path, content: str | bytes, hint: str
) -> None:
    code, printed = run(content)
    assert code == 65
    assert hint in printed
    assert files(tmp_path) == set()


def test_another_encoding_is_named(run: Run, tmp_path: Path) -> None:
    content = "note,sensor_1,sensor_2\nä,1,1\n".encode("latin-1")
    assert run(content, "--encoding", "latin-1")[0] == 0
    assert table(tmp_path / "out.csv")[0]["note"] == "ä"
    assert run(content, "--encoding", "klingon")[0] == 65


def test_files_that_are_not_there_have_codes_of_their_own(
    artifact: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    there, missing = tmp_path / "in.csv", str(tmp_path / "no" / "file.csv")
    there.write_text(HEADER + GOOD)
    out = str(tmp_path / "out.csv")
    assert main(["predict", str(artifact), missing, out]) == 66
    assert main(["predict", str(tmp_path / "no"), str(there), out]) == 66
    assert main(["predict", str(artifact), str(there), missing]) == 73
    assert main(["predict", str(artifact), str(there), str(there)]) == 73
    assert capsys.readouterr().err.count("\n") == 4
    assert there.read_text() == HEADER + GOOD
