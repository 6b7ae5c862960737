"""Parquet files that are damaged, or have rows that do not fit; and runs that were ended."""

import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from service.__main__ import main
from service.batch import parquet_table
from tests.batch.conftest import CLASSES, GOOD, GOOD_COLUMNS, HEADER, Run, answered, files, table
from tests.batch.test_interrupted import interrupt


@pytest.mark.parametrize("output", ["out.parquet", "out.csv"])
def test_bad_rows_are_put_aside_with_their_reasons(score: Any, tmp_path: Path, output: str) -> None:
    first = [1.0, None, float("nan"), 2.0, float("inf"), 3.0]
    columns = {"sensor_1": first, "sensor_2": [1, 1, 1, -1, 1, 0], "tags": [["a"]] * 6}
    code, printed = score(columns, output)
    assert code == 65
    assert "in.parquet, row 2: sensor_1 is null, not a number" in printed
    assert score(columns, output, "--on-error", "skip")[0] == 0
    aside = table(tmp_path / f"{output}.bad.csv")
    assert [(row["row"], row["tags"]) for row in aside] == [(n, '["a"]') for n in "235"]
    assert [row["reason"] for row in aside[:2]] == ["sensor_1 is null, not a number"] * 2
    assert "sensor_1 is out of range" in aside[2]["reason"]
    path = tmp_path / output
    assert (
        answered(path) if output == "out.parquet" else [row["class"] for row in table(path)]
    ) == CLASSES


def test_text_is_no_number(score: Any) -> None:
    code, printed = score({**GOOD_COLUMNS, "sensor_1": ["1", "2", "3"]}, "out.csv")
    assert (code, "row 1: sensor_1 is a string, not a number" in printed) == (65, True)


def test_a_file_without_rows_gives_one_without_rows(score: Any, tmp_path: Path) -> None:
    columns = {name: pa.array([], pa.float64()) for name in GOOD_COLUMNS}
    assert score(columns, "out.parquet")[0] == 0
    assert pq.read_table(tmp_path / "out.parquet").num_rows == 0


def damaged(content: bytes) -> bytes:
    return content[:8] + bytes(40) + content[48:]


BROKEN = {
    "another file": lambda content: b"sensor_1,sensor_2\n1,1\n",
    "nothing": lambda content: b"",
    "a part": lambda content: content[:-20],
    "other bytes": damaged,
}


@pytest.mark.parametrize("spoil", BROKEN.values(), ids=BROKEN)
def test_a_damaged_file_is_reported(score: Any, tmp_path: Path, spoil: Any) -> None:
    source = tmp_path / "in.parquet"
    pq.write_table(pa.table(GOOD_COLUMNS), source, compression="zstd")
    source.write_bytes(spoil(source.read_bytes()))
    code, printed = score(None, "out.parquet")
    assert (code, "in.parquet: cannot be read as Parquet (" in printed) == (65, True)
    assert files(tmp_path) == set()


def test_columns_are_looked_for_by_name(score: Any, tmp_path: Path) -> None:
    code, printed = score({"sensor_1": [1.0], "senser_2": [1.0]}, "out.csv")
    assert (code, "has no column sensor_2; did you mean " in printed) == (65, True)
    (tmp_path / "in.parquet").unlink()
    twice = pa.table([[1.0], [1.0], [1.0]], names=["sensor_1", "sensor_2", "sensor_1"])
    code, printed = score(twice, "out.csv")
    assert (code, "the column sensor_1 occurs more than once" in printed) == (65, True)


@pytest.mark.parametrize("output", ["out.parquet", "out.csv"])
@pytest.mark.parametrize("processes", ["1", "3"])
def test_an_interrupted_run_resumes(
    score: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, output: str, processes: str
) -> None:
    monkeypatch.setattr(parquet_table, "BATCH_ROWS", 7)
    monkeypatch.setattr("service.batch.command.SAVE_SECONDS", -1.0)
    columns = {"sensor_1": [i / 7 if i % 10 else None for i in range(40)], "sensor_2": [1] * 40}
    options = (output, "--on-error", "skip", "--processes", processes)
    assert score(columns, *options)[0] == 0
    whole = {name: (tmp_path / name).read_bytes() for name in files(tmp_path)}
    for name in whole:
        (tmp_path / name).unlink()
    with monkeypatch.context() as patch:
        interrupt(patch, 3)
        assert score(columns, *options)[0] == 130
    assert output not in files(tmp_path)
    with (tmp_path / f"{output}.part").open("ab") as part:
        part.write(b"what was not certain" * 1000)
    code, printed = score(columns, *options)
    assert (code, "(resumed after 21)" in printed) == (0, True)
    assert {name: (tmp_path / name).read_bytes() for name in files(tmp_path)} == whole


def test_the_error_without_pyarrow_names_what_to_install(
    run: Run, tmp_path: Path, score: Any, monkeypatch: pytest.MonkeyPatch, artifact: Path
) -> None:
    pq.write_table(pa.table(GOOD_COLUMNS), tmp_path / "in.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    code, printed = score(None, "out.csv")
    assert (code, "pip install pyarrow" in printed) == (69, True)
    (tmp_path / "in.csv").write_text(HEADER + GOOD)
    arguments = [str(artifact), str(tmp_path / "in.csv"), str(tmp_path / "out.parquet")]
    assert main(["predict", *arguments]) == 69
    assert run(HEADER + GOOD)[0] == 0
