"""Evaluation: metrics against a count by hand, and the gate."""

import numpy as np
import pytest

from training.errors import GateError
from training.sensor_example import data, evaluate, pipeline
from training.sensor_example.evaluate import Array


class Threshold:
    """A classifier that is wrong exactly where one expects it."""

    def __init__(self, at: float) -> None:
        self.at = at

    def predict(self, inputs: Array) -> Array:
        above: Array = (inputs[:, 0] - inputs[:, 1] > self.at).astype(float)
        return above

    def predict_proba(self, inputs: Array) -> Array:
        positive = np.where(self.predict(inputs) == 1.0, 0.75, 0.25)
        return np.column_stack([1 - positive, positive])


def test_held_out_metrics_are_those_counted_by_hand() -> None:
    inputs = np.array([[2.0, 0.0], [3.0, 0.0], [0.0, 0.0], [0.5, 0.0], [0.1, 0.0]])
    target = np.array([1.0, 0.0, 0.0, 0.0, 1.0])
    metrics = evaluate.held_out(Threshold(1.0), inputs, target)
    assert metrics["rows"] == 5
    assert metrics["accuracy"] == pytest.approx(3 / 5)
    assert metrics["accuracy_of_the_majority_class"] == pytest.approx(3 / 5)
    assert metrics["balanced_accuracy"] == pytest.approx((1 / 2 + 2 / 3) / 2)
    # of the 6 pairs of a 1 and a 0: two ordered rightly, three tied, one wrongly
    assert metrics["roc_auc"] == pytest.approx((2 + 3 / 2) / 6)
    # three rows got 0.75 for their class, two got 0.25
    assert metrics["log_loss"] == pytest.approx(-(3 * np.log(0.75) + 2 * np.log(0.25)) / 5)


def test_cross_validation_fits_fresh_copies() -> None:
    readings = data.read(data.DEFAULT)
    model = pipeline.build()
    metrics = evaluate.cross_validated(model, readings.inputs, readings.target)
    assert metrics["folds"] == 5
    assert 0.9 < metrics["balanced_accuracy_mean"] < 1.0
    assert 0.0 < metrics["balanced_accuracy_std"] < 0.05
    assert not hasattr(model, "classes_")


def metrics(held_out: float, folds: float) -> dict[str, dict[str, float]]:
    return {
        "held_out": {"balanced_accuracy": held_out},
        "cross_validation": {"balanced_accuracy_mean": folds},
    }


def test_a_good_model_passes_the_gate() -> None:
    evaluate.gate(Threshold(1.0), metrics(0.95, 0.95))


@pytest.mark.parametrize(
    ("held_out", "folds", "where"),
    [(0.89, 0.95, "on held-out rows is 0.890"), (0.95, 0.5, "by cross-validation is 0.500")],
)
def test_a_bad_model_does_not(held_out: float, folds: float, where: str) -> None:
    with pytest.raises(GateError, match=where) as caught:
        evaluate.gate(Threshold(1.0), metrics(held_out, folds))
    assert caught.value.exit_code == 65


def test_a_model_that_gets_the_published_example_wrong_does_not() -> None:
    with pytest.raises(GateError, match="published example"):
        evaluate.gate(Threshold(10.0), metrics(0.95, 0.95))
