"""A file is read in blocks, most of them in a fast way; the output is the same."""

import csv
import io
import os
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from service.__main__ import main
from service.batch import csv_rows, text_file
from service.batch.csv_table import CsvTable
from service.batch.tables import InputError
from service.model.signature import Input
from tests.batch.conftest import HEADER

COLUMNS = (
    Input(name="a", kind="number", dtype="float64", lowest=-9.0, highest=9.0),
    Input(name="b", kind="category", dtype="object", categories=("x",)),
)
CELLS = st.sampled_from(["1", "-0", "1e5", " 2", "+3", "1_0", "", "x", "é", "%b", "\u2028", "[1"])
PIECES = st.one_of(CELLS, st.sampled_from([",", ",", "\n", "\r\n", "\r", '"', '""', '"a\nb"']))
PLAIN = st.lists(st.tuples(CELLS, CELLS).map(",".join), min_size=1).map("\n".join)
TEXTS = st.lists(PIECES).map("".join) | PLAIN


@given(TEXTS, st.sampled_from([("a",), ("a", "b")]))
@example("1,2\r\n3,4\n", ("a", "b"))
@example("1,2\n" + "9" * 140_000 + ",1", ("a", "b"))
@example("1,2,3\n1\n", ("a", "b"))
@example("1\n\n2", ("a",))
@example("-1.5e-3, 2\n0,30", ("a", "b"))
@settings(deadline=None)
def test_rows_that_are_split_are_those_of_the_csv_module(
    content: str, header: tuple[str, ...]
) -> None:
    fast = csv_rows.uniform_rows(7, content, header)
    if fast is None:
        return
    reader = csv.reader(io.StringIO(content, newline=""), strict=True)
    cells = list(reader)  # csv.Error, if a cell is too long for it
    exact = csv_rows.RaggedRows(range(8, 8 + len(cells)), cells, header)
    assert (len(fast), fast.malformed) == (len(exact), exact.malformed)
    places = range(len(exact))
    for some in places, places[1:]:
        printed = [[b"yes"] * len(some), [b"%b"] * len(some)]
        assert fast.with_columns(some, printed[:1]) == exact.with_columns(some, printed[:1])
        assert fast.with_columns(some, printed) == exact.with_columns(some, printed)
    for place in places:
        assert fast.number(place) == exact.number(place)
        assert list(fast.cells(place)) == list(exact.cells(place))
    for column in COLUMNS[: len(header)]:
        assert list(fast.values(column)) == list(exact.values(column))


@given(TEXTS, st.integers(1, 20))
@example('1,"a\nb\nc"\n3,4\n', 3)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_rows_of_a_file_are_those_of_the_csv_module(
    tmp_path: Path, content: str, size: int
) -> None:
    content = "a,b\n" + content
    path = tmp_path / "in.csv"
    path.write_text(content, newline="")
    found = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_file, "BLOCK_CHARACTERS", size)
        table = CsvTable(path, "utf-8", ["a", "b"])
        try:
            for block in table.blocks():
                some = table.rows(block)
                found += [(some.number(i), list(some.cells(i))) for i in range(len(some))]
        except InputError:
            found = []
        finally:
            table.close()
    reader = csv.reader(io.StringIO(content, newline=""), strict=True)
    try:
        wanted = [(reader.line_num, cells) for cells in reader if cells]
    except csv.Error:
        wanted = []
    assert found == wanted[1:]


def test_plain_rows_are_split() -> None:
    assert csv_rows.uniform_rows(0, "1,2\r\n3,4\r\n", ["a", "b"])


def test_several_processes_write_the_same_as_one(
    artifact: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_file, "BLOCK_CHARACTERS", 100)
    lines = [f"{i / 7},{'x' if i % 10 == 4 else 1}" for i in range(200)]
    lines[50] = f'"{50 / 7}",1'
    lines[90] = "1"
    source = tmp_path / "in.csv"
    source.write_text(HEADER + "\n".join(lines))
    written = []
    for processes in ("1", "3"):
        output = tmp_path / f"{processes}.csv"
        arguments = [str(artifact), str(source), str(output), "--processes", processes]
        assert main(["predict", *arguments, "--on-error", "skip"]) == 0
        bad = tmp_path / f"{processes}.csv.bad.csv"
        written.append((output.read_bytes(), bad.read_bytes()))
    assert written[0] == written[1]
    assert written[0][1].count(b"\n") == 1 + 20 + 1


def test_a_process_that_is_killed_is_reported(
    artifact: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(text_file, "BLOCK_CHARACTERS", 100)
    source = tmp_path / "in.csv"
    source.write_text(HEADER + "1,1\n" * 200)
    first = os.getpid()

    def deadly(block: object) -> None:
        if os.getpid() != first:
            os.kill(os.getpid(), signal.SIGKILL)

    monkeypatch.setattr("service.batch.output.Work.__call__", lambda self, block: deadly(block))
    arguments = [str(artifact), str(source), str(tmp_path / "out.csv"), "--processes", "2"]
    assert main(["predict", *arguments]) == 75
    printed = capsys.readouterr().err
    assert printed.count("\n") == 1
    assert "a worker process was killed" in printed
