"""Parquet files: the right answer with real types, or one clear line."""

import datetime
import decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from service.__main__ import main
from tests.batch.conftest import CLASSES, GOOD_COLUMNS, answered, files, table
from tests.support.packed import folder_of, packed

DAY = datetime.datetime(2026, 1, 2, 3, 4, 5, 678901)


def test_rows_of_csv_become_columns_with_types(artifact: Path, tmp_path: Path) -> None:
    source, output = tmp_path / "in.csv", tmp_path / "out.parquet"
    source.write_text("id,sensor_1,sensor_2\n007,1,1\n,2.0,-1\nx,y,1\n1,2\nb,3,0\n")
    arguments = [str(artifact), str(source), str(output), "--confidence", "--on-error", "skip"]
    assert main(["predict", *arguments]) == 0
    found = pq.read_table(output)
    names = ["id", "sensor_1", "sensor_2", "class", "probability_0.0", "probability_1.0"]
    assert found.schema.names == names
    assert found.schema.types == [pa.string(), *[pa.float64()] * 5]
    assert found["id"].to_pylist() == ["007", None, "b"]
    assert found["sensor_1"].to_pylist() == [1.0, 2.0, 3.0]
    assert answered(output) == CLASSES
    aside = table(tmp_path / "out.parquet.bad.csv")
    assert [(row["line"], row["reason"]) for row in aside] == [
        ("4", "sensor_1 is not a number, such as 1.5"),
        ("5", "has 2 cells, the header has 3"),
    ]


@pytest.mark.parametrize("name", ["mixed table, open categories", "text within a frame"])
def test_a_file_gets_what_requests_get(name: str, tmp_path: Path) -> None:
    _, predictor, client = packed(name)
    golden = predictor.manifest.golden.inputs
    first, second, third = (
        tmp_path / f"{i}.{end}" for i, end in enumerate(["parquet", "csv", "pq"])
    )
    pq.write_table(pa.table(dict(golden)), first)
    for source, output in ((first, second), (first, third)):
        assert main(["predict", str(folder_of(name)), str(source), str(output), "--only"]) == 0
    answer = client.post("/predict", json=dict(golden)).get_json()
    assert pq.read_table(third).to_pydict() == answer
    assert [list(row) for row in zip(*answer.values(), strict=True)]
    text = {key: [str(value) for value in values] for key, values in answer.items()}
    assert {key: [row[key] for row in table(second)] for key in text} == text


def test_what_is_kept_keeps_its_type(score: Any, tmp_path: Path) -> None:
    kept = {
        "when": pa.array([DAY, None, DAY], pa.timestamp("ns", "UTC")),
        "tags": pa.array([["a", "b"], [], None]),
        "place": pa.array([{"x": 1}, {"x": None}, {"x": 3}]),
        "price": pa.array([decimal.Decimal("1.50"), None, decimal.Decimal("0.00")]),
        "count": pa.array([2**63, 1, None], pa.uint64()),
        "ok": pa.array([True, None, False]),
        "short": pa.array([0.1, float("nan"), 1.0], pa.float32()),
        "note": pa.array(["x" * 10**6, "", 'a"b\n']),
        "raw": pa.array([b"\xff\x00", None, b""]),
    }
    code, _ = score(
        {**GOOD_COLUMNS, **kept, "kind": pa.array(list("aba")).dictionary_encode()}, "out.parquet"
    )
    assert code == 0
    found = pq.read_table(tmp_path / "out.parquet")
    for name, column in kept.items():
        if name != "short":  # in which nothing equals itself
            assert found[name].combine_chunks().equals(column)
    assert found["kind"].combine_chunks().equals(pa.array(list("aba")))
    assert answered(tmp_path / "out.parquet") == CLASSES


def test_what_csv_has_no_type_for_is_text(score: Any, tmp_path: Path) -> None:
    kept = {
        "when": pa.array([DAY, None, DAY], pa.timestamp("us")),
        "tags": pa.array([["a", "b"], [], None]),
        "price": pa.array([decimal.Decimal("1.50"), None, decimal.Decimal("0.00")]),
        "ok": pa.array([True, None, False]),
        "short": pa.array([0.1, float("nan"), 1.0], pa.float32()),
        "note": pa.array(["a,b", "", 'a"b\n']),
        "raw": pa.array([b"\xff\x00", None, b""]),
    }
    assert score({**GOOD_COLUMNS, **kept}, "out.csv")[0] == 0
    rows = table(tmp_path / "out.csv")
    assert [row["class"] for row in rows] == CLASSES
    assert {name: [row[name] for row in rows] for name in kept} == {
        "when": ["2026-01-02 03:04:05.678901", "", "2026-01-02 03:04:05.678901"],
        "tags": ['["a","b"]', "[]", ""],
        "price": ["1.50", "", "0.00"],
        "ok": ["true", "", "false"],
        "short": ["0.1", "", "1.0"],
        "note": ["a,b", "", 'a"b\n'],
        "raw": ["ff00", "", ""],
    }


FITTING = {
    "small integers": pa.array([1, 2, 3], pa.int8()),
    "unsigned integers": pa.array([1, 2, 3], pa.uint64()),
    "float32": pa.array([1, 2, 3], pa.float32()),
    "decimals": pa.array([decimal.Decimal(text) for text in ("1.00", "2.00", "3.00")]),
    "a dictionary": pa.array([1.0, 2.0, 3.0]).dictionary_encode(),
}


@pytest.mark.parametrize("column", FITTING.values(), ids=FITTING)
def test_numbers_of_any_type_are_numbers(score: Any, tmp_path: Path, column: Any) -> None:
    assert score({**GOOD_COLUMNS, "sensor_1": column}, "out.parquet")[0] == 0
    assert answered(tmp_path / "out.parquet") == CLASSES


UNFIT = {
    "lists": pa.array([[1.0]] * 3),
    "objects": pa.array([{"x": 1}] * 3),
    "bytes": pa.array([b"1"] * 3),
    "durations": pa.array([1] * 3, pa.duration("s")),
}


def test_times_are_no_numbers(score: Any, tmp_path: Path) -> None:
    code, printed = score({**GOOD_COLUMNS, "sensor_1": pa.array([DAY] * 3)}, "out.parquet")
    assert code == 65
    assert "row 1: sensor_1 is a string, not a number" in printed


@pytest.mark.parametrize("column", UNFIT.values(), ids=UNFIT)
def test_what_no_model_takes_is_reported(score: Any, tmp_path: Path, column: Any) -> None:
    code, printed = score({**GOOD_COLUMNS, "sensor_1": column}, "out.parquet")
    assert code == 65
    assert "the column sensor_1 is " in printed
    assert ", which no model accepts: convert it to numbers" in printed
    assert files(tmp_path) == set()
