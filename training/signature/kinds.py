"""Decides the kind of each column: by `--kind`, else by what the estimator learned, else by the
types of the sample, else by the text of its cells.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np

from service.model.signature import Null, Signature
from training.errors import DataError, PackError
from training.estimators.learned_columns import LearnedColumns
from training.samples.sample import MISSING, Column

KINDS = ("category", "text", "integer", "number", "boolean", "date", "datetime")
OTHER = "other"  # a kind that no input has
HELD = (str, bool, int, float, np.generic, datetime)
SINGLE = ("float32", "float16")
NEARLY_ALL = 0.9  # share of a column's values
SHOWN_VALUES = 3  # in a note
MAX_KNOWN = 100_000  # categories in a manifest
Known = Mapping[str, Collection[Any]]


def decide(
    known: LearnedColumns, columns: Sequence[Column], given: Mapping[str, str]
) -> tuple[list[Column], list[str]]:
    """The columns, each read as its kind, and notes where estimator and sample differ.

    PackError if a column cannot be read as the kind that `--kind` or the estimator requires.
    """
    names = [column.name for column in columns]
    for name in given:
        if name not in names:
            raise PackError(f"--kind names the column {name}, which the model does not take")
    found, notes = [], []
    for column in columns:
        learned = set(known.categories.get(column.name, ()))
        absent, filled = known.imputed.get(column.name, (0, None))
        if isinstance(filled, str):
            learned.add(filled)
        learned_kind = "text" if column.name in known.texts else _kind(learned)
        if learned_kind == OTHER:
            raise PackError(
                f"the model learned values of the type {_other_types(learned)[0]} from the column "
                f"{column.name}, which no kind of input holds: fit the model on numbers, text or "
                "times"
            )
        _check_nulls(column.name, learned, absent, column.name in given)
        made = _read(column, given.get(column.name), learned_kind, learned)
        null = _null(learned, absent)
        if null is not None:
            is_known = bool(known.categories.get(column.name))  # an imputer replaces it
            made = replace(_with_null(made, null), null_is_known=is_known)
        if made.series is None:
            numbers = learned | known.edges.get(column.name, set())
            single = _single(made, numbers) if column.name not in given else ""
            made = replace(made, learned=single or known.dtypes.get(column.name, ""))
        found.append(made)
        if made.kind != column.kind and column.name not in given:
            notes.append(_note(column, made.kind))
    return found, notes


def _check_nulls(name: str, learned: Collection[Any], absent: Any, is_given: bool) -> None:
    """Raise PackError if the model treats None and NaN differently: a request has only null.

    `absent` is the missing value that the column's imputer replaces.
    """
    has_none, has_nan = _has_none(learned), _has_nan(learned)
    if has_none and has_nan:
        raise PackError(
            f"the model learned both None and NaN from the column {name}, and a request has only "
            "null: fit the model on one of the two"
        )
    imputes_nan = absent is not None and _is_null(absent)
    if is_given or not ((has_none and imputes_nan) or (has_nan and absent is None)):
        return
    own, other = ("NaN", "None") if imputes_nan else ("None", "NaN")
    raise PackError(
        f"the model imputes {own} in the column {name} and learned {other} as a category, and a "
        f"request has only null: fit the model on one of the two, or use --kind {name}=KIND if "
        f"the column had {other} alone"
    )


def _kind(learned: Collection[Any]) -> str | None:
    """The kind of the values that encoders or imputers learned; None if unknown."""
    types = {type(value) for value in learned if not _is_null(value)}
    if types == {str}:
        return "text"
    if types == {bool}:
        return "boolean"
    if types and types <= {bool, int, float}:
        return "number"
    if types and all(issubclass(one, np.datetime64 | datetime) for one in types):
        return "datetime"
    return OTHER if _other_types(learned) else None


def _other_types(learned: Collection[Any]) -> list[str]:
    """The names of the types that no kind of input holds, such as lengths of time."""
    types = {type(value) for value in learned if not _is_null(value)}
    return sorted(
        one.__name__ for one in types if not issubclass(one, HELD) or one is np.timedelta64
    )


def _read(column: Column, given: str | None, learned_kind: str | None, learned: set[Any]) -> Column:
    """The column, read as its kind."""
    wanted = {"category": "text"}.get(given or "", given)
    if column.series is not None:
        return _typed(column, wanted, learned_kind, given)
    if wanted is None and learned_kind == "text":
        wanted = "text"
    if (
        wanted is None
        and learned_kind in ("number", "boolean", "datetime")
        and column.kind == "text"
    ):
        if column.missing and not any(value is not None for value in column.values):
            wanted = learned_kind  # all cells are empty
        elif learned_kind != "datetime":
            raise PackError(
                f"the sample's column {column.name} is text, and the model learned "
                f"{'numbers' if learned_kind == 'number' else 'booleans'} of it"
            )
        else:
            wanted = learned_kind
    if wanted is None:
        return column
    kept = {value for value in learned if isinstance(value, str)} & MISSING
    kept = set() if any(map(_is_null, learned)) else kept  # else an empty cell is a value
    try:
        made = column.as_kind(wanted, kept if wanted == "text" else ())
    except DataError as error:
        raise PackError(str(error)) from error
    return replace(made, listed=given == "category")


def _typed(
    column: Column, wanted: str | None, learned_kind: str | None, given: str | None
) -> Column:
    """A column with a type in the sample, unless the user or the estimator requires another."""
    if column.kind not in (*KINDS, "text"):
        raise PackError(
            f"the sample's column {column.name} is {column.dtype}, which no kind of input holds: "
            "fit the model on numbers, text or times"
        )
    if wanted is not None and wanted != column.kind:
        raise PackError(
            f"the sample's column {column.name} is {column.dtype}, which is not {given}; "
            "give it this type in the sample, or use a CSV file"
        )
    numbers = {"integer", "number", "boolean"}
    differs = (
        learned_kind is not None
        and learned_kind != column.kind
        and not {learned_kind, column.kind} <= numbers
    )
    if wanted is None and differs and column.dtype != "category":
        raise PackError(
            f"the sample's column {column.name} is {column.dtype}, and the model learned "
            f"{learned_kind} of it: give the sample the types that the model was fitted with"
        )
    if given == "integer" and column.gaps:
        whole = column.series.astype("Int64")
        return replace(column, series=whole, dtype="Int64", gaps=False)
    return replace(column, listed=given == "category")


def _single(column: Column, learned: Collection[Any]) -> str:
    """The narrower type of the numbers that the model learned; empty if it is float64.

    More of the sample's values equal learned numbers once they are rounded to this type: a text
    file has 0.1, and the model was fitted on the float32 next to it.
    """
    if column.kind != "number" or not learned:
        return ""
    values: Any = np.array([value for value in column.values if value is not None], np.float64)
    counts = {"": sum(value in learned for value in values.tolist())}
    with np.errstate(over="ignore"):
        for dtype in SINGLE:
            rounded = values.astype(dtype).astype(np.float64)
            counts[dtype] = sum(value in learned for value in rounded.tolist())
    return max(counts, key=lambda dtype: counts[dtype])  # the first of equal ones


def _null(learned: Collection[Any], absent: Any) -> Null | None:
    """The missing value that the model expects; None if unknown."""
    has_none, has_nan = _has_none(learned), _has_nan(learned)
    if not has_none and not has_nan:
        has_none, has_nan = absent is None, absent is not None and _is_null(absent)
    if has_none == has_nan:
        return None
    return "none" if has_none else "nan"


def _has_none(learned: Collection[Any]) -> bool:
    return any(value is None for value in learned)


def _has_nan(learned: Collection[Any]) -> bool:
    return any(value is not None and _is_null(value) for value in learned)


def _with_null(column: Column, null: Null) -> Column:
    """The column with the missing value that the model expects; files do not distinguish None from
    NaN."""
    if column.series is None:
        return replace(column, null=null)
    if column.dtype not in ("object", "str") or (column.dtype == "str" and null == "nan"):
        return column
    missing = None if null == "none" else np.nan
    made = column.series.astype(object)
    made[:] = [missing if _is_null(value) else value for value in column.series.tolist()]
    return replace(column, null=null, series=made, dtype="object")


def _is_null(value: Any) -> bool:
    return value is None or type(value).__name__ == "NAType" or bool(value != value)


def _note(column: Column, kind: str) -> str:
    values = list(dict.fromkeys(column.cells))[:SHOWN_VALUES]
    looks = {"integer": "whole numbers", "number": "numbers", "boolean": "booleans"}
    look = looks.get(column.kind, "text")
    return (
        f"{column.name} looks like {look} in the sample ({', '.join(values)}), and the model "
        f"learned {kind} of it: it takes {kind}"
    )


def unknown_values(columns: Sequence[Column], known: Known) -> Iterator[str]:
    """Notes on columns whose encoders know hardly any of their values."""
    for column in columns:
        learned = {value for value in known.get(column.name, ()) if not _is_null(value)}
        there = [value for value in column.values if value is not None]
        if not learned or not there or column.kind in ("date", "datetime"):
            continue
        if column.dtype in SINGLE:
            there = np.array(there, column.dtype).tolist()
        unknown = sum(value not in learned for value in there) / len(there)
        if unknown > NEARLY_ALL:
            yield (
                f"{column.name}: the encoder knows only {1 - unknown:.0%} of its values in the "
                f"sample; it learned values like {next(iter(learned))!r}, the sample has "
                f"{there[0]!r}"
            )


def known_values(signature: Signature, known: Known) -> dict[str, list[Any]]:
    """The categories that encoders know of inputs that accept any value. A list is left out if all
    would have more than `MAX_KNOWN` values."""
    found: dict[str, list[Any]] = {}
    free = MAX_KNOWN
    for one in signature.inputs:
        values = [value for value in known.get(one.name, ()) if not _is_null(value)]
        is_plain = all(isinstance(value, str | int | float) for value in values)
        if values and is_plain and not one.closed and len(values) <= free:
            found[one.name] = sorted(values, key=str)
            free -= len(values)
    return found


def parsed(options: Sequence[str]) -> dict[str, str]:
    """Kinds by column, from `--kind NAME=KIND`; PackError if invalid."""
    return dict(_parsed(options))


def _parsed(options: Sequence[str]) -> Iterator[tuple[str, str]]:
    for option in options:
        name, _, kind = option.rpartition("=")
        if not name or kind not in KINDS:
            raise PackError(f"--kind must be NAME=KIND, where KIND is one of {', '.join(KINDS)}")
        yield name, kind
