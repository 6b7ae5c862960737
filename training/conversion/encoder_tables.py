"""Encoders of categories as tables: what each code of a category becomes, whatever the encoder."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from service.model.engines import ScikitLearn
from service.model.predictor import as_column
from service.model.signature import Container, Input, Label, Signature
from training.conversion.shapes import Tables
from training.errors import ConversionError
from training.estimators.fitted_model import FittedModel
from training.signature.inputs import UNSEEN

MOST_TABLES = 500  # columns of one encoder: the time to read their tables grows with the square
MOST_CELLS = 2_000_000  # that are encoded at once
Codes = dict[str, list[Label]]


def codes_of(model: FittedModel, signature: Signature) -> Codes:
    """The known categories of each input that has some, in the order of their codes."""
    known = model.columns(signature.names).categories
    codes: Codes = {}
    for column in signature.inputs:
        learned = known.get(column.name, set()) | set(column.categories or ())
        if learned or column.kind in ("category", "text", "date", "datetime"):
            found = [value for value in learned if value is not None and value == value]
            if not found:
                raise ConversionError(f"{column.name} is {column.kind} that no encoder reads")
            codes[column.name] = sorted(found, key=lambda value: (type(value).__name__, value))
    return codes


def tables(encoder: Any, names: list[str], signature: Signature, codes: Codes) -> Tables:
    """What each code of each column becomes, if no column of the result depends on two."""
    if isinstance(encoder, str):
        raise ConversionError(f"{names[0]} is text that is not encoded")
    if len(names) > MOST_TABLES:
        raise ConversionError(f"{len(names)} columns of categories, more than {MOST_TABLES}")
    inputs = [column for column in signature.inputs if column.name in names]
    inputs.sort(key=lambda column: names.index(column.name))
    values = [_values(column, codes[column.name]) for column in inputs]
    encode = partial(_encoded, encoder, inputs=inputs, container=signature.container)
    first = [known[0] for known in values]
    usual = encode([first])
    found, changing = [], []
    for table in _tables(encode, values, MOST_CELLS // (usual.shape[1] + len(names))):
        own = np.flatnonzero((table != usual).any(axis=0))
        changing.append(set(own.tolist()))
        found.append(table[:, own])
    if sum(map(len, changing)) > len(set().union(*changing)):
        raise ConversionError(f"{names[0]} and others are encoded together")
    whole = np.repeat(usual, len(found[0]), axis=0)
    whole[:, sorted(changing[0])] = found[0]
    changing[0] |= set(range(usual.shape[1])) - set().union(*changing)
    found[0] = whole[:, sorted(changing[0])]
    order = np.argsort([column for own in changing for column in sorted(own)])
    return Tables(found, order.tolist())


def _tables(
    encode: Callable[[list[Any]], Any], values: Sequence[Sequence[Any]], most: int
) -> Iterator[Any]:
    """What each of the values of each column becomes beside the first ones of all others.

    Up to `most` rows are encoded at once: one call for each of many columns takes minutes.
    """
    first = [known[0] for known in values]
    rows: list[Any] = []
    sizes: list[int] = []
    for place, known in enumerate(values):
        if rows and len(rows) + len(known) > most:
            yield from np.split(encode(rows), np.cumsum(sizes)[:-1])
            rows, sizes = [], []
        rows += [[*first[:place], value, *first[place + 1 :]] for value in known]
        sizes.append(len(known))
    yield from np.split(encode(rows), np.cumsum(sizes)[:-1])


def _values(column: Input, known: list[Label]) -> list[Any]:
    """A value for each code; where there can be none, a known one takes its place."""
    if column.closed:
        other: Any = known[0]
    else:
        other = UNSEEN if isinstance(known[0], str) else max(map(float, known)) + 1
    return [*known, other, None if column.nullable else known[0]]


def _encoded(encoder: Any, rows: list[Any], inputs: list[Input], container: Container) -> Any:
    signature = Signature(container=container, inputs=tuple(inputs), outputs=())
    columns = [
        as_column([row[place] for row in rows], column.dtype) for place, column in enumerate(inputs)
    ]
    table = encoder.transform(ScikitLearn(None, signature).contained(columns))
    table = table.toarray() if hasattr(table, "toarray") else np.asarray(table)
    try:
        return table.astype(np.float64)
    except (TypeError, ValueError) as error:  # such as an imputer of text
        raise ConversionError(f"{inputs[0].name} does not become a number") from error
