"""`slipway diff`: what clients would notice of a new artifact."""

import importlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from service.model.signature import Input, Output, Signature
from tests.support.packed import folder_of
from training.__main__ import main
from training.diff.contract_changes import changes

SIZE = Input(name="size", kind="number", dtype="float64", lowest=-10.0, highest=10.0)
SITE = Input(name="site", kind="category", dtype="object", categories=("a", "b"), closed=True)
KIND = Output(name="kind", kind="category", labels=("x", "y"), confidence="probabilities")
OLD = Signature(container="frame", inputs=(SIZE, SITE), outputs=(KIND,))


def inputs(*columns: Input) -> Signature:
    return replace(OLD, inputs=columns)


def outputs(*columns: Output) -> Signature:
    return replace(OLD, outputs=columns)


BREAKING = {
    "input size is gone": inputs(SITE),
    "input age is new": inputs(SIZE, SITE, replace(SIZE, name="age")),
    "input size is of kind text": inputs(replace(SIZE, kind="text"), SITE),
    "inputs are in another order": inputs(SITE, SIZE),
    "input site no longer takes b": inputs(SIZE, replace(SITE, categories=("a",))),
    "input size must be at least -5": inputs(replace(SIZE, lowest=-5.0), SITE),
    "input size must be at most 5": inputs(replace(SIZE, highest=5.0), SITE),
    "output kind is gone": outputs(replace(KIND, name="sort")),
    "output kind has the labels x, z": outputs(replace(KIND, labels=("x", "z"))),
    "output kind returns no confidence": outputs(replace(KIND, confidence=None)),
}
HARMLESS = {
    "input size may be null now": inputs(replace(SIZE, nullable=True), SITE),
    "input site also takes c": inputs(SIZE, replace(SITE, categories=("a", "b", "c"))),
    "input site takes other categories, too": inputs(SIZE, replace(SITE, closed=False)),
    "input size is 1 to 2 in the sample": inputs(replace(SIZE, minimum=1.0, maximum=2.0), SITE),
    "input size may be less than -10": inputs(replace(SIZE, lowest=-20.0), SITE),
    "input size may be more than 10": inputs(replace(SIZE, highest=20.0), SITE),
    "input site takes any text, was 2 categories": inputs(
        SIZE, replace(SITE, kind="text", categories=None, closed=False)
    ),
    "output age is new": outputs(KIND, replace(KIND, name="age")),
}


@pytest.mark.parametrize(("text", "new"), BREAKING.items(), ids=BREAKING)
def test_a_change_that_breaks_a_client_is_marked(text: str, new: Signature) -> None:
    found = [change for change in changes(OLD, new) if change.text.startswith(text)]
    assert [change.breaks for change in found] == [True]


@pytest.mark.parametrize(("text", "new"), HARMLESS.items(), ids=HARMLESS)
def test_a_harmless_change_is_not_marked(text: str, new: Signature) -> None:
    [change] = changes(OLD, new)
    assert change.text.startswith(text)
    assert not change.breaks


def test_bounds_that_no_request_reaches_are_none() -> None:
    new = inputs(replace(SIZE, lowest=-1e300, highest=1e299), SITE)
    assert changes(new, inputs(replace(SIZE, lowest=-1e301, highest=1e300), SITE)) == []


def test_back_again_the_other_half_breaks() -> None:
    for new in (HARMLESS["input size may be null now"], HARMLESS["input site also takes c"]):
        assert [change.breaks for change in changes(new, OLD)] == [True]
    assert changes(OLD, OLD) == []


ROWS = pd.DataFrame({"size": [0.0, 1.0, 2.0, 3.0], "answer": ["no", "no", "yes", "yes"]})


def packed(folder: Path, answers: list[str]) -> Path:
    """An artifact that learned these answers."""
    folder.mkdir()
    return packed_model(folder, LogisticRegression(C=1e6).fit(ROWS[["size"]], answers), answers)


def packed_model(
    folder: Path, model: Any, answers: Sequence[Any] = tuple(ROWS.answer), more: Sequence[str] = ()
) -> Path:
    """An artifact of this model, beside its sample."""
    joblib.dump(model, folder / "model.joblib")
    ROWS.assign(answer=list(answers)).to_csv(folder / "rows.csv", index=False)
    command = ["pack", str(folder / "model.joblib"), "--sample", str(folder / "rows.csv")]
    always = ["--target", "answer", "--no-report", "--out", str(folder / "artifact")]
    assert main([*command, *always, *more]) == 0
    return folder / "artifact"


