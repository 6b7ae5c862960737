"""Converts encoders of categories, whatever their class, to tables: the result for each code.

Numbers beside the categories may pass through an encoder as they are, or with a number in the place
of a missing one.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import partial
from typing import Any

import numpy as np

from service.model.engines import ScikitLearn
from service.model.predictor import as_column
from service.model.probe_rows import UNSEEN
from service.model.signature import Container, Input, Label, Signature
from training.conversion.shapes import Tables
from training.errors import ConversionError
from training.estimators.fitted_model import FittedModel
from training.estimators.learned_columns import learned_columns

MAX_TABLES = 500  # columns of one encoder: the time to make their tables grows with the square
MAX_CELLS = 2_000_000  # to encode in one call
Codes = dict[str, list[Label]]
PROBES = (0.0, 1.0, -2.0, 1024.0, 2.0**40, -(2.0**40))  # exact in all types of numbers
FRACTIONS = (0.5, -3.25)
OTHERS = 8  # unknown texts


def codes_of(model: FittedModel, signature: Signature) -> Codes:
    """The known categories of each categorical input, in the order of their codes."""
    known = model.columns(signature.names).categories
    codes: Codes = {}
    for column in signature.inputs:
        learned = known.get(column.name, set()) | set(column.categories or ())
        if learned or column.kind in ("category", "text", "date", "datetime"):
            found = [value for value in learned if value is not None and value == value]
            if not found:
                raise ConversionError(f"{column.name} is {column.kind} that no encoder reads")
            if any(isinstance(value, date | np.datetime64) for value in found):
                raise ConversionError(f"{column.name} has categories of times")
            codes[column.name] = sorted(found, key=lambda value: (type(value).__name__, value))
    return codes


def tables(encoder: Any, names: list[str], signature: Signature, codes: Codes) -> Tables:
    """The table of each column; ConversionError if a column of the result depends on two inputs.

    Columns without codes are numbers.
    """
    if isinstance(encoder, str):
        raise ConversionError(f"{names[0]} is text that is not encoded")
    if len(names) > MAX_TABLES:
        raise ConversionError(f"{len(names)} columns of categories, more than {MAX_TABLES}")
    inputs = [column for column in signature.inputs if column.name in names]
    inputs.sort(key=lambda column: names.index(column.name))
    values = [
        _values(one, codes[one.name]) if one.name in codes else _numbers(one) for one in inputs
    ]
    others = [
        _others(values[place][0]) if one.name in codes and not one.closed else []
        for place, one in enumerate(inputs)
    ]
    encode = partial(_encoded, encoder, inputs=inputs, container=signature.container)
    usual = encode([[several[0] for several in values]])
    known = learned_columns(encoder, names).categories
    found: list[Any] = []
    unknown: list[Any] = []
    changing: list[list[int]] = []
    tried = [[*several, *more] for several, more in zip(values, others, strict=True)]
    for table in _tables(encode, tried, MAX_CELLS // (usual.shape[1] + len(names))):
        own = np.flatnonzero((table != usual).any(axis=0))
        size = len(values[len(found)])
        changing.append(own.tolist())
        found.append(table[:size, own])
        unknown.append(table[size:, own])
    if sum(map(len, changing)) > len(set().union(*changing)):
        raise ConversionError(f"{names[0]} and others are encoded together")
    constant = sorted(set(range(usual.shape[1])).difference(*changing))
    for place, column in enumerate(inputs):
        if column.name not in codes:
            found[place] = _passed(column, found[place], values[place])
            continue
        if not column.closed and column.name not in known:
            raise ConversionError(f"{column.name} is {column.kind} that no encoder reads")
        if not np.array_equal(
            unknown[place], unknown[place][:1].repeat(len(others[place]), 0), True
        ):
            raise ConversionError("it distinguishes unknown categories")
        whole = np.repeat(usual, len(found[place]), axis=0)
        whole[:, changing[place]] = found[place]
        changing[place] = sorted(changing[place] + constant)
        found[place], constant = whole[:, changing[place]], []
    if constant:
        raise ConversionError(f"{names[0]} is encoded as a constant")
    return Tables(found, np.argsort([one for own in changing for one in own]).tolist())


def _passed(column: Input, table: Any, values: Sequence[Any]) -> float | None:
    """What a number passes through an encoder as: a number in the place of a missing one, NaN if
    that stays missing; None if the number is left out.
    """
    if not table.shape[1]:
        return None
    numbers = [float(value) for value in values if value is not None]
    if table.shape[1] > 1 or table[: len(numbers), 0].tolist() != numbers:
        raise ConversionError(f"{column.name} is a number that is encoded")
    return float(table[-1, 0]) if column.nullable else np.nan


def _others(known: Label | None) -> list[str]:
    """Unknown texts, if categories are texts: one code stands for all, so all must be equal."""
    return [f"{UNSEEN} {number}" for number in range(OTHERS)] if isinstance(known, str) else []


def _numbers(column: Input) -> list[Any]:
    """Numbers that show how an encoder treats those beside the categories; null at last if it
    may be missing.
    """
    if column.kind == "boolean":
        given: list[Any] = [False, True]
    elif column.kind == "integer":
        given = [int(one) for one in PROBES]
    else:
        given = [*PROBES, *FRACTIONS]
    return [*given, None] if column.nullable else given


def _tables(
    encode: Callable[[list[Any]], Any], values: Sequence[Sequence[Any]], most: int
) -> Iterator[Any]:
    """For each column, the encoded rows in which it takes each of its values, and all other columns
    their first one.

    One call encodes up to `most` rows: one call per column would take minutes for many columns.
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
    """A value for each code. A code that cannot occur gets a known value."""
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
    except (TypeError, ValueError) as error:  # for example, an imputer returns text
        raise ConversionError(f"{inputs[0].name} does not become a number") from error
