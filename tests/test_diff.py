"""`python -m training diff`: what clients would notice of a new artifact."""

from dataclasses import replace
from pathlib import Path

import joblib
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from service.model.signature import Input, Output, Signature
from tests.packed import folder_of
from training.__main__ import main
from training.differences import changes

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
    "output kind tells no confidence": outputs(replace(KIND, confidence=None)),
}
HARMLESS = {
    "input size may be null now": inputs(replace(SIZE, nullable=True), SITE),
    "input site also takes c": inputs(SIZE, replace(SITE, categories=("a", "b", "c"))),
    "input site takes other categories, too": inputs(SIZE, replace(SITE, closed=False)),
    "input size was trained on 1 to 2": inputs(replace(SIZE, minimum=1.0, maximum=2.0), SITE),
    "output age is new": outputs(KIND, replace(KIND, name="age")),
}


@pytest.mark.parametrize(("text", "new"), BREAKING.items(), ids=BREAKING)
def test_what_breaks_a_client_is_said_to(text: str, new: Signature) -> None:
    found = [change for change in changes(OLD, new) if change.text.startswith(text)]
    assert [change.breaks for change in found] == [True]


@pytest.mark.parametrize(("text", "new"), HARMLESS.items(), ids=HARMLESS)
def test_what_breaks_nobody_is_said_not_to(text: str, new: Signature) -> None:
    [change] = changes(OLD, new)
    assert change.text.startswith(text)
    assert not change.breaks


def test_back_again_the_other_half_breaks() -> None:
    for new in (HARMLESS["input size may be null now"], HARMLESS["input site also takes c"]):
        assert [change.breaks for change in changes(new, OLD)] == [True]
    assert changes(OLD, OLD) == []


ROWS = pd.DataFrame({"size": [0.0, 1.0, 2.0, 3.0], "answer": ["no", "no", "yes", "yes"]})


def packed(folder: Path, answers: list[str]) -> Path:
    """An artifact that learned these answers."""
    folder.mkdir()
    joblib.dump(LogisticRegression(C=1e6).fit(ROWS[["size"]], answers), folder / "model.joblib")
    ROWS.assign(answer=answers).to_csv(folder / "rows.csv", index=False)
    command = ["pack", str(folder / "model.joblib"), "--sample", str(folder / "rows.csv")]
    more = ["--target", "answer", "--no-report", "--out", str(folder / "artifact")]
    assert main([*command, *more]) == 0
    return folder / "artifact"


def test_two_artifacts_are_compared_by_contract_metrics_and_predictions(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = packed(tmp_path / "old", ["no", "no", "yes", "yes"])
    new = packed(tmp_path / "new", ["no", "yes", "yes", "yes"])
    sample = str(tmp_path / "old" / "rows.csv")
    capsys.readouterr()
    assert main(["diff", str(old), str(new), "--sample", sample]) == 0
    told = capsys.readouterr().out
    assert "Contract:\n  the same\n" in told
    assert f"rows of {sample}: 1 of 4 differ in answer\n" in told
    assert main(["diff", str(old), str(old), "--sample", sample]) == 0
    told = capsys.readouterr().out
    assert f"rows of {sample}: 0 of 4 differ in answer\n" in told
    assert "Metrics:\n  the same\n" in told


def test_another_contract_breaks(artifact: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = folder_of("mixed table, open categories")
    assert main(["diff", str(artifact), str(other)]) == 1
    told = capsys.readouterr().out
    assert "  BREAKS  input sensor_1 is gone: requests that have it are refused\n" in told
    assert "cannot be compared: they have no column " in told


def test_an_artifact_that_is_none_is_told_in_one_line(
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
