"""Reading the readings: what is right comes through, what is wrong has a file, line and column."""

import hashlib
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from training.errors import DataError, MissingFileError
from training.sensor_example import data

GOOD = ["1.5,1,0.0", "3,0,1.0"] * 20


def written(folder: Path, *lines: str, encoding: str = "utf-8") -> Path:
    path = folder / "readings.csv"
    path.write_bytes("\n".join(lines).encode(encoding))
    return path


def fault(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        data.read(path)
    text = str(caught.value)
    assert "\n" not in text
    assert caught.value.exit_code == 65
    assert text.startswith(str(path))
    return text.removeprefix(str(path))


def test_the_committed_readings_are_read() -> None:
    readings = data.read(data.DEFAULT)
    assert readings.inputs.shape == (3000, 2)
    assert readings.target.shape == (3000,)
    assert readings.inputs.dtype == readings.target.dtype == np.float64
    assert readings.inputs[0].tolist() == [3.59, -0.17]
    assert readings.target[0] == 1.0
    assert readings.sha256 == hashlib.sha256(data.DEFAULT.read_bytes()).hexdigest()


def test_the_readme_makes_the_committed_readings_byte_for_byte(tmp_path: Path) -> None:
    readme = (data.DEFAULT.parent / "README.md").read_text()
    [script] = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True)
    assert (tmp_path / "sensors.csv").read_bytes() == data.DEFAULT.read_bytes()


def test_columns_are_found_by_name_and_others_left_alone(tmp_path: Path) -> None:
    lines = [f"x,{line.split(',')[2]},{line.split(',')[1]},{line.split(',')[0]}" for line in GOOD]
    readings = data.read(written(tmp_path, "time,class,sensor_2,sensor_1", *lines))
    assert readings.inputs[0].tolist() == [1.5, 1.0]
    assert readings.target[:2].tolist() == [0.0, 1.0]


def test_a_byte_order_mark_and_blank_lines_do_no_harm(tmp_path: Path) -> None:
    path = written(tmp_path, "\ufeffsensor_1,sensor_2,class", "", *GOOD, "")
    assert len(data.read(path).target) == 40


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match=r"none\.csv: cannot be read") as caught:
        data.read(tmp_path / "none.csv")
    assert caught.value.exit_code == 66


def test_an_empty_file_is_reported(tmp_path: Path) -> None:
    assert "line 1: the file is empty" in fault(written(tmp_path))


def test_a_header_alone_is_reported(tmp_path: Path) -> None:
    assert "line 2: there are no readings" in fault(written(tmp_path, "sensor_1,sensor_2,class"))


@pytest.mark.parametrize("missing", ["sensor_1", "sensor_2", "class"])
def test_a_missing_column_is_named(tmp_path: Path, missing: str) -> None:
    header = "sensor_1,sensor_2,class".replace(missing, "other")
    assert f"line 1: column {missing} is missing" in fault(written(tmp_path, header, *GOOD))


def test_a_column_that_is_there_twice_is_named(tmp_path: Path) -> None:
    path = written(tmp_path, "sensor_1,sensor_2,class,sensor_1", *GOOD)
    assert "column sensor_1 occurs more than once" in fault(path)


@pytest.mark.parametrize("text", ["n/a", "", "nan", "inf", "1e999", "1_0", "1;5"])
def test_a_cell_that_is_no_finite_number_has_line_and_column(tmp_path: Path, text: str) -> None:
    path = written(tmp_path, "sensor_1,sensor_2,class", *GOOD, f"1,{text},0.0")
    complaint = fault(path)
    assert "line 42, column sensor_2:" in complaint
    assert repr(text) in complaint


def test_a_class_that_is_none_has_line_and_column(tmp_path: Path) -> None:
    path = written(tmp_path, "sensor_1,sensor_2,class", "1,1,2", *GOOD)
    assert "line 2, column class: 2 is neither 0.0 nor 1.0" in fault(path)


def test_a_ragged_line_is_reported(tmp_path: Path) -> None:
    path = written(tmp_path, "sensor_1,sensor_2,class", *GOOD, "1,2")
    assert "line 42: has 2 cells, the header has 3 columns" in fault(path)


def test_one_class_only_is_reported(tmp_path: Path) -> None:
    path = written(tmp_path, "sensor_1,sensor_2,class", *["1,2,0.0"] * 50)
    assert "column class: 0 readings are of class 1.0" in fault(path)


def test_text_in_another_encoding_has_its_line(tmp_path: Path) -> None:
    path = written(tmp_path, "sensor_1,sensor_2,class", "1,1,é", encoding="latin-1")
    assert "line 2: is not UTF-8" in fault(path)


def test_an_unclosed_quote_is_reported(tmp_path: Path) -> None:
    path = written(tmp_path, "sensor_1,sensor_2,class", *GOOD, '"1,2,0.0')
    assert "is not CSV" in fault(path)
