"""Formats, compressions, encodings and separators together give what the estimator predicts."""

import csv
import io
import json
import subprocess
import sys
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from service.__main__ import main
from tests.batch.test_formats import packed, unpacked
from tests.support.any_frame import plain
from tests.support.packed import folder_of
from tests.support.packed import packed as model_of
from tests.support.serving import ROOT, clean_environment

NAME = "mixed table, regression"
OUTPUT = "prediction"
TEXTS = {  # options, separator and decimal mark by format
    "csv": ([], ",", "."),
    "semicolons": (["--separator", ";", "--decimal", ","], ";", ","),
    "bars": (["--separator", "|"], "|", "."),
    "tabs": (["--separator", "tab"], "\t", "."),
    "jsonl": ([], "", "."),
}
ENDINGS = ("", ".gz", ".zst")
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16")
OUTPUTS = ("csv", "csv.gz", "csv.zst", "jsonl", "jsonl.gz", "parquet")
INPUTS = [one for one in product(TEXTS, ENDINGS, ENCODINGS) if one[::2] != ("jsonl", "utf-8-sig")]
INPUTS = INPUTS[::2]  # each with the others, but not each with all


def rows() -> tuple[pd.DataFrame, list[float]]:
    """Rows of which each number is missing once, and what the estimator predicts for them."""
    animal, predictor, _ = model_of(NAME)
    frame = animal.rows[list(predictor.signature.names)].head(9).copy()
    for place, name in enumerate(frame.select_dtypes("number")):
        frame.loc[place, name] = np.nan
    return frame, animal.estimator.predict(frame).tolist()


def text_of(frame: pd.DataFrame, form: str) -> str:
    """The rows in a format; a missing number is a cell of blanks, or null."""
    values = [[plain(value) for value in row] for row in frame.astype(object).to_numpy()]
    if form == "jsonl":
        return "".join(f"{json.dumps(dict(zip(frame, row, strict=True)))}\n" for row in values)
    _, separator, decimal = TEXTS[form]
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, lineterminator="\n")
    writer.writerow(frame)
    writer.writerows([[_cell(value, decimal) for value in row] for row in values])
    return text.getvalue()


def _cell(value: Any, decimal: str) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "  " if value is None else str(value).replace(".", decimal)


def predictions(content: bytes, form: str, separator: str = ",", decimal: str = ".") -> list[float]:
    """The predictions of an output."""
    if form == "parquet":
        found: list[float] = pd.read_parquet(io.BytesIO(content))[OUTPUT].tolist()
        return found
    text = content.decode()
    if form == "jsonl":
        return [json.loads(line)[OUTPUT] for line in text.splitlines()]
    table = csv.DictReader(io.StringIO(text), delimiter=separator)
    return [float(row[OUTPUT].replace(decimal, ".")) for row in table]


@pytest.mark.parametrize(
    ("form", "ending", "encoding", "output"),
    [(*one, OUTPUTS[place % len(OUTPUTS)]) for place, one in enumerate(INPUTS)],
)
def test_what_is_written_is_what_the_estimator_predicts(
    form: str, ending: str, encoding: str, output: str, tmp_path: Path
) -> None:
    frame, expected = rows()
    options, separator, decimal = TEXTS[form]
    content = text_of(frame, form).encode(encoding)
    source = tmp_path / f"in.{'jsonl' if form == 'jsonl' else 'csv'}{ending}"
    source.write_bytes(packed(content, ending) if ending else content)
    target = tmp_path / f"out.{output}"
    paths = [str(folder_of(NAME)), str(source), str(target)]
    assert main(["predict", *paths, *options]) == 0
    written = target.read_bytes()
    if target.suffix in ENDINGS:
        written = unpacked(written, target.suffix)
    found = predictions(written, output.partition(".")[0], separator or ",", decimal)
    np.testing.assert_allclose(found, expected, rtol=1e-9)


@pytest.mark.parametrize("output", OUTPUTS)
def test_parquet_becomes_any_format(output: str, tmp_path: Path) -> None:
    frame, expected = rows()
    frame.to_parquet(tmp_path / "in.parquet")
    target = tmp_path / f"out.{output}"
    paths = [str(folder_of(NAME)), str(tmp_path / "in.parquet"), str(target)]
    assert main(["predict", *paths, "--only"]) == 0
    written = target.read_bytes()
    if target.suffix in ENDINGS:
        written = unpacked(written, target.suffix)
    found = predictions(written, output.partition(".")[0])
    np.testing.assert_allclose(found, expected, rtol=1e-9)


@pytest.mark.parametrize(
    ("form", "encoding"), [("semicolons", "utf-16"), ("jsonl", "utf-8"), ("tabs", "utf-8-sig")]
)
def test_standard_input_and_output_have_any_format_of_text(form: str, encoding: str) -> None:
    frame, expected = rows()
    options, separator, decimal = TEXTS[form]
    given = [*options, *(["--format", "jsonl"] if form == "jsonl" else [])]
    done = subprocess.run(
        [sys.executable, "-m", "slipway", "predict", str(folder_of(NAME)), "-", "-", *given],
        input=text_of(frame, form).encode(encoding),
        capture_output=True,
        cwd=ROOT,
        env=clean_environment(),
    )
    assert done.returncode == 0, done.stderr
    found = predictions(done.stdout, form if form == "jsonl" else "csv", separator, decimal)
    np.testing.assert_allclose(found, expected, rtol=1e-9)
