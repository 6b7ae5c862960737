"""How good a fitted model is, and the gate below which nothing is published."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone, is_regressor
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
from training.errors import GateError, PackError
from training.samples.sample import Sample
from training.sensor_example import pipeline
from training.signature.outputs import possible_labels
from training.summary import listed

MAJORITY = "accuracy_of_the_majority_class"
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
        MAJORITY: float(counts.max() / len(target)),
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
    good it is. Beside it is the accuracy of always saying the commonest answer; R² of always saying
    the mean is 0. There is no R² for rows that all have the same answer.
    """
    pairs = [(p, a) for p, a in zip(predicted, actual, strict=True) if a is not None]
    if not pairs:
        return {"rows": 0}
    expected, found = [a for _, a in pairs], [p for p, _ in pairs]
    if labelled:
        [(_, most)] = Counter(expected).most_common(1)
        return {
            "rows": len(pairs),
            "accuracy": sum(p == a for p, a in pairs) / len(pairs),
            MAJORITY: most / len(pairs),
        }
    varies = len(set(expected)) > 1
    return {
        "rows": len(pairs),
        **({"r2": float(r2_score(expected, found))} if varies else {}),
        "mean_absolute_error": float(mean_absolute_error(expected, found)),
    }


def with_labels(
    estimator: Any, signature: Signature, sample: Sample, targets: Sequence[str]
) -> Sample:
    """The sample whose target columns hold labels as the model gives them: "1" where it says "1".

    PackError if a column holds none of the labels, or text where the model gives numbers.
    """
    columns = dict(sample.columns)
    for output in signature.outputs:
        if output.name not in targets:
            continue
        column = columns[output.name]
        labels = possible_labels(estimator, output)
        if labels and all(isinstance(label, str) for label in labels):
            values = [None if value is None else str(value) for value in column.values]
            column = columns[output.name] = replace(column, values=values)
        held = dict.fromkeys(value for value in column.values if value is not None)
        if labels and held and not held.keys() & set(labels):
            raise PackError(
                f"the model answers {listed(labels)}, and the column {output.name} holds "
                f"{listed([*held])}: nothing can be compared; fit the model on the values of that "
                f"column, or say --ignore {output.name} instead of --target"
            )
        if not labels and any(isinstance(value, str) for value in held):
            raise PackError(
                f"the model predicts numbers, and the column {output.name}, which --target names, "
                "holds text"
            )
    return replace(sample, columns=columns)


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
            labelled=bool(possible_labels(estimator, output)),
        )
        for output, values in zip(signature.outputs, found, strict=True)
        if output.name in targets
        and (possible_labels(estimator, output) or is_regressor(estimator))
    }
    if not told:
        return {}
    return {"sample": told[targets[0]] if len(told) == 1 else told}
