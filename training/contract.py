"""The signature read off a fitted estimator, with a sample that shows what its columns hold."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from service.model.signature import Container, Input, Signature
from training import inputs, outputs, walk
from training.errors import PackError
from training.probe import Probe
from training.sample import Column, Sample


def describe(
    estimator: Any,
    sample: Sample,
    targets: Sequence[str],
    advance: Callable[[str], object] = lambda name: None,
) -> Signature:
    """What the estimator takes and gives; PackError if it is none, or the sample does not fit.

    `advance` is told the name of each input that was tried on the model.
    """
    check(estimator)
    columns = _inputs(estimator, sample, targets)
    probe = _probe(estimator, columns)
    names = [column.name for column in columns]
    known = walk.known_values(estimator, names)
    texts = walk.text_columns(estimator, names)
    taken = inputs.describe(probe, columns, known, texts, advance)
    for place, own in enumerate(map(walk.closed_columns(estimator, names).get, names)):
        if own is not None:
            taken[place] = replace(taken[place], categories=tuple(own), closed=True)
    signature = replace(probe.signature, inputs=tuple(inputs.bounded(probe, taken)))
    return replace(signature, outputs=outputs.describe(estimator, probe.ask, targets))


def check(estimator: Any) -> None:
    """Refuse what is no fitted estimator with `predict`."""
    kind = type(estimator).__name__
    if not hasattr(estimator, "fit") or isinstance(estimator, type):
        raise PackError(f"holds a {kind}, which is no scikit-learn estimator")
    if not hasattr(estimator, "predict"):
        raise PackError(f"holds a {kind} without predict: only a model that predicts can be served")
    try:
        check_is_fitted(estimator)
    except (NotFittedError, TypeError) as error:
        raise PackError(f"holds a {kind} that is not fitted; fit it before you save it") from error


def _inputs(estimator: Any, sample: Sample, targets: Sequence[str]) -> list[Column]:
    """The sample's columns that the estimator takes, in its order."""
    there = {name: column for name, column in sample.columns.items() if name not in targets}
    for target in targets:
        if target not in sample.columns:
            raise PackError(f"the sample has no column {target}, which --target names")
    wanted = walk.feature_names(estimator)
    if wanted is not None:
        missing = [name for name in wanted if name not in there]
        if missing:
            raise PackError(f"the sample has no column {missing[0]}, which the model was fitted on")
        return [there[name] for name in wanted]
    if len(there) > 1 and walk.reads_texts(estimator):
        return [_text(there)]
    width = walk.feature_count(estimator)
    if width is not None and width != len(there):
        raise PackError(
            f"the sample has {len(there)} columns besides the target, the model takes {width}; "
            "name the target with --target, and what else the model does not take with --ignore"
        )
    return list(there.values())


def _text(there: Mapping[str, Column]) -> Column:
    """The one column of text, for a model that was fitted on a list of texts."""
    texts = [column for column in there.values() if column.kind == "text"]
    if len(texts) == 1:
        return texts[0]
    names = f": {', '.join(column.name for column in texts[:5])}" if texts else ""
    raise PackError(
        f"the model reads one text, and the sample has {len(texts)} columns of text{names}; name "
        "the target with --target, and what else the model does not take with --ignore"
    )


def _probe(estimator: Any, columns: Sequence[Column]) -> Probe:
    """Find out how the estimator wants its rows: in which container, text as which type."""
    rows = {column.name: column.values for column in columns}
    mixed = any(column.kind == "text" for column in columns)
    for container, text in _ways(estimator, columns):
        given = tuple(
            Input(name=column.name, kind="text", dtype=_dtype(column, container, text, mixed))
            for column in columns
        )
        signature = Signature(container=container, inputs=given, outputs=())
        probe = Probe(estimator, signature, rows)
        if probe.works({}) and probe.works(rows):
            return probe
    raise PackError(
        f"the {type(estimator).__name__} cannot predict the rows of the sample: {_reason(probe)}"
    )


def _reason(probe: Probe) -> str:
    """What the estimator says of the rows that it cannot predict."""
    try:
        probe.ask("predict")
    except Exception as error:
        return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
    return "it gives numbers that are not finite"


def _ways(estimator: Any, columns: Sequence[Column]) -> list[tuple[Container, str]]:
    if walk.feature_names(estimator) is not None:
        return list(product(("frame",), ("str", "object", "category")))
    ways: list[tuple[Container, str]] = [("array", "object")]
    return [*ways, ("list", "object")] if len(columns) == 1 else ways


def _dtype(column: Column, container: Container, text: str, mixed: bool) -> str:
    if column.kind == "text":
        return text
    if container == "frame":
        if column.missing:
            return "object" if column.kind == "boolean" else "float64"
        return {"boolean": "bool", "integer": "int64", "number": "float64"}[column.kind]
    if mixed:
        return "object"  # one array has one type
    return "float64"
