"""The report: what is in it for which model, and what never is."""

import json
import re
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.tree import DecisionTreeClassifier

from slipway.command import main
from tests.support.reported import artifact_of, packed, page_of, titles
from training.report.plots import Plots

CURVES = ["ROC curve", "Precision-recall curve"]
FLOWERS = ["f0", "f1", "f2", "f3"]
MACHINES = ["site", "kind", "age_years", "temperature", "guarded"]
RESIDUALS = [
    "Predicted and actual values",
    "Residuals by prediction",
    "Distribution of residuals",
]


@pytest.mark.parametrize(
    ("name", "pictures"),
    [
        ("logistic regression, string labels", [*CURVES, "Calibration curve", *FLOWERS]),
        ("support vectors without probabilities", [*CURVES, *FLOWERS]),
        ("voting", FLOWERS),
        ("mixed table, open categories", [*CURVES, "Calibration curve", *MACHINES]),
        ("mixed table, regression", [*RESIDUALS, *MACHINES]),
        ("text", [*CURVES, "Calibration curve", "remark"]),
        ("clusters", FLOWERS),
    ],
)
def test_each_kind_of_model_has_the_pictures_that_make_sense(
    name: str, pictures: list[str]
) -> None:
    found = titles(page_of(artifact_of(name)))
    if name not in ("text", "clusters"):  # which has one input; and nothing is right or wrong
        pictures = [*pictures, "Permutation importance"]
    assert sorted(found) == sorted(pictures)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("support vectors without probabilities", "so there is no calibration curve"),
        ("voting", "has neither probabilities nor scores, so there are no curves"),
        ("clusters", "neither a classifier nor a regressor"),
    ],
)
def test_it_gives_the_reason_for_a_missing_plot(name: str, said: str) -> None:
    assert said in page_of(artifact_of(name))


def test_two_numeric_inputs_have_decision_regions(artifact: Path) -> None:
    assert "Decision regions" in titles(page_of(artifact))
    rows = pd.DataFrame({"a": np.arange(60.0), "b": np.arange(60.0) % 7})
    estimator = LinearRegression().fit(rows.to_numpy(), rows.a)
    page = page_of(packed(estimator, rows, {"answer": rows.a}))
    assert "Prediction surface" in titles(page)


def test_the_report_begins_with_the_rows_that_the_model_was_evaluated_on(artifact: Path) -> None:
    fitted = page_of(artifact)
    assert (
        "The model was evaluated on <b>750 rows that it has not seen</b>, held out of 3,000."
        in fitted
    )
    assert "too optimistic" not in fitted
    given = page_of(artifact_of("text"))
    assert "<b>These metrics may be too optimistic.</b>" in given
    assert "not seen" not in given
    assert given.index("too optimistic") < given.index("Performance</h2>")


def test_its_numbers_are_the_manifest_s(artifact: Path) -> None:
    page = page_of(artifact)
    metrics = json.loads((artifact / "manifest.json").read_text())["metrics"]
    held_out = metrics["held_out"]
    for answer in (
        f">{100 * held_out['accuracy']:.1f} %<",
        f">{100 * held_out['balanced_accuracy']:.1f} %<",
        f">{held_out['roc_auc']:.3f}<",
        f">{held_out['log_loss']:.3f}<",
        f"accuracy of {100 * held_out['accuracy_of_the_majority_class']:.1f} %",
        f"was\n{100 * metrics['cross_validation']['balanced_accuracy_mean']:.1f} %",
    ):
        assert answer in page


def test_answers_that_the_model_never_gives_nearly_alone_leave_little_to_say() -> None:
    rows = pd.DataFrame({"a": [0.0, 1.0] * 30, "b": np.arange(60.0)})
    estimator = DecisionTreeClassifier().fit(rows.to_numpy(), ["no", "yes"] * 30)
    page = page_of(packed(estimator, rows, {"y": ["never"] * 59 + ["no"]}))
    assert ">0 %</td>" in page
    assert "Permutation importance" not in page


def test_hostile_names_are_but_text() -> None:
    long = "\u65e5\u672c\u8a9e " * 30 + "x"
    names = ["</style><script>alert(1)</script>", "$x^2$ & \u202e", long]
    rows = pd.DataFrame(np.random.default_rng(0).normal(size=(90, 3)), columns=names)
    labels = np.where(rows[names[0]] > 0, "<img src=x onerror=alert(2)>", r"$\frac{1}$")
    estimator = DecisionTreeClassifier(max_depth=2, random_state=0).fit(rows, labels)
    folder = packed(estimator, rows, {"<b>y": labels}, name="<i>n</i>", file="<u>.csv")
    page = page_of(folder)
    for tag in ("<script", "<img", "<b>y", "<i>", "<u>"):
        assert tag not in page
    assert page.count("</style>") == 1
    assert "&lt;script&gt;alert(1)" in page
    # no formula, and nothing that would turn what follows around
    assert "$x^2$ &amp; \N{REPLACEMENT CHARACTER}</text>" in page
    assert r"$\frac{1}$" in page
    assert "\u65e5\u672c\u8a9e \u65e5\u672c\u8a9e" in page
    assert long not in page


