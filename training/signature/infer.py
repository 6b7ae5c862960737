"""Infers the signature of a fitted estimator from the estimator and a sample of rows."""

import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any

import numpy as np

from service.model import dates
from service.model.signature import Signature
from training.errors import PackError
from training.estimators.fitted_model import FittedModel
from training.samples import pandas_rows
from training.samples.sample import Column, Sample, columns_of_labels
from training.signature import ambiguous_columns, input_format, inputs, kinds, outputs

INDEX = ""  # the name of pandas' index in CSV
SHOWN_NAMES = 8


@dataclass(frozen=True, slots=True)
class Contract:
    """The signature of a model, the sample read by it, notes for the user, and the known categories
    of inputs that accept any value (`Manifest.known`).
    """

    signature: Signature
    sample: Sample
    notes: Sequence[str]
    known: Mapping[str, list[Any]]


def infer_signature(
    estimator: Any,
    sample: Sample,
    targets: Sequence[str],
    advance: Callable[[str], object] = lambda name: None,
) -> Signature:
    """The signature; PackError if the object is no fitted estimator, or the sample does not fit it.

    `advance` is called with the name of each input once it is described.
    """
    return infer_contract(FittedModel(estimator), sample, targets, advance=advance).signature


def infer_contract(
    model: FittedModel,
    sample: Sample,
    targets: Sequence[str],
    given: Mapping[str, str] | None = None,
    advance: Callable[[str], object] = lambda name: None,
) -> Contract:
    """The signature, the sample read by it, and notes; PackError as for `infer_signature`.

    `given` are the kinds of columns that the user has chosen, by `--kind`.
    """
    if model.feature_names is not None:
        pandas_rows.require_pandas("the model was fitted on a DataFrame")
    columns = _inputs(model, sample, targets)
    names = [column.name for column in columns]
    learned = model.columns(names)
    columns, notes = kinds.decide(learned, columns, given or {})
    encoded = (name for name, values in learned.categories.items() if values)
    fixed = {*(given or ()), *learned.texts, *encoded}
    probe, columns = input_format.find_format(model, columns, fixed)
    ambiguous_columns.check(probe, columns, fixed | learned.numbers, given or ())
    taken = inputs.describe(probe, columns, learned, advance)
    for place, own in enumerate(map(learned.closed.get, names)):
        if own is not None:
            taken[place] = replace(taken[place], categories=tuple(own), closed=True)
    signature = replace(probe.signature, inputs=tuple(inputs.bounded(probe, taken)))
    signature = replace(signature, outputs=outputs.describe(probe, targets))
    read = {**sample.columns, **{column.name: column for column in columns}}
    notes += kinds.unknown_values(columns, learned.categories)
    known = kinds.known_values(signature, learned.categories)
    return Contract(signature, replace(sample, columns=read), notes, known)


def _inputs(model: FittedModel, sample: Sample, targets: Sequence[str]) -> list[Column]:
    """The sample's columns that the estimator takes, in its order."""
    there = {name: column for name, column in sample.columns.items() if name not in targets}
    for target in targets:
        if target not in sample.columns:
            raise PackError(f"the sample has no column {target}, which --target names")
    wanted = model.columns_of(there)
    if wanted is not None:
        twice = [name for name, times in Counter(wanted).items() if times > 1]
        if twice:
            raise PackError(
                f"the model was fitted on several columns called {twice[0]}, and an input needs a "
                "name of its own: rename the columns and fit the model again"
            )
        missing = [name for name in wanted if name not in there]
        if missing:
            others = [name for name in there if name not in wanted]
            close = get_close_matches(missing[0], others, n=1)
            hint = f"is it {close[0]}?" if close else f"it has {_named(there)}"
            raise PackError(
                f"the sample has no column {missing[0]}, which the model was fitted on; "
                + (sample.other_separator or hint)
            )
        return [there[name] for name in wanted]
    if len(there) > 1 and model.reads_texts:
        return [_text(model, there, targets)]
    width = model.feature_count
    if INDEX in there and len(there) == (width or 1) + 1:
        del there[INDEX]
    if width is not None and width != len(there):
        raise PackError(
            f"the sample has {len(there)} columns{' besides the target' if targets else ''} "
            f"({_named(there)}), the model takes {width}; "
            f"{sample.other_separator or _advice(model, there, targets)}"
        )
    return list(there.values())


def _named(there: Iterable[str]) -> str:
    """The first names of columns, for a message."""
    names = [name or "one without a name" for name in there]
    more = f" and {len(names) - SHOWN_NAMES} more" if len(names) > SHOWN_NAMES else ""
    return ", ".join(names[:SHOWN_NAMES]) + more


def _advice(model: FittedModel, there: Mapping[str, Column], targets: Sequence[str]) -> str:
    """Advice on columns that the model does not take, or on those that are missing."""
    texts = [column.name for column in there.values() if column.kind == "text"]
    if texts and (model.feature_count or 0) > len(there):
        return (
            f"if a vectorizer makes its inputs from {texts[0]}, give both files, in this order: "
            "slipway pack VECTORIZER.joblib MODEL.joblib"
        )
    if targets:
        return "list what the model does not take with --ignore"
    found = columns_of_labels(_labels(model), there.values())
    target = f"with --target {shlex.quote(found[0])}" if len(found) == 1 else "with --target"
    return f"name the target {target}, and what else the model does not take with --ignore"


def _labels(model: FittedModel) -> Sequence[Any]:
    """The labels of a classifier with one output."""
    classes = getattr(model.estimator, "classes_", None)
    return classes.tolist() if isinstance(classes, np.ndarray) else []


def _text(model: FittedModel, there: Mapping[str, Column], targets: Sequence[str]) -> Column:
    """The one column of text, for a model that was fitted on a list of texts.

    Among several it is the one that holds neither the model's labels nor dates.
    """
    every = [column for column in there.values() if column.kind == "text"]
    others = columns_of_labels(_labels(model), every)
    texts = [column for column in every if column.name not in others and not _form(column)]
    texts = texts or every
    if len(texts) == 1:
        return texts[0]
    names = f": {', '.join(column.name for column in texts[:5])}" if texts else ""
    raise PackError(
        f"the model reads one text, and the sample has {len(texts)} columns of text{names}; "
        f"{_advice(model, there, targets)}"
    )


def _form(column: Column) -> str | None:
    """The form of a column's dates or times, if it holds no other text."""
    return dates.form_of([value for value in column.values if value is not None])
