"""Reading a sample: all rows are counted, few are kept, and nothing is inferred from the first."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.serving import ROOT
from training.errors import DataError, MissingFileError
from training.samples import sample
from training.samples.sample import CHUNK_ROWS, KEPT_ROWS


def written(folder: Path, *lines: str) -> Path:
    path = folder / "rows.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_kinds_are_the_narrowest_that_all_values_have(tmp_path: Path) -> None:
    path = written(tmp_path, "a,b,c,d,e", "1,1,True,x,1", "2,2.5,false,1,", "-3,1e3,,2,NA")
    columns = sample.read(path).columns
    assert {name: column.kind for name, column in columns.items()} == {
        "a": "integer",
        "b": "number",
        "c": "boolean",
        "d": "text",
        "e": "integer",
    }
    assert columns["b"].values == [1.0, 2.5, 1000.0]
    assert columns["c"].values == [True, False, None]
    assert columns["e"].values == [1, None, None]
    assert [column.missing for column in columns.values()] == [0, 0, 1, 0, 2]
    assert (columns["a"].minimum, columns["a"].maximum) == (-3.0, 2.0)


@pytest.mark.parametrize(
    ("late", "kind"), [("1.5", "number"), ("x", "text"), ("True", "text"), ("7", "integer")]
)
def test_the_last_row_counts_as_much_as_the_first(tmp_path: Path, late: str, kind: str) -> None:
    path = written(tmp_path, "a", *["1"] * (2 * CHUNK_ROWS + 5), late)
    column = sample.read(path).columns["a"]
    assert column.kind == kind


def test_a_boolean_followed_by_numbers_is_text(tmp_path: Path) -> None:
    path = written(tmp_path, "a", *["True"] * (CHUNK_ROWS + 1), "5")
    assert sample.read(path).columns["a"].kind == "text"


def test_a_column_without_any_value_is_text(tmp_path: Path) -> None:
    column = sample.read(written(tmp_path, "a,b", ",1", ",2")).columns["a"]
    assert (column.kind, column.missing, column.values) == ("text", 2, [None, None])


def test_every_value_is_counted_and_some_rows_are_kept(tmp_path: Path) -> None:
    rows = 3 * KEPT_ROWS
    path = written(
        tmp_path,
        "a,b",
        *(f"{row},{'rare' if row == rows - 1 else 'common'}" for row in range(rows)),
    )
    read = sample.read(path)
    assert (read.rows, read.kept) == (rows, KEPT_ROWS)
    counts = read.columns["b"].counts
    assert counts == {"common": rows - 1, "rare": 1}
    kept = read.columns["a"].values
    assert len(set(kept)) == KEPT_ROWS
    assert min(kept) < rows / 10
    assert max(kept) > rows * 9 / 10
    assert read.columns["a"].counts is None, "too many to be categories"
    assert sample.read(path).columns["a"].values == kept, "the same rows each time"


def test_numbers_may_have_spaces_around_them(tmp_path: Path) -> None:
    path = written(tmp_path, "a, b, c", "1, 2, True", "3, NA, False")
    columns = sample.read(path).named((), None)[0].columns
    assert {name: column.kind for name, column in columns.items()} == {
        "a": "integer",
        "b": "integer",
        "c": "boolean",
    }
    assert columns["b"].values == [2, None]
    assert columns["c"].values == [True, False]


def test_rows_after_many_blank_lines_count(tmp_path: Path) -> None:
    path = written(tmp_path, "a,b", "1,2", *[""] * (2 * CHUNK_ROWS), "3,4")
    assert sample.read(path).columns["a"].values == [1, 3]


def test_a_cell_with_a_line_break_is_text(tmp_path: Path) -> None:
    column = sample.read(written(tmp_path, "a,b", '"1\n2",1', "3,4")).columns["a"]
    assert (column.kind, column.values) == ("text", ["1\n2", "3"])


def test_counted_columns_are_a_header(tmp_path: Path) -> None:
    columns = sample.read(written(tmp_path, "0,1", "5,6")).columns
    assert {name: column.values for name, column in columns.items()} == {"0": [5], "1": [6]}


def test_columns_that_a_model_names_are_a_header_even_if_they_are_numbers(tmp_path: Path) -> None:
    path = written(tmp_path, "2019,2020", "5,6")
    assert list(sample.read(path, named=True).columns) == ["2019", "2020"]
    assert list(sample.read(path).columns) == ["x0", "x1"]
    assert sample.read(path).is_headless
    path.write_text("x0,x1\n1,2\n")
    assert not sample.read(path).is_headless, "these may be the names of a header line, too"


def test_a_file_without_a_header_gets_names(tmp_path: Path) -> None:
    columns = sample.read(written(tmp_path, "1,2.5", "3,4")).columns
    assert {name: column.values for name, column in columns.items()} == {
        "x0": [1, 3],
        "x1": [2.5, 4.0],
    }


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        ([""], "the file is empty"),
        (["a,b"], "there are no rows"),
        (["a,a", "1,2"], "column a occurs more than once"),
        (["a,b", "1,2", "1"], "row 2 below the header: has 1 cells"),
        (['a,"b', "1,2"], "is not CSV"),
    ],
)
def test_what_is_no_table_is_reported(tmp_path: Path, lines: list[str], complaint: str) -> None:
    with pytest.raises(DataError, match=complaint):
        sample.read(written(tmp_path, *lines))


def test_a_file_that_is_no_text_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(b"a,b\n1,2\n\xff\xfe,3\n")
    with pytest.raises(DataError, match="is not UTF-8"):
        sample.read(path)


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="cannot be read"):
        sample.read(tmp_path / "none.csv")


def test_progress_is_reported_in_bytes(tmp_path: Path) -> None:
    path = written(tmp_path, "a,b", "1,2", "3,4")
    sizes: list[int] = []
    sample.read(path, sizes.append)
    assert sum(sizes) == path.stat().st_size


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads its memory in /proc")
def test_a_million_rows_are_packed_in_bounded_memory(tmp_path: Path) -> None:
    make = (
        "import joblib, numpy as np, sys\n"
        "from sklearn.linear_model import LogisticRegression\n"
        "rows = np.random.default_rng(0).normal(size=(1_000_000, 5)).round(4)\n"
        "joblib.dump(LogisticRegression().fit(rows[:2000], rows[:2000, 0] > 0), sys.argv[1])\n"
        "np.savetxt(sys.argv[2], rows, '%.4f', ',', header='a,b,c,d,e', comments='')\n"
    )
    model, rows = tmp_path / "model.joblib", tmp_path / "rows.csv"
    subprocess.run([sys.executable, "-c", make, model, rows], check=True, cwd=ROOT)
    pack = "import sys; from training.__main__ import main; print(main(sys.argv[1:]))"
    words = map(str, ("pack", model, "--sample", rows, "--out", tmp_path / "a"))
    packing = subprocess.run(
        [sys.executable, "-c", f"{pack}; print(open('/proc/self/status').read())", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "1000000 rows" in packing.stdout
    [peak] = re.findall(r"^VmHWM:\s+(\d+) kB$", packing.stdout, re.MULTILINE)
    assert int(peak) < 1_000_000
