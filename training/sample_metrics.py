"""Metrics of an estimator on the rows of its sample, if the sample has their true values."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sklearn.base import is_regressor
from sklearn.metrics import mean_absolute_error, r2_score

from service.model.engines import Column, ScikitLearn
from service.model.signature import Signature
from training.errors import PackError
from training.samples.sample import Sample
from training.signature.outputs import possible_labels
from training.summary import listed

MAJORITY = "accuracy_of_the_majority_class"


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
