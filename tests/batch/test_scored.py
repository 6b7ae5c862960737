"""`slipway predict`: files in, the same rows with predictions out."""

import csv
import json
from pathlib import Path

import pytest

from service.__main__ import main
from service.batch.csv_rows import RaggedRows
from service.batch.dialect import Dialect
from service.batch.output import CsvFormat
from service.batch.scoring import Scored
from service.model.predictor import Predictor
from tests.batch.conftest import CLASSES, GOOD, HEADER, Run, files, table
from tests.support.packed import folder_of, packed


def test_each_row_gets_its_prediction_beside_what_it_was(run: Run, tmp_path: Path) -> None:
    code, printed = run("id,sensor_1,sensor_2\na,1,1\nb,2.0,-1\n\nc,3,0\n")
    assert code == 0
    assert printed.startswith("3 of 3 rows scored to ")
    assert (tmp_path / "out.csv").read_bytes() == (
        b"id,sensor_1,sensor_2,class\na,1,1,0.0\nb,2.0,-1,1.0\nc,3,0,1.0\n"
    )
    assert files(tmp_path) == {"out.csv"}


def test_only_and_confidence_are_columns_of_numbers(run: Run, tmp_path: Path) -> None:
    assert run(HEADER + GOOD, "--only", "--confidence")[0] == 0
    rows = table(tmp_path / "out.csv")
    assert list(rows[0]) == ["class", "probability_0.0", "probability_1.0"]
    assert [row["class"] for row in rows] == CLASSES
    for row in rows:
        assert float(row["probability_0.0"]) + float(row["probability_1.0"]) == pytest.approx(1)


def test_true_values_stay_beside_predictions_with_a_prefix(run: Run, tmp_path: Path) -> None:
    rows = "sensor_1,sensor_2,class\n1,1,0.0\n2.0,-1,0.0\n"
    code, printed = run(rows)
    assert code == 65
    assert "has a column class, which is the name of a prediction: rename pred" in printed
    assert "--prefix predicted_" in printed
    assert run(rows, "--prefix", "predicted_", "--confidence")[0] == 0
    first, second = table(tmp_path / "out.csv")
    assert (first["class"], first["predicted_class"]) == ("0.0", "0.0")
    assert (second["class"], second["predicted_class"]) == ("0.0", "1.0")
    assert float(second["predicted_probability_1.0"]) > 0.5


@pytest.mark.parametrize("name", ["mixed table, open categories", "text within a frame"])
def test_a_file_gets_what_requests_get(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, predictor, client = packed(name)
    golden = predictor.manifest.golden.inputs
    rows = [dict(zip(golden, row, strict=True)) for row in zip(*golden.values(), strict=True)]
    with (tmp_path / "in.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(golden))
        writer.writeheader()
        writer.writerows(
            {
                key: json.dumps(value) if isinstance(value, bool) else value
                for key, value in row.items()
            }
            for row in rows
        )
    arguments = [str(folder_of(name)), str(tmp_path / "in.csv"), str(tmp_path / "out.csv")]
    assert main(["predict", *arguments, "--only"]) == 0
    answer = client.post("/predict", json={"instances": rows}).get_json()
    found = table(tmp_path / "out.csv")
    assert found
    for output, values in answer.items():
        assert [row[output] for row in found] == [
            json.dumps(value) if isinstance(value, bool) else str(value) for value in values
        ]


def test_an_answer_that_is_none_of_the_labels_is_written_as_it_is(artifact: Path) -> None:
    signature = Predictor.load(artifact).signature
    [name] = [output.name for output in signature.outputs]
    values = [0.0, 1.0, 7.5]
    scored = Scored(values={}, good=range(3), predictions={name: values}, rejected={})
    rows = RaggedRows([], [], [])  # of which nothing is kept
    assert CsvFormat([], [name], signature, Dialect()).encoded(rows, scored) == b"0.0\n1.0\n7.5\n"
