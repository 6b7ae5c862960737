"""`slipway prove` repeats the proofs of packing where it runs, and fails if one does not hold."""

import json
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

from service.__main__ import main
from service.model import kernels, row_independence
from service.model.artifact import file_entry
from service.model.manifest import ROWS_INDEPENDENT, Manifest
from service.model.version import content_version
from tests.support import own_estimators
from tests.support.packed import folder_of
from training.pack import PackOptions, pack
from training.samples.sample import read

CHANCE = np.random.default_rng(0)
ROWS = pd.DataFrame({"a": CHANCE.normal(size=60), "b": CHANCE.normal(size=60)})
LABELS = np.where(ROWS.a + ROWS.b > 0, 1, 0)
TRUSTED = "tests.support.own_estimators"
Captured = pytest.CaptureFixture[str]


def packed(model: Any, folder: Path, *trusted: str, engine: str = "auto") -> Path:
    ROWS.to_csv(folder / "rows.csv", index=False)
    options = PackOptions(report=False, trusted=trusted, engine=engine)
    sample = read(folder / "rows.csv", named=True)
    pack(model, sample, targets=[], name="own", folder=folder / "a", options=options)
    return folder / "a"


def edited(folder: Path, change: Any) -> None:
    """Change the manifest of an artifact, and give it the version of the new content."""
    path = folder / "manifest.json"
    content = json.loads(path.read_text())
    change(content)
    content["version"] = content_version(Manifest.from_json(json.dumps(content)))
    path.write_text(json.dumps(content))


def states(captured: Captured) -> dict[str, str]:
    shown = json.loads(captured.readouterr().out)
    return {one["name"]: one["state"] for one in shown["proofs"]}


def test_all_proofs_hold_where_the_model_was_packed(artifact: Path, capsys: Captured) -> None:
    assert main(["prove", str(artifact), "--rows", "2000"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("sensors ")
    here = kernels.described(kernels.machine(), kernels.kernels())
    assert lines[1:3] == [f"packed on {here}", f"proved on {here}"]
    assert [line[:25].split() for line in lines[3:]] == [
        ["golden", "rows", "ok"],
        ["engines", "ok"],
        ["independence", "ok"],
    ]
    assert "equal on 2,013 rows" in lines[4]


def test_json_has_the_same(artifact: Path, capsys: Captured) -> None:
    assert main(["prove", str(artifact), "--rows", "50", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["passed"] is True
    assert shown["model"]["name"] == "sensors"
    assert [one["state"] for one in shown["proofs"]] == ["ok"] * 3


@pytest.mark.parametrize(
    "name",
    [
        "mixed table, open categories",
        "text within a frame",
        "native categories",
        "codes as categories",
    ],
)
def test_models_of_other_inputs_are_proved(name: str, capsys: Captured) -> None:
    folder = folder_of(name)
    assert main(["prove", str(folder), "--rows", "200", "--json"]) == 0
    assert "FAILED" not in states(capsys).values()


def test_another_estimator_than_the_onnx_model_is_found(tmp_path: Path, capsys: Captured) -> None:
    model = LogisticRegression().fit(ROWS, LABELS)
    folder = packed(model, tmp_path, engine="onnx")
    model.coef_ = model.coef_ * (1 + 1e-7)  # less than golden rows allow, more than packing does
    joblib.dump(model, folder / "model.joblib")
    entry = file_entry((folder / "model.joblib").read_bytes())
    edited(
        folder,
        lambda content: content["files"].update(
            {"model.joblib": {"sha256": entry.sha256, "bytes": entry.bytes}}
        ),
    )
    assert main(["prove", str(folder), "--json"]) == 1
    assert states(capsys) == {"golden rows": "ok", "engines": "FAILED", "independence": "ok"}


def test_rows_that_depend_on_others_are_found(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SERVICE_TRUSTED_MODULES", TRUSTED)
    model = own_estimators.DependsOnOthers().fit(ROWS, LABELS)
    folder = packed(model, tmp_path, TRUSTED)
    assert main(["prove", str(folder), "--json"]) == 0  # packing found it: no call is shared
    assert states(capsys)["independence"] == "ok"
    edited(folder, lambda content: content["engines"].update({ROWS_INDEPENDENT: True}))
    assert main(["prove", str(folder), "--json"]) == 1
    assert states(capsys)["independence"] == "FAILED"


def test_a_model_whose_rows_depend_on_others_here_is_proved_to_share_no_call(
    artifact: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_independence, "hold_here", lambda *_: False)  # as on ARM64
    assert main(["prove", str(artifact), "--rows", "50"]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert "ok         rows depend on others on this processor: requests share no call" in last


def test_a_model_of_scikit_learn_has_no_engines_to_compare(
    tmp_path: Path, capsys: Captured
) -> None:
    folder = packed(DecisionTreeClassifier().fit(ROWS, LABELS), tmp_path, engine="sklearn")
    assert main(["prove", str(folder), "--rows", "200", "--json"]) == 0
    assert states(capsys)["engines"] == "not tried"


def test_without_an_argument_the_served_model_is_proved(
    artifact: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SERVICE_MODEL", str(artifact))
    assert main(["prove", "--rows", "50"]) == 0
    assert capsys.readouterr().out.startswith("sensors ")


def test_an_artifact_that_would_not_start_is_no_proof(tmp_path: Path, capsys: Captured) -> None:
    assert main(["prove", str(tmp_path / "none")]) == 66
    assert capsys.readouterr().out == ""
