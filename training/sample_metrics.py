"""Metrics of an estimator on the rows of its sample, if the sample has their true values."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sklearn.metrics import mean_absolute_error, r2_score

from service.model.engines import Column
from service.model.signature import Output, Signature
from training.errors import PackError
from training.estimators.fitted_model import FittedModel
from training.samples.sample import Sample
from training.summary import listed

MAJORITY = "accuracy_of_the_majority_class"


def on_sample(predicted: Sequence[Any], actual: Sequence[Any], labelled: bool) -> dict[str, float]:
    """Metrics of predictions, for the rows of the sample whose true value is known.

    The model may have been fitted on the same rows, so the metrics show whether it was loaded
    correctly, not how good it is. The baseline is the accuracy of always predicting the most
    frequent value; for R², always predicting the mean gives 0. There is no R² if all true values
    are equal.
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
    model: FittedModel, signature: Signature, sample: Sample, targets: Sequence[str]
) -> Sample:
    """The sample with target columns in the type of the model's labels, such as "1" instead of 1.

    PackError if a column has none of the labels, or has text although the model predicts numbers.
    """
    columns = dict(sample.columns)
    for output in signature.outputs:
        if output.name not in targets:
            continue
        column = columns[output.name]
        labels = model.possible_labels(output)
        if labels and all(isinstance(label, str) for label in labels):
            values = [None if value is None else str(value) for value in column.values]
            column = columns[output.name] = replace(column, values=values)
        held = dict.fromkeys(value for value in column.values if value is not None)
        if labels and held and not held.keys() & set(labels):
            raise PackError(
                f"the model predicts {listed(labels)}, and the column {output.name} holds "
                f"{listed([*held])}: nothing can be compared; fit the model on the values of that "
                f"column, or give --ignore {output.name} instead of --target"
            )
        if not labels and output.kind == "category":
            values = [None if value is None else str(value) for value in column.values]
            columns[output.name] = replace(column, values=values)
        elif not labels and any(isinstance(value, str) for value in held):
            raise PackError(
                f"the model predicts numbers, and the column {output.name}, which --target names, "
                "holds text"
            )
    return replace(sample, columns=columns)


def of_sample(
    model: FittedModel,
    signature: Signature,
    sample: Sample,
    columns: Mapping[str, Column],
    targets: Any,
) -> dict[str, Any]:
    """The metrics for the kept rows of the sample, if it has their true values."""
    if not targets:
        return {}
    found = model.engine(signature).predict(list(columns.values()))
    by_target = {
        output.name: on_sample(
            values.tolist(),
            sample.columns[output.name].values,
            labelled=not model.predicts_numbers(output),
        )
        for output, values in zip(signature.outputs, found, strict=True)
        if output.name in targets and _is_comparable(model, output)
    }
    if not by_target:
        return {}
    return {"sample": by_target[targets[0]] if len(by_target) == 1 else by_target}


def _is_comparable(model: FittedModel, output: Output) -> bool:
    """Whether predictions can be compared with a target. The numbers of clusters are arbitrary."""
    has_labels = bool(model.possible_labels(output)) or output.kind == "category"
    return has_labels or model.predicts_numbers(output)
