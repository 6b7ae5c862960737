"""The report's numbers, against counts by hand, closed forms and scikit-learn."""

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics
from sklearn.linear_model import LinearRegression
from sklearn.neighbors import KNeighborsClassifier

from tests.support.reported import judge
from training.report import bootstrap, confusion_matrix, formatting
from training.report.evaluation import Evaluation
from training.report.metrics import bootstrap_intervals, compute, proportion


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    """A model that predicts low below 0.5 and high above, and is wrong once in five."""
    model = KNeighborsClassifier(1).fit([[0.0], [1.0]], ["low", "high"])
    rows = pd.DataFrame({"a": [0.0, 0.1, 0.2, 0.9, 1.0]})
    return judge(model, rows, {"y": ["low", "high", "low", "high", "high"]})


def test_the_matrix_is_that_counted_by_hand(evaluation: Evaluation) -> None:
    counted = confusion_matrix.count(evaluation)
    assert counted.labels == ["high", "low"]
    assert counted.counts == [[2, 1], [0, 2]]


def test_classes_and_measures_are_those_counted_by_hand(evaluation: Evaluation) -> None:
    high, low = confusion_matrix.class_metrics(evaluation)
    assert [high.rows, high.recall, high.precision] == pytest.approx([3, 2 / 3, 1])
    assert [low.rows, low.recall, low.precision] == pytest.approx([2, 1, 2 / 3])
    assert low.f1 == pytest.approx(4 / 5)
    found = {one.name: one for one in compute(evaluation)}
    assert found["accuracy"].value == pytest.approx(4 / 5)
    assert found["balanced accuracy"].value == pytest.approx((2 / 3 + 1) / 2)
    # of the 6 pairs of a low and a high: four are ordered, two are tied
    assert found["ROC AUC"].value == pytest.approx((4 + 2 / 2) / 6)
    assert confusion_matrix.baseline(evaluation) == (
        "Baseline: always predicting the most frequent class has an accuracy of 60 %."
    )


@pytest.mark.parametrize(
    ("right", "of", "low", "high"),
    [
        (0, 10, 0, 1 - 0.025 ** (1 / 10)),  # closed forms at the ends
        (10, 10, 0.025 ** (1 / 10), 1),
        (1, 1, 0.025, 1),
        (2, 3, 0.0943, 0.9916),  # tables of Clopper and Pearson's limits
        (5, 10, 0.1871, 0.8129),
        (81, 263, 0.2527, 0.3676),  # Newcombe 1998, table I
    ],
)
def test_intervals_of_shares_are_the_published_ones(
    right: int, of: int, low: float, high: float
) -> None:
    assert proportion(right, of) == pytest.approx((low, high), abs=1e-4)


def test_the_bootstrap_s_interval_of_a_mean_is_that_of_the_normal_distribution() -> None:
    values = np.random.default_rng(1).normal(10, 2, size=400)
    low, high = bootstrap_intervals(400, {"mean": bootstrap.mean(values)})["mean"]
    half = 1.96 * values.std() / np.sqrt(400)
    assert low == pytest.approx(values.mean() - half, abs=0.1 * half)
    assert high == pytest.approx(values.mean() + half, abs=0.1 * half)


@pytest.mark.parametrize("seed", range(5))
def test_measures_of_rows_drawn_again_are_scikit_learn_s(seed: int) -> None:
    chance = np.random.default_rng(seed)
    actual, predicted = chance.integers(4, size=(2, 60))
    truth, score = actual > 1, chance.integers(8, size=60) / 8  # with ties
    numbers, guesses = chance.normal(1e3, 1, size=(2, 60))
    drawn = chance.integers(60, size=60)
    weights = np.bincount(drawn, minlength=60)
    missed = np.abs(numbers - guesses)
    labels, answers = (actual[drawn], predicted[drawn]), (numbers[drawn], guesses[drawn])
    ranked = truth[drawn], score[drawn]
    for found, expected in [
        (
            bootstrap.balanced_accuracy(actual, predicted),
            metrics.balanced_accuracy_score(*labels),
        ),
        (bootstrap.macro_f1(actual, predicted), metrics.f1_score(*labels, average="macro")),
        (bootstrap.roc_auc(truth, score), metrics.roc_auc_score(*ranked)),
        (bootstrap.average_precision(truth, score), metrics.average_precision_score(*ranked)),
        (bootstrap.r2(numbers, guesses), metrics.r2_score(*answers)),
        (bootstrap.mean(missed), metrics.mean_absolute_error(*answers)),
        (bootstrap.median(missed), metrics.median_absolute_error(*answers)),
        (bootstrap.root_mean(missed**2), metrics.root_mean_squared_error(*answers)),
    ]:
        assert found(weights) == pytest.approx(expected, rel=1e-9)


def test_errors_of_a_regression_are_those_counted_by_hand() -> None:
    rows = pd.DataFrame({"a": [0.0, 1.0, 2.0, 3.0]})
    model = LinearRegression().fit(rows.to_numpy(), rows.a)
    found = {one.name: one for one in compute(judge(model, rows, {"y": [0.0, 2.0, 1.0, 6.0]}))}
    # it is off by 0, 1, 1 and 3; the mean is 2.25, the squares about it are 20.75
    assert found["mean absolute error"].value == pytest.approx(5 / 4)
    assert found["median absolute error"].value == pytest.approx(1)
    assert found["root mean squared error"].value == pytest.approx(np.sqrt(11 / 4))
    assert found["R²"].value == pytest.approx(1 - 11 / 20.75)
    assert all(one.low <= one.value <= one.high for one in found.values())


@pytest.mark.parametrize(
    ("part", "message"),
    [(1.0, "100 %"), (0.99999, "over 99.9 %"), (0.5, "50 %"), (0.0, "0 %"), (1e-9, "under 0.1 %")],
)
def test_a_share_is_all_only_if_it_is_all(part: float, message: str) -> None:
    assert formatting.percent(part) == message


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (1234.5, "1,234"),
        (-0.12345, "\N{MINUS SIGN}0.123"),
        (12345678.0, "12,345,678"),
        (7, "7"),
        (2.5e-7, "2.5e\N{MINUS SIGN}07"),
    ],
)
def test_numbers_are_short(value: float, message: str) -> None:
    assert formatting.number(value) == message


def test_a_name_is_one_line_of_what_can_be_seen() -> None:
    assert (
        formatting.printable("a\n\tb\x00\ud800\u202ec")
        == "a b" + 3 * "\N{REPLACEMENT CHARACTER}" + "c"
    )
    assert formatting.printable("x" * 1000, 10) == "x" * 9 + "…"
