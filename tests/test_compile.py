"""Which engine is chosen: only what was proved equal, only what was measured faster."""

import warnings
from typing import Any

import numpy as np
import onnx
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC

from tests.support.described import contract, described
from tests.support.model_cases import ModelCase, boosting, machines, on_arrays
from tests.support.packed import ALL_MODELS
from training.conversion.convert import convert
from training.engine import selection
from training.errors import PackError
from training.estimators.fitted_model import FittedModel

# What is served by scikit-learn, and the reason in the line; all else of the zoo is converted.
LEFT = {
    "text": "remark is text that no encoder reads",
    "text within a frame": "remark is text that no encoder reads",
    "nearest neighbours": "labels differ",  # whose distances are equal
}
CONVERTED = set(ALL_MODELS) - LEFT.keys()


@pytest.mark.parametrize("name", sorted(CONVERTED))
def test_what_is_converted_is_proved_on_the_sample_and_on_10_000_rows(name: str) -> None:
    case, signature, columns = described(name)
    chosen = selection.select_engine(FittedModel(case.estimator), signature, columns, "onnx")
    assert chosen.name == "onnx"
    assert chosen.report["rows"] >= len(case.rows) + 10_000
    assert chosen.report["largest_difference"] <= chosen.report["tolerance"] <= 1e-5
    assert set(chosen.report["seconds"]) == {"scikit-learn", "onnx"}
    for seconds in chosen.report["seconds"].values():
        assert set(seconds) == {"1", "100", "10000"}


@pytest.mark.parametrize("name", LEFT)
def test_what_cannot_be_converted_or_is_not_equal_is_served_by_scikit_learn(name: str) -> None:
    case, signature, columns = described(name)
    chosen = selection.select_engine(FittedModel(case.estimator), signature, columns)
    assert (chosen.name, chosen.files) == ("scikit-learn", {})
    assert LEFT[name] in chosen.report["why"]
    assert "\n" not in chosen.report["why"]
    with pytest.raises(PackError, match="cannot be served with ONNX: "):
        selection.select_engine(FittedModel(case.estimator), signature, columns, "onnx")


def test_the_same_model_has_the_same_bytes() -> None:
    case, signature, _ = described("mixed table, ordinal codes")
    assert convert(FittedModel(case.estimator), signature) == convert(
        FittedModel(case.estimator), signature
    )


def test_the_report_of_a_model_that_computes_in_float32_has_that() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # `probability` is deprecated, and old models have it
        rough = on_arrays(SVC(probability=True, random_state=0), load_iris)
    for case, precision, tolerance in [
        (rough, "float32", 1e-5),
        (ALL_MODELS["random forest"](), "float64", 1e-9),
    ]:
        report = selection.select_engine(
            FittedModel(case.estimator), *contract(case), "onnx"
        ).report
        assert (report["precision"], report["tolerance"]) == (precision, tolerance)


def test_asked_for_scikit_learn_nothing_is_converted() -> None:
    case, signature, columns = described("sensors")
    chosen = selection.select_engine(FittedModel(case.estimator), signature, columns, "sklearn")
    assert (chosen.name, dict(chosen.report)) == ("scikit-learn", {"why": "as requested"})


