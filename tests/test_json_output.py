"""`--json` of `pack`, `inspect` and `diff`: one object on standard output, whatever happens."""

import json
from pathlib import Path
from typing import Any

import joblib
import pytest
from sklearn.linear_model import LogisticRegression

from slipway.command import main
from tests.support.own_code import saved

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    joblib.dump(LogisticRegression().fit([[0.0], [9.0]], ["no", "yes"]), tmp_path / "size.joblib")
    (tmp_path / "rows.csv").write_text("size,answer\n0,no\n9,yes\n")
    return tmp_path / "size.joblib"


def said(capsys: Captured, *arguments: object, code: int = 0) -> Any:
    assert main([*map(str, arguments), "--json"]) == code
    return json.loads(capsys.readouterr().out)


def pack(capsys: Captured, model: Path, name: str, *more: object) -> Any:
    rows, out = model.with_name("rows.csv"), model.with_name(name)
    return said(capsys, "pack", model, "--sample", rows, "--out", out, *more)


def test_pack_prints_the_manifest_and_where_it_is(model: Path, capsys: Captured) -> None:
    found = pack(capsys, model, "mine", "--target", "answer", "--name", "sizes")
    assert [*found] == ["artifact", "report", "settings", "notes", "warnings", "manifest"]
    assert found["artifact"] == str(model.with_name("mine"))
    assert Path(found["report"]).is_file()
    manifest = json.loads((model.with_name("mine") / "manifest.json").read_text())
    del manifest["golden"]
    assert found["manifest"] == manifest
    assert found["settings"] == {}


def test_pack_prints_the_setting_that_the_service_needs(tmp_path: Path, capsys: Captured) -> None:
    code = f"{saved(tmp_path) / 'readings.py'}:Ratio"
    model = tmp_path / "model.joblib"
    found = pack(capsys, model, "mine", "--code", code, "--target", "y", "--no-report")
    assert found["report"] is None
    assert found["settings"] == {"SERVICE_TRUSTED_CODE": found["manifest"]["code"]["digest"]}


def test_inspect_prints_what_is_trusted(model: Path, tmp_path: Path, capsys: Captured) -> None:
    found = said(capsys, "inspect", model)
    assert [*found] == ["file", "names", "not_allowed", "scikit_learn", "holds", "manifest"]
    name = "sklearn.linear_model._logistic.LogisticRegression"
    assert {"name": name, "trusted": True} in found["names"]
    assert found["scikit_learn"]["saved"] == found["scikit_learn"]["installed"]
    saved(tmp_path)
    untrusted = said(capsys, "inspect", tmp_path / "model.joblib", code=65)
    assert {"name": "__main__.Ratio", "trusted": False} in untrusted["names"]


def test_diff_prints_what_breaks(model: Path, capsys: Captured) -> None:
    model.with_name("rows.csv").write_text("size\n0\n9\n")
    pack(capsys, model, "old")
    joblib.dump(LogisticRegression().fit([[0.0], [9.0]], ["no", "maybe"]), model)
    pack(capsys, model, "new")
    old, new = model.with_name("old"), model.with_name("new")
    rows = model.with_name("rows.csv")
    found = said(capsys, "diff", old, new, "--sample", rows, code=1)
    assert [*found] == ["old", "new", "breaks", "contract", "trust", "metrics", "predictions"]
    assert found["breaks"] is True
    [change] = found["contract"]
    assert change["breaks"] is True
    assert "has the labels" in change["text"]
    assert found["trust"] == found["metrics"] == []
    assert len(found["predictions"]) == 2
    same = said(capsys, "diff", old, old)
    assert (same["breaks"], same["contract"]) == (False, [])
