"""The report in the artifact: always the same, left out if one likes, never at the model's cost."""

import sys
from pathlib import Path

import pytest

from service.model.artifact import REPORT
from service.model.predictor import Predictor
from tests.support.packed import sensors
from tests.support.reported import artifact_of, packed, page_of
from training.__main__ import main
from training.sensor_example import data


def test_the_same_model_gets_the_same_report_and_version_with_or_without_it(
    artifact: Path, tmp_path: Path
) -> None:
    for out, more in (("with", []), ("without", ["--no-report"])):
        assert main(["fit", "--out", str(tmp_path / out), *more]) == 0
    assert page_of(tmp_path / "with") == page_of(artifact)
    assert not (tmp_path / "without" / "report").exists()
    versions = {Predictor.load(tmp_path / out).manifest.version for out in ("with", "without")}
    assert versions == {Predictor.load(artifact).manifest.version}


def test_without_answers_there_is_no_report() -> None:
    case = sensors()
    assert not (packed(case.estimator, case.rows, {}) / REPORT).exists()


def test_a_report_that_fails_costs_the_report_and_not_the_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in sys.modules if name.startswith("training.report")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)  # as where it is not installed
    assert main(["fit", "--data", str(data.DEFAULT), "--out", str(tmp_path / "model")]) == 0
    said = capsys.readouterr()
    assert said.err.count("\n") == 1
    assert said.err.startswith("note: the artifact has no report, for matplotlib is not installed")
    assert "report:" not in said.out
    assert Predictor.load(tmp_path / "model").report is None


def test_pack_prints_the_path_of_the_report(
    artifact: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = artifact_of("text")
    assert main(["inspect", str(folder)]) == 0
    assert f"report:    {folder / REPORT}" in capsys.readouterr().out.splitlines()
