"""How good a fitted model is, and the gate below which nothing is published."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone, is_classifier
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    log_loss,
    mean_absolute_error,
    r2_score,
    roc_auc_score,
)
from sklearn.model_selection import StratifiedKFold, cross_val_score

from service.model.engines import Column, ScikitLearn
from service.model.signature import Signature
from training import pipeline
from training.errors import GateError, PackError
from training.sample import Sample

FOLDS = 5
LEAST_BALANCED_ACCURACY = 0.9  # by chance it is 0.5; the notebook's model has about 0.96

Array = NDArray[np.float64]


def held_out(model: Any, inputs: Array, target: Array) -> dict[str, float]:
    """Metrics of a fitted classifier on rows that it has not seen; log_loss is in nats."""
    predicted = model.predict(inputs)
    probabilities = model.predict_proba(inputs)[:, 1]
    values, counts = np.unique(target, return_counts=True)
    return {
        "rows": len(target),
        "accuracy": float(accuracy_score(target, predicted)),
        "accuracy_of_the_majority_class": float(counts.max() / len(target)),
        "balanced_accuracy": float(balanced_accuracy_score(target, predicted)),
        "roc_auc": float(roc_auc_score(target, probabilities)),
        "log_loss": float(log_loss(target, probabilities, labels=values)),
    }


def cross_validated(model: Any, inputs: Array, target: Array) -> dict[str, float]:
    """Balanced accuracy of fresh copies of the model over shuffled, stratified folds."""
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    scores = cross_val_score(clone(model), inputs, target, cv=folds, scoring="balanced_accuracy")
    return {
        "folds": FOLDS,
        "balanced_accuracy_mean": float(scores.mean()),
        "balanced_accuracy_std": float(scores.std()),
    }


def on_sample(predicted: Sequence[Any], actual: Sequence[Any], labelled: bool) -> dict[str, float]:
    """How well predictions fit what the sample says, where it says something.

    The model may have been fitted on these very rows: this tells whether it arrived whole, not how
    good it is.
    """
    pairs = [(p, a) for p, a in zip(predicted, actual, strict=True) if a is not None]
    if not pairs:
        return {"rows": 0}
    if labelled:
        return {"rows": len(pairs), "accuracy": sum(p == a for p, a in pairs) / len(pairs)}
    expected, found = [a for _, a in pairs], [p for p, _ in pairs]
    if any(isinstance(value, str) for value in expected):
        raise PackError("the target is text, and the model predicts numbers")
    return {
        "rows": len(pairs),
        "r2": float(r2_score(expected, found)) if len(pairs) > 1 else 0.0,
        "mean_absolute_error": float(mean_absolute_error(expected, found)),
    }


def gate(model: Any, metrics: dict[str, dict[str, float]]) -> None:
    """Raise GateError unless both estimates are good enough and the published example comes out."""
    for measured, value in (
        ("on held-out rows", metrics["held_out"]["balanced_accuracy"]),
        ("by cross-validation", metrics["cross_validation"]["balanced_accuracy_mean"]),
    ):
        if value < LEAST_BALANCED_ACCURACY:
            raise GateError(
                f"balanced accuracy {measured} is {value:.3f}, below {LEAST_BALANCED_ACCURACY}: "
                "nothing was published; look at the data, then fit again"
            )
    came_out = tuple(model.predict(np.array(pipeline.EXAMPLE_INPUTS)).tolist())
    if came_out != pipeline.EXAMPLE_CLASSES:
        raise GateError(
            f"the published example gives {came_out} instead of {pipeline.EXAMPLE_CLASSES}: "
            "nothing was published; look at the data, then fit again"
        )


def of_sample(
    estimator: Any,
    signature: Signature,
    sample: Sample,
    columns: Mapping[str, Column],
    targets: Any,
) -> dict[str, Any]:
    """How the model does on the sample's kept rows, if the sample says what is right."""
    if not targets:
        return {}
    found = ScikitLearn(estimator, signature).predict(list(columns.values()))
    told = {
        output.name: on_sample(
            values.tolist(),
            sample.columns[output.name].values,
            labelled=is_classifier(estimator),
        )
        for output, values in zip(signature.outputs, found, strict=True)
        if output.name in sample.columns
    }
    return {"sample": told[targets[0]] if len(told) == 1 else told}