def test_two_artifacts_are_compared_by_contract_metrics_and_predictions(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = packed(tmp_path / "old", ["no", "no", "yes", "yes"])
    new = packed(tmp_path / "new", ["no", "yes", "yes", "yes"])
    sample = str(tmp_path / "old" / "rows.csv")
    capsys.readouterr()
    assert main(["diff", str(old), str(new), "--sample", sample]) == 0
    printed = capsys.readouterr().out
    assert "Contract:\n  the same\n" in printed
    assert f"rows of {sample}: 1 of 4 differ in answer; probabilities" in printed
    assert main(["diff", str(old), str(old), "--sample", sample]) == 0
    printed = capsys.readouterr().out
    assert f"rows of {sample}: 0 of 4 differ in answer; probabilities" in printed
    assert "Trust:\n  the same\n" in printed
    assert "Metrics:\n  the same\n" in printed


def test_moves_of_probabilities_are_reported_with_the_row(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A model with lower probabilities predicts the same labels."""
    folders, models = [], []
    for name, strength in (("sure", 1e6), ("unsure", 0.5)):
        (tmp_path / name).mkdir()
        models.append(LogisticRegression(C=strength).fit(ROWS[["size"]], ROWS.answer))
        folders.append(packed_model(tmp_path / name, models[-1]))
    sample = str(tmp_path / "sure" / "rows.csv")
    capsys.readouterr()
    assert main(["diff", *map(str, folders), "--sample", sample]) == 0
    printed = capsys.readouterr().out
    sure, unsure = (model.predict_proba(ROWS[["size"]]) for model in models)
    moved = np.abs(sure - unsure).max(axis=1)
    row = int(moved.argmax())
    line = (
        f"rows of {sample}: 0 of 4 differ in answer; probabilities of answer move "
        f"by more than 0.01 in {(moved > 0.01).sum()} rows, "
        f"by more than 0.1 in {(moved > 0.1).sum()} rows, at most by {moved[row]:.4g} "
        f"in row {row + 1} (size {ROWS['size'][row]}, answer {ROWS.answer[row]})"
    )
    assert line in printed
    assert main(["diff", str(folders[0]), str(folders[0]), "--sample", sample]) == 0
    assert "by more than 0.01 in 0 rows, by more than 0.1 in 0 rows\n" in capsys.readouterr().out


def test_only_labels_that_both_models_have_are_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    two = packed(tmp_path / "two", ["no", "no", "yes", "yes"])
    three = packed(tmp_path / "three", ["no", "maybe", "yes", "yes"])
    capsys.readouterr()
    assert main(["diff", str(two), str(three)]) == 1
    printed = capsys.readouterr().out
    given = ROWS[["size"]]
    old = LogisticRegression(C=1e6).fit(given, ["no", "no", "yes", "yes"]).predict_proba(given)
    new = LogisticRegression(C=1e6).fit(given, ["no", "maybe", "yes", "yes"]).predict_proba(given)
    moved = np.abs(old - new[:, 1:]).max(axis=1)  # maybe comes first
    assert (
        f"by more than 0.1 in {(moved > 0.1).sum()} rows, at most by {moved.max():.4g}" in printed
    )


def test_greatest_move_of_a_number_has_its_row(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = []
    for name, target in (("old", [0.0, 1.0, 2.0, 3.0]), ("new", [0.0, 2.0, 4.0, 6.0])):
        (tmp_path / name).mkdir()
        model = LinearRegression().fit(ROWS[["size"]], target)
        folders.append(str(packed_model(tmp_path / name, model, target)))
    capsys.readouterr()
    assert main(["diff", *folders, "--sample", str(tmp_path / "old" / "rows.csv")]) == 0
    printed = capsys.readouterr().out
    assert "differ in answer, at most by 3 in row 4 (size 3.0, answer 3.0)" in printed


def test_a_name_that_must_be_trusted_breaks_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "own_steps.py").write_text(
        "from sklearn.linear_model import LogisticRegression\n"
        "class Own(LogisticRegression):\n    pass\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    last = importlib.import_module("own_steps").Own(C=1e6)
    own = make_pipeline(StandardScaler(), last)  # whose pickle names the release
    plain = packed(tmp_path / "plain", list(ROWS.answer))
    (tmp_path / "own").mkdir()
    trust = ["--trust", "own_steps.Own"]
    folder = packed_model(
        tmp_path / "own", own.fit(ROWS[["size"]], ROWS.answer), more=["--engine", "sklearn", *trust]
    )
    capsys.readouterr()
    assert main(["diff", str(plain), str(folder), *trust]) == 1
    printed = capsys.readouterr().out
    assert "Trust:\n  BREAKS  needs own_steps.Own in SERVICE_TRUSTED_MODULES\n" in printed
    assert main(["diff", str(folder), str(plain), *trust]) == 0
    assert "no longer needs own_steps.Own to be trusted" in capsys.readouterr().out


def test_another_contract_breaks(artifact: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = folder_of("mixed table, open categories")
    assert main(["diff", str(artifact), str(other)]) == 1
    printed = capsys.readouterr().out
    assert "  BREAKS  input sensor_1 is gone: requests that have it are refused\n" in printed
    assert "cannot be compared: they have no column " in printed


def test_an_artifact_that_is_none_is_reported_in_one_line(
    artifact: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["diff", str(artifact), str(tmp_path / "none")]) == 66
    assert capsys.readouterr().err.count("\n") == 1


def test_a_closed_list_that_became_any_text_breaks_nothing() -> None:
    output = Output(name="y", kind="number")
    listed = Input(name="a", kind="category", dtype="str", categories=("x", "z"), closed=True)
    text = Input(name="a", kind="text", dtype="str")
    old, new, coded = (
        Signature(container="frame", inputs=(one,), outputs=(output,))
        for one in (listed, text, replace(listed, categories=(1, 2)))
    )
    assert not any(change.breaks for change in changes(old, new))
    assert any(change.breaks for change in changes(new, old))
    assert any(change.breaks for change in changes(coded, new))
