"""docs/files.md: its commands work as documented, each in a shell, on files as described."""

import codecs
import gzip
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pyarrow as pa
import pytest

from tests.batch.conftest import CLASSES, GOOD, HEADER
from tests.support.serving import ROOT, clean_environment
from tests.support.stranger import commands

LINES = commands((ROOT / "docs/files.md").read_text())
OBJECTS = [{"sensor_1": a, "sensor_2": b} for a, b in ((1, 1), (2.0, -1), (3, 0))]
TABBED = (HEADER + GOOD).replace(",", "\t")
INPUTS = {
    "readings.csv": (HEADER + GOOD).encode(),
    "readings.csv.gz": gzip.compress((HEADER + GOOD).encode()),
    "readings.jsonl": "".join(json.dumps(row) + "\n" for row in OBJECTS).encode(),
    "export.csv": "sensor_1;sensor_2\r\n1;1\r\n2,0;-1,0\r\n3;0\r\n".encode("utf-8-sig"),
    "unicode.txt": codecs.BOM_UTF16_LE + TABBED.replace("\n", "\r\n").encode("utf-16-le"),
    "latin.csv": "sensor_1,sensor_2,où\n1,1,é\n2.0,-1,é\n3,0,é\n".encode("latin-1"),
}


def last_cells(text: str, separator: str = ",") -> list[str]:
    """The last cell of each row."""
    return [line.rpartition(separator)[2] for line in text.splitlines()[1:]]


def unpacked(path: Path) -> str:
    with pa.input_stream(str(path), compression="zstd") as file:
        return bytes(file.read()).decode()


def classes_of_objects(path: Path) -> list[str]:
    return [str(json.loads(line)["class"]) for line in path.read_text().splitlines()]


# What each command leaves, by a part of it: the output's name, and how its classes are read.
LEAVES: Mapping[str, tuple[str, Callable[[Path], list[str]]]] = {
    "--confidence": (
        "scored.csv",
        lambda path: [line.split(",")[2] for line in path.read_text().splitlines()[1:]],
    ),
    "--decimal": (
        "scored.csv",
        lambda path: [cell.replace(",", ".") for cell in last_cells(path.read_text(), ";")],
    ),
    "unicode.txt": ("scored.txt", lambda path: last_cells(path.read_text(), "\t")),
    "latin-1": ("scored.csv", lambda path: last_cells(path.read_text("utf-8"))),
    "readings.csv.gz scored": ("scored.csv.zst", lambda path: last_cells(unpacked(path))),
    "readings.jsonl scored": ("scored.jsonl", classes_of_objects),
    "gzip -dc": ("classes.csv", lambda path: path.read_text().splitlines()[1:]),
    "--format jsonl": ("scored.jsonl", classes_of_objects),
    "--on-error": ("scored.csv", lambda path: last_cells(path.read_text())),
}


def test_each_command_of_the_page_is_tried() -> None:
    assert [sum(part in line for part in LEAVES) for line in LINES] == [1] * len(LINES)
    assert len(LINES) == len(LEAVES)


@pytest.mark.parametrize("part", LEAVES)
def test_the_page_s_commands_run(artifact: Path, tmp_path: Path, part: str) -> None:
    for name, content in INPUTS.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "artifacts").mkdir()
    for name, target in {
        ".venv": Path(sys.prefix),
        "service": ROOT / "service",
        "artifacts/model": artifact,
    }.items():
        (tmp_path / name).symlink_to(target)
    [line] = [line for line in LINES if part in line]
    done = subprocess.run(
        ["sh", "-c", line], cwd=tmp_path, env=clean_environment(), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "3 of 3 rows scored to " in done.stdout + done.stderr
    output, classes = LEAVES[part]
    assert classes(tmp_path / output) == CLASSES
