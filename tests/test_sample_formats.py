"""A sample in another format, or with another separator, is refused with what to do; it works."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression

from slipway.command import main
from training.errors import DataError
from training.samples import sample

NAMES = ["0", "1", "2"]
ROWS = np.random.default_rng(0).normal(size=(40, 3)).round(3)
FRAME = pd.DataFrame(ROWS, columns=NAMES)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.joblib"
    joblib.dump(LogisticRegression().fit(ROWS, ROWS[:, 0] > 0), path)
    return path


Write = Callable[[Path], object]
FILES: dict[str, Write] = {
    "rows.npy": lambda path: np.save(path, ROWS),
    "rows.npz": lambda path: np.savez(path, train=ROWS, other=ROWS[0]),
    "rows.json": lambda path: FRAME.to_json(path, orient="records"),
    "by column.json": lambda path: FRAME.to_json(path),
    "rows.ndjson": lambda path: FRAME.to_json(path, orient="records", lines=True),
    "rows.pkl": lambda path: FRAME.to_pickle(path),
    "rows.csv.gz": lambda path: FRAME.to_csv(path, index=False),
    "it's.csv.zip": lambda path: FRAME.to_csv(path, index=False),
}


@pytest.mark.parametrize(("name", "write"), FILES.items(), ids=FILES)
def test_the_line_that_converts_a_file_gives_a_sample_that_is_read(
    name: str, write: Write, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = tmp_path / name
    write(given)
    pack = ["pack", str(model), "--out", str(tmp_path / "packed"), "--sample"]
    assert main([*pack, str(given)]) == os.EX_DATAERR
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "CSV, or .parquet, .arrow or .feather" in err
    line = err.rstrip("\n").partition("this converts it to ")[2]
    target, _, command = line.partition(": ")
    subprocess.run(["sh", "-c", command], check=True, cwd=tmp_path, capture_output=True)
    assert np.allclose(pd.read_csv(target).to_numpy(), ROWS)
    assert main([*pack, target]) == 0


def test_a_workbook_names_the_package_that_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "rows.xlsx"
    path.write_bytes(b"PK\x03\x04")
    with pytest.raises(DataError, match=r"is a workbook of Excel.*read_excel") as caught:
        sample.read(path)
    has_reader = find_spec("openpyxl") is not None
    assert ("pip install openpyxl" in str(caught.value)) is not has_reader


def test_text_of_digits_stays_text_in_converted_json(tmp_path: Path) -> None:
    path = tmp_path / "codes.json"
    path.write_text(json.dumps([{"code": "01113"}, {"code": "27964"}]))
    with pytest.raises(DataError) as caught:
        sample.read(path)
    command = str(caught.value).rpartition(".csv: ")[2]
    subprocess.run(["sh", "-c", command], check=True, capture_output=True)
    assert (tmp_path / "codes.csv").read_text() == "code\n01113\n27964\n"


SEPARATED = {";": "';'", "\t": "tab", "|": "'|'"}


@pytest.mark.parametrize(("separator", "spelling"), SEPARATED.items(), ids=SEPARATED.values())
@pytest.mark.parametrize("named", [True, False])
def test_another_separator_is_named_and_read(
    separator: str, spelling: str, named: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = FRAME.set_axis(["a", "b", "c"], axis=1)
    model = LogisticRegression().fit(frame if named else frame.to_numpy(), ROWS[:, 0] > 0)
    joblib.dump(model, tmp_path / "model.joblib")
    frame.to_csv(tmp_path / "rows.csv", index=False, sep=separator)
    pack = ["pack", str(tmp_path / "model.joblib"), "--sample", str(tmp_path / "rows.csv")]
    pack += ["--out", str(tmp_path / "packed"), "--example", str(tmp_path / "rows.csv")]
    frame.head(2).to_csv(tmp_path / "rows.csv", index=False, sep=separator)
    assert main(pack) == os.EX_DATAERR
    assert f"use --separator {spelling}" in capsys.readouterr().err
    assert main([*pack, "--separator", spelling.strip("'")]) == 0
    diff = ["diff", *[str(tmp_path / "packed")] * 2, "--sample", str(tmp_path / "rows.csv")]
    capsys.readouterr()
    assert main([*diff, "--separator", separator]) == 0
    assert "0 of 2 differ" in capsys.readouterr().out


def test_rows_with_decimal_commas_name_the_separator(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("a;b\n1,5;2\n")
    with pytest.raises(DataError, match="row 1 .* use --separator ';'"):
        sample.read(tmp_path / "rows.csv")


@pytest.mark.parametrize("named", [True, False], ids=["frame", "array"])
def test_decimal_commas_give_the_artifact_that_points_give(
    named: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = FRAME.set_axis(["a", "b", "c"], axis=1).assign(c=range(40))
    frame.loc[3, "b"] = np.nan
    rows = frame if named else frame.to_numpy()
    joblib.dump(HistGradientBoostingRegressor().fit(rows, ROWS[:, 0]), tmp_path / "model.joblib")
    pack = ["pack", str(tmp_path / "model.joblib"), "--out", str(tmp_path / "packed"), "--sample"]
    european = ["--separator", ";", "--decimal", ","]
    versions = []
    for decimal, options in ((".", european[:2]), (",", european)):
        path = tmp_path / f"rows{decimal}.csv"
        frame.to_csv(path, index=False, sep=";", decimal=decimal)
        assert main([*pack, str(path), *options]) == 0
        versions.append(json.loads((tmp_path / "packed/manifest.json").read_text())["version"])
    assert versions[0] == versions[1]
    capsys.readouterr()
    assert main([*pack, str(path), "--separator", ";"]) == os.EX_DATAERR
    assert capsys.readouterr().err.endswith("; a has decimal commas: use --decimal ,\n")
    assert main([*pack, str(path), "--decimal", ","]) == os.EX_DATAERR
    assert "needs another separator" in capsys.readouterr().err


def test_text_keeps_its_commas_beside_decimal_commas(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("a;b;c\n1,5;1,5 m;1.5\n2;x;2,5\n")
    read = sample.read(tmp_path / "rows.csv", separator=";", decimal=",")
    assert [column.values for column in read.columns.values()] == [
        [1.5, 2.0], ["1,5 m", "x"], ["1.5", "2,5"]
    ]  # fmt: skip


def test_a_column_of_text_may_have_any_separator(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("text; of users\nbroken; please help\nfine\n")
    assert list(sample.read(tmp_path / "rows.csv").columns) == ["text; of users"]


def test_the_python_of_the_line_is_this_one(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", ROWS)
    with pytest.raises(DataError) as caught:
        sample.read(tmp_path / "x.npy")
    assert f": {sys.executable} -c " in str(caught.value)
