"""The signature read off a fitted estimator, with a sample that shows what its columns hold."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from service.model.signature import Signature
from training.errors import PackError
from training.estimators import introspection
from training.samples import pandas_rows
from training.samples.sample import Column, Sample
from training.signature import ambiguous_columns, input_format, inputs, kinds, outputs


@dataclass(frozen=True, slots=True)
class Contract:
    """What a model takes and gives, the sample as this says, and notes for people."""

    signature: Signature
    sample: Sample
    notes: Sequence[str]


def describe(
    estimator: Any,
    sample: Sample,
    targets: Sequence[str],
    advance: Callable[[str], object] = lambda name: None,
) -> Signature:
    """What the estimator takes and gives; PackError if it is none, or the sample does not fit.

    `advance` is told the name of each input that was tried on the model.
    """
    return contract(estimator, sample, targets, advance=advance).signature


def contract(
    estimator: Any,
    sample: Sample,
    targets: Sequence[str],
    given: Mapping[str, str] | None = None,
    advance: Callable[[str], object] = lambda name: None,
) -> Contract:
    """The signature, the sample read by it, and notes; PackError as `describe`.

    `given` are kinds by column that decide.
    """
    check(estimator)
    if introspection.feature_names(estimator) is not None:
        pandas_rows.require_pandas("the model was fitted on a DataFrame")
    columns = _inputs(estimator, sample, targets)
    names = [column.name for column in columns]
    known = introspection.known_values(estimator, names)
    texts = introspection.text_columns(estimator, names)
    columns, notes = kinds.settled(estimator, columns, given or {})
    fixed = {*(given or ()), *texts, *(name for name, learned in known.items() if learned)}
    probe, columns = input_format.found(estimator, columns, fixed)
    ambiguous_columns.check(probe, columns, fixed)
    taken = inputs.describe(probe, columns, known, texts, advance)
    for place, only in enumerate(map(introspection.closed_columns(estimator, names).get, names)):
        if only is not None:
            taken[place] = replace(taken[place], categories=tuple(only), closed=True)
    signature = replace(probe.signature, inputs=tuple(inputs.bounded(probe, taken)))
    signature = replace(signature, outputs=outputs.describe(estimator, probe.ask, targets))
    read = {**sample.columns, **{column.name: column for column in columns}}
    notes += kinds.strangers(columns, known)
    return Contract(signature, replace(sample, columns=read), notes)


def check(estimator: Any) -> None:
    """Refuse what is no fitted estimator with `predict`."""
    kind = type(estimator).__name__
    if not hasattr(estimator, "fit") or isinstance(estimator, type):
        raise PackError(
            f"holds a {kind}, which is no scikit-learn estimator: {_way_out(estimator)}"
        )
    if not hasattr(estimator, "predict"):
        raise PackError(f"holds a {kind} without predict: only a model that predicts can be served")
    try:
        check_is_fitted(estimator)
    except (NotFittedError, TypeError) as error:
        raise PackError(f"holds a {kind} that is not fitted; fit it before you save it") from error


def _way_out(held: Any) -> str:
    """What to do about an object that is no estimator: there may be one in it."""
    parts: list[tuple[Any, Any]] = []
    if type(held) is dict:
        parts = [(f"its key {str(key)[:40]!r}", value) for key, value in held.items()]
    elif type(held) in (list, tuple):
        parts = [(f"its item {place}", value) for place, value in enumerate(held)]
    for place, value in parts:
        if hasattr(value, "predict"):
            return f"{place} is a {type(value).__name__}; dump that alone"
    if type(held) is bytes and held.startswith(b"\x80"):
        return "they are those of a pickle; dump the object itself, and not pickle.dumps of it"
    return "dump a fitted model"


def _inputs(estimator: Any, sample: Sample, targets: Sequence[str]) -> list[Column]:
    """The sample's columns that the estimator takes, in its order."""
    there = {name: column for name, column in sample.columns.items() if name not in targets}
    for target in targets:
        if target not in sample.columns:
            raise PackError(f"the sample has no column {target}, which --target names")
    wanted = introspection.feature_names(estimator)
    if wanted is not None:
        missing = [name for name in wanted if name not in there]
        if missing:
            raise PackError(f"the sample has no column {missing[0]}, which the model was fitted on")
        return [there[name] for name in wanted]
    if len(there) > 1 and introspection.reads_texts(estimator):
        return [_text(there)]
    width = introspection.feature_count(estimator)
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