@pytest.mark.parametrize(
    ("onnx", "chosen"), [((1, 1, 1), True), ((5, 5, 40), True), ((10, 10, 10), False)]
)
def test_onnx_is_chosen_only_if_it_is_faster(
    onnx: tuple[int, ...], chosen: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scikit-learn takes 10 ms for each number of rows, or 20 for the most."""
    sizes = list(selection.WEIGHTS)
    times = {
        "ScikitLearn": dict(zip(sizes, (10, 10, 20), strict=True)),
        "OnnxRuntime": dict(zip(sizes, onnx, strict=True)),
    }
    monkeypatch.setattr(
        selection,
        "median_seconds",
        lambda engine, _, rows: times[type(engine).__name__][rows] / 1000,
    )
    case, signature, columns = described("sensors")
    found = selection.select_engine(FittedModel(case.estimator), signature, columns)
    assert (found.name == "onnx") is chosen
    assert found.report["seconds"]["onnx"]["1"] == onnx[0] / 1000


def test_few_rows_weigh_most() -> None:
    def ratio(one: float, hundred: float, many: float) -> float:
        slow = {"1": 1.0, "100": 1.0, "10000": 1.0}
        fast = {"1": 1 / one, "100": 1 / hundred, "10000": 1 / many}
        return selection.speedup({"scikit-learn": slow, "onnx": fast})

    assert ratio(2, 2, 2) == pytest.approx(2)
    assert ratio(4, 1, 1) == ratio(1, 4, 1) > ratio(1, 1, 4) > 1


def test_what_only_confidence_needs_is_computed_only_for_whom_asks() -> None:
    case, signature, _ = described("sensors")
    graph = onnx.load_model_from_string(convert(FittedModel(case.estimator), signature)[0]).graph
    [choice] = [node for node in graph.node if node.op_type == "If"]
    asked = {one.name: {node.op_type for node in one.g.node} for one in choice.attribute}
    assert "Sigmoid" in asked["then_branch"]
    assert asked["else_branch"] == {"Constant"}
    assert "Sigmoid" not in {node.op_type for node in graph.node}


def test_confidence_from_which_labels_are_computed_is_computed_for_both() -> None:
    case, signature, _ = described("random forest")
    graph = onnx.load_model_from_string(convert(FittedModel(case.estimator), signature)[0]).graph
    assert "If" not in {node.op_type for node in graph.node}


def test_boosting_answers_null_as_scikit_learn_does() -> None:
    table = machines()
    rows = table[["age_years", "temperature"]]
    assert rows.temperature.isna().any()
    case = ModelCase(boosting().fit(rows, table.fails), rows, as_frame=True)
    signature, columns = contract(case)
    assert signature.inputs[1].nullable
    assert (
        selection.select_engine(FittedModel(case.estimator), signature, columns, "onnx").name
        == "onnx"
    )


@pytest.mark.parametrize("scaler", [{}, {"with_mean": False}, {"with_std": False}], ids=str)
@pytest.mark.parametrize(
    ("model", "mean"),
    [
        (LogisticRegression(), 0),
        (LogisticRegression(), 1e3),
        (LogisticRegression(), 1e9),
        (LinearSVC(fit_intercept=False), 10),
    ],
    ids=str,
)
def test_a_scaler_before_a_linear_model_changes_no_answer(
    scaler: dict[str, bool], model: Any, mean: float
) -> None:
    rows = np.random.default_rng(0).normal(mean, (1, 5), size=(300, 2))
    labels = rows[:, 0] > rows[:, 1]
    pipeline = make_pipeline(StandardScaler(**scaler), model).fit(rows, labels)
    signature, columns = contract(ModelCase(pipeline, pd.DataFrame(rows, columns=["a", "b"])))
    assert selection.select_engine(FittedModel(pipeline), signature, columns, "onnx").name == "onnx"


def test_a_small_forest_has_the_same_ties() -> None:
    rows = np.random.default_rng(0).integers(0, 3, size=(300, 2)).astype(float)
    labels = np.random.default_rng(1).integers(0, 2, size=300)
    forest = RandomForestClassifier(4, random_state=0).fit(rows, labels)
    case = ModelCase(forest, pd.DataFrame(rows, columns=["a", "b"]))
    signature, columns = contract(case)
    assert selection.select_engine(FittedModel(forest), signature, columns, "onnx").name == "onnx"


@pytest.mark.parametrize(
    ("times", "shown"), [(0.912, "0.91"), (2.345, "2.3"), (24.2, "24"), (123.4, "120")]
)
def test_the_advantage_is_shown_in_two_digits_without_an_exponent(times: float, shown: str) -> None:
    assert selection.two_digits(times) == shown
