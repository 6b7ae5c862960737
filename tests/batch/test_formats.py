"""Compressed files, other separators, UTF-16, JSON Lines, standard input and output."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from service.__main__ import main
from tests.batch.conftest import CLASSES, GOOD, HEADER, classes
from tests.support.serving import ROOT, clean_environment

Printed = pytest.CaptureFixture[str]


def packed(content: bytes, ending: str) -> bytes:
    if ending.endswith(".gz"):
        return gzip.compress(content)
    return bytes(pa.Codec("zstd").compress(content, asbytes=True))


def unpacked(content: bytes, ending: str) -> bytes:
    if ending.endswith(".gz"):
        return gzip.decompress(content)
    with pa.input_stream(pa.BufferReader(content), compression="zstd") as file:
        return bytes(file.read())


@pytest.mark.parametrize("ending", [".gz", ".zst"])
def test_the_suffix_determines_the_compression(artifact: Path, tmp_path: Path, ending: str) -> None:
    source, output = tmp_path / f"in.csv{ending}", tmp_path / f"out.csv{ending}"
    source.write_bytes(packed((HEADER + GOOD).encode(), ending))
    assert main(["predict", str(artifact), str(source), str(output)]) == 0
    assert classes(unpacked(output.read_bytes(), ending).decode()) == CLASSES
    first = output.read_bytes()
    assert main(["predict", str(artifact), str(source), str(output)]) == 0
    assert output.read_bytes() == first
    assert {path.name for path in tmp_path.iterdir()} == {source.name, output.name}


@pytest.mark.parametrize("ending", [".bz2", ".xz", ".zip"])
def test_other_compressions_are_refused(
    artifact: Path, tmp_path: Path, capsys: Printed, ending: str
) -> None:
    source, output = tmp_path / "in.csv", tmp_path / f"out.csv{ending}"
    source.write_text(HEADER + GOOD)
    assert main(["predict", str(artifact), str(source), str(output)]) == 65
    assert ".gz (gzip) and .zst (Zstandard) can" in capsys.readouterr().err
    assert not output.exists()


@pytest.mark.parametrize("processes", ["1", "2"])
def test_semicolons_and_decimal_commas(artifact: Path, tmp_path: Path, processes: str) -> None:
    source, output = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("sensor_1;sensor_2\n1,5;1\n2,0;-1\n1.000;1\n")
    options = ["--separator", ";", "--decimal", ",", "--processes", processes]
    paths = [str(artifact), str(source), str(output)]
    assert main(["predict", *paths, *options, "--on-error", "skip"]) == 0
    assert output.read_text() == "sensor_1;sensor_2;class\n1,5;1;0,0\n2,0;-1;1,0\n"
    aside = Path(f"{output}.bad.csv").read_text().splitlines()
    assert aside[1].startswith("4;")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_a_byte_order_mark_names_the_encoding(
    artifact: Path, tmp_path: Path, encoding: str
) -> None:
    source, output = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_bytes((HEADER + GOOD).encode(encoding))
    assert main(["predict", str(artifact), str(source), str(output)]) == 0
    assert classes(output.read_text()) == CLASSES


def test_a_wrong_separator_is_reported(artifact: Path, tmp_path: Path, capsys: Printed) -> None:
    source = tmp_path / "in.csv"
    source.write_text("sensor_1;sensor_2\n1;1\n")
    assert main(["predict", str(artifact), str(source), str(tmp_path / "out.csv")]) == 65
    assert "has semicolons and no commas; use --separator ';'" in capsys.readouterr().err


def test_json_lines_keep_their_members_and_line_numbers(artifact: Path, tmp_path: Path) -> None:
    source, output = tmp_path / "in.jsonl", tmp_path / "out.ndjson"
    rows = [{"id": n, "sensor_1": a, "sensor_2": b} for n, a, b in [(1, 1, 1), (2, 2, -1)]]
    lines = [json.dumps(rows[0]), "", "nonsense", json.dumps(rows[1])]
    source.write_text("\n".join(lines))
    paths = [str(artifact), str(source), str(output)]
    assert main(["predict", *paths, "--on-error", "skip"]) == 0
    found = [json.loads(line) for line in output.read_text().splitlines()]
    assert found == [{**rows[0], "class": 0.0}, {**rows[1], "class": 1.0}]
    assert Path(f"{output}.bad.csv").read_text().splitlines()[1].startswith("3,")


def test_standard_input_is_scored_to_standard_output(artifact: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "slipway", "predict", str(artifact), "-", "-"],
        input=(HEADER + GOOD).encode(),
        capture_output=True,
        cwd=ROOT,
        env=clean_environment(),
    )
    assert done.returncode == 0, done.stderr
    assert classes(done.stdout.decode()) == CLASSES
    assert b"3 of 3 rows scored to standard output" in done.stderr
