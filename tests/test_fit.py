"""`slipway fit`: the whole way, as a command."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from service.model.predictor import Predictor
from tests.support.serving import ROOT, clean_environment
from training.__main__ import main
from training.samples.origin import commit
from training.sensor_example import data

Refused = Callable[..., str]


def fit(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "slipway", "fit", *map(str, arguments)],
        cwd=ROOT,
        env=clean_environment(),
        capture_output=True,
        text=True,
    )


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Refused:
    """Run `fit`, which must exit with a code; the line with the reason."""

    def ask(code: int, *arguments: str | Path) -> str:
        assert main(["fit", *map(str, arguments)]) == code
        printed = capsys.readouterr()
        assert printed.out == ""
        assert printed.err.count("\n") == 1
        return printed.err

    return ask


def test_fitting_twice_gives_the_same_predictions_and_version(
    artifact: Path, tmp_path: Path
) -> None:
    ended = fit("--data", data.DEFAULT, "--out", tmp_path / "model")
    assert ended.returncode == 0, ended.stderr
    one, other = Predictor.load(artifact), Predictor.load(tmp_path / "model")
    assert one.manifest.version == other.manifest.version
    assert one.manifest.golden == other.manifest.golden
    assert one.manifest.metrics == other.manifest.metrics
    assert one.manifest.version in ended.stdout
    assert str(tmp_path / "model") in ended.stdout


def test_the_manifest_has_the_origin_of_the_data(artifact: Path) -> None:
    manifest = json.loads((artifact / "manifest.json").read_text())
    assert manifest["data"]["rows"] == 3000
    assert manifest["data"]["file"] == "sensors.csv"
    assert manifest["data"]["commit"] == commit()
    assert manifest["metrics"]["held_out"]["rows"] == 750
    assert manifest["metrics"]["held_out"]["balanced_accuracy"] > 0.9


def test_a_model_below_the_gate_is_not_published_and_the_old_one_stays(
    refused: Refused, own_artifact: Path, tmp_path: Path
) -> None:
    before = (own_artifact / "manifest.json").read_bytes()
    noise = tmp_path / "noise.csv"
    lines = [f"{(i * 7919) % 101 / 10},{(i * 104729) % 97 / 10},{i % 2}.0" for i in range(400)]
    noise.write_text("\n".join(["sensor_1,sensor_2,class", *lines]))
    assert "balanced accuracy" in refused(65, "--data", noise, "--out", own_artifact)
    assert (own_artifact / "manifest.json").read_bytes() == before


def test_bad_data_writes_nothing(refused: Refused, tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("sensor_1,sensor_2,class\n1,x,0.0\n")
    line = refused(65, "--data", bad, "--out", tmp_path / "model")
    assert f"{bad}, line 2, column sensor_2" in line
    assert [path.name for path in tmp_path.iterdir()] == ["bad.csv"]


def test_missing_data_is_reported(tmp_path: Path) -> None:
    ended = fit("--data", tmp_path / "none.csv", "--out", tmp_path / "m")
    assert (ended.returncode, ended.stdout) == (66, "")
    assert "cannot be read" in ended.stderr


def test_a_place_that_is_taken_is_reported(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    assert "thesis.txt" in refused(65, "--out", tmp_path)


def test_a_place_that_cannot_be_written_is_reported(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    assert "cannot be written" in refused(73, "--out", tmp_path / "file" / "model")


def test_help_needs_no_scikit_learn() -> None:
    command = (
        "import sys; from training.__main__ import main\n"
        "try: main(['fit', '--help'])\n"
        "except SystemExit as ended: sys.exit(ended.code or 'sklearn' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", command], cwd=ROOT, check=True, capture_output=True)


def test_outside_a_checkout_there_is_no_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert commit() is None
