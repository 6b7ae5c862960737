"""Read labelled sensor readings from CSV, strictly: every fault has a file, a line and a column."""

import csv
import hashlib
import io
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from service.model import numbers
from training.errors import DataError, MissingFileError

INPUTS = ("sensor_1", "sensor_2")
TARGET = "class"
CLASSES = (0.0, 1.0)
LEAST_ROWS = 20  # of each class: enough for a held-out quarter and five folds
DEFAULT = Path(__file__).parent / "data" / "sensors.csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """`inputs` has shape (rows, 2) in the order of INPUTS, `target` shape (rows,); both float64."""

    path: Path
    sha256: str
    inputs: NDArray[np.float64]
    target: NDArray[np.float64]


def read(path: Path) -> Readings:
    """Read a CSV file with a header line; other columns than INPUTS and TARGET are left alone."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise MissingFileError.of(path, error) from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise DataError(f"{path}, line {line}: is not UTF-8 text") from error
    table = _numbers(path, text)
    target = table[:, -1]
    _check_classes(path, target)
    digest = hashlib.sha256(content).hexdigest()
    return Readings(path=path, sha256=digest, inputs=table[:, :-1], target=target)


def _numbers(path: Path, text: str) -> NDArray[np.float64]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows = []
    try:
        header = next(reader, [])
        positions = _positions(path, header)
        for cells in reader:
            if cells:  # a blank line is none
                rows.append(_row(path, reader.line_num, header, cells, positions))
    except csv.Error as error:
        raise DataError(f"{path}, line {reader.line_num}: is not CSV ({error})") from error
    if not rows:
        raise DataError(f"{path}, line {reader.line_num + 1}: there are no readings")
    return np.array(rows, dtype=np.float64)


def _positions(path: Path, header: list[str]) -> list[int]:
    if not header:
        raise DataError(f"{path}, line 1: the file is empty; it needs a header line and readings")
    for name in (*INPUTS, TARGET):
        if header.count(name) != 1:
            fault = "is missing" if name not in header else "is there more than once"
            raise DataError(f"{path}, line 1: column {name} {fault} in the header")
    return [header.index(name) for name in (*INPUTS, TARGET)]


def _row(
    path: Path, line: int, header: list[str], cells: list[str], positions: list[int]
) -> list[float]:
    if len(cells) != len(header):
        raise DataError(
            f"{path}, line {line}: has {len(cells)} cells, the header has {len(header)} columns"
        )
    row = []
    for position in positions:
        number = numbers.parse(cells[position])
        if number is None or not math.isfinite(number):
            shown = cells[position][:40]
            fault = f"{shown!r} is not a finite number"
            raise DataError(f"{path}, line {line}, column {header[position]}: {fault}")
        row.append(number)
    if row[-1] not in CLASSES:
        raise DataError(f"{path}, line {line}, column {TARGET}: {row[-1]:g} is neither 0.0 nor 1.0")
    return row


def _check_classes(path: Path, target: NDArray[np.float64]) -> None:
    for label in CLASSES:
        count = int((target == label).sum())
        if count < LEAST_ROWS:
            raise DataError(
                f"{path}, lines 2 to {len(target) + 1}, column {TARGET}: "
                f"{count} readings are of class {label}, training needs at least {LEAST_ROWS}"
            )
