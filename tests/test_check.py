"""`slipway check`: what is in there, and whether it would serve."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from service.__main__ import main
from service.model import kernels
from tests.support.packed import folder_of


def test_a_good_artifact_is_described(artifact: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(artifact)]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("sensors ")
    assert "computed by ONNX Runtime" in printed
    assert "\n  sensor_1  number  " in printed
    assert "\n  class  number  0, 1; probabilities on request\n" in printed
    assert "held out: balanced accuracy" in printed
    here = kernels.described(kernels.machine(), kernels.kernels())
    assert f"\nPacked on {here}, verified on {here}.\n" in printed
    assert "\nRequests may share a call of the model.\n" in printed
    assert printed.endswith("The service would start with it.\n")


def test_it_prints_that_another_processor_proved_it(
    edit_manifest: Any, own_artifact: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit_manifest(lambda content: content["engines"].update(machine="another", kernels={}))
    assert main(["check", str(own_artifact)]) == 0
    assert "Packed on another, verified on " in capsys.readouterr().out
    edit_manifest(lambda content: content["engines"].pop("machine"))
    assert main(["check", str(own_artifact)]) == 0
    assert "Packed on an unknown processor, verified on " in capsys.readouterr().out


def test_kinds_and_categories_are_reported(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(folder_of("mixed table, open categories"))]) == 0
    printed = capsys.readouterr().out
    assert "Graz, Lyon, Oslo, Porto, or others; may be empty" in printed
    assert "integer" in printed


def test_a_damaged_one_is_refused_as_the_start_refuses_it(
    artifact: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damaged = tmp_path / "damaged"
    shutil.copytree(artifact, damaged)
    with (damaged / "model.onnx").open("r+b") as file:
        file.write(b"canary")
    assert main(["check", str(damaged)]) == 65
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert main(["check", str(tmp_path / "none")]) == 66


def test_a_digest_of_another_model_is_not_required(
    artifact: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SERVICE_MODEL_SHA256", "0" * 64)
    assert main(["check", str(artifact)]) == 0
    monkeypatch.setenv("SERVICE_MODEL", str(artifact))
    assert main(["check", str(artifact)]) == 65