def test_nothing_in_it_needs_a_script_a_style_attribute_or_another_place(artifact: Path) -> None:
    page = page_of(artifact)
    assert "<script" not in page
    assert " style=" not in page
    names = {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}  # nothing is fetched
    assert {part for part in page.split('"') if "//" in part} == names


def test_it_has_no_rows_of_the_sample() -> None:
    page = page_of(artifact_of("text"))
    rows = pd.read_csv(artifact_of("text").parent / "rows.csv")
    assert not [remark for remark in rows.remark if remark in page]


def test_many_columns_classes_and_rows_are_limited_with_a_note_on_the_page() -> None:
    chance = np.random.default_rng(0)
    rows = pd.DataFrame(chance.normal(size=(6000, 20)), columns=[f"c{i}" for i in range(20)])
    answer = chance.integers(40, size=6000)
    page = page_of(packed(DummyClassifier().fit(rows.to_numpy(), answer), rows, {"y": answer}))
    assert len(page) < 200_000
    assert "everything else is from 5,000 of them, drawn at random" in page
    assert "Distributions of 12 of 20 inputs" in page
    assert "5 more inputs are less important" in page
    assert ">others</th>" in page
    wide = pd.DataFrame(chance.normal(size=(60, 50)), columns=[f"c{i}" for i in range(50)])
    answer = np.arange(60) % 2
    model = LogisticRegression().fit(wide.to_numpy(), answer)
    page = page_of(packed(model, wide, {"y": answer}))
    assert len(page) < 200_000
    assert "And 20 more inputs." in page


def test_answers_that_the_model_never_gives_count_as_wrong() -> None:
    rows = pd.DataFrame({"a": [0.0, 1.0] * 30})
    estimator = DecisionTreeClassifier().fit(rows.to_numpy(), ["no", "yes"] * 30)
    answers = ["no", "yes"] * 20 + ["no", "maybe"] * 10
    page = page_of(packed(estimator, rows, {"y": answers}))
    assert ">83.3 %</td>" in page  # 50 of 60
    assert "classes that the model never predicts, such as maybe" in page


@pytest.mark.parametrize("answers", [["a"] * 10, ["a"] * 9 + [None]])
def test_a_few_rows_of_one_class_are_no_fault(answers: list[Any]) -> None:
    rows = pd.DataFrame({"a": np.arange(10.0), "b": [None, *range(9)]})
    estimator = DecisionTreeClassifier().fit(rows.to_numpy(dtype=float), ["a"] * 5 + ["b"] * 5)
    page = page_of(packed(estimator, rows, {"y": answers}))
    assert "All rows are of one class, so there are no curves." in page
    assert "rows are few" in page


@pytest.mark.parametrize(
    ("ends", "name", "ticks"),
    [
        ((-200_000, 800_000), "predicted", ["\u2212200k", "0", "200k", "400k", "600k", "800k"]),
        ((0, 2), "rows", ["0", "1", "2"]),
        ((0, 1), "share", ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
    ],
)
def test_ticks_are_short_and_counts_whole(
    ends: tuple[float, float], name: str, ticks: list[str]
) -> None:
    plots = Plots()
    with plots.new("title", "description") as plot:
        plot.axes.set(xlim=ends, xlabel=name, yticks=[])
    assert re.findall(r"<text[^>]*>([^<]+)</text>", plot.svg) == [*ticks, name]


def test_held_out_rows_are_described_as_such(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(size=(40, 1))
    joblib.dump(LinearRegression().fit(values[:20], values[:20, 0]), tmp_path / "model.joblib")
    rows = pd.DataFrame({"size": values[20:, 0], "answer": values[20:, 0]})
    rows.to_csv(tmp_path / "rows.csv", index=False)
    given = [tmp_path / "model.joblib", "--sample", tmp_path / "rows.csv", "--target", "answer"]
    out = tmp_path / "artifact"
    assert main([*map(str, ["pack", *given, "--out", out, "--held-out"])]) == 0
    page = (out / "report/index.html").read_text()
    assert "<b>20 rows that it has not seen</b>" in page
    assert "too optimistic" not in page
    assert json.loads((out / "manifest.json").read_text())["data"]["held_out"] is True
