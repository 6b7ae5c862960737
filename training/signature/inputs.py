"""Describes the inputs of a model: kind, categories, null and range of each."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np

from service.model.frames import MASKED
from service.model.probe_rows import UNSEEN
from service.model.signature import WHOLE_NUMBERS, Container, Input, Kind, Label
from training.estimators.learned_columns import LearnedColumns
from training.samples import datetimes
from training.samples.sample import Column
from training.signature import nulls
from training.signature.probe import AMPLE, LARGEST, Probe
from training.signature.similar_texts import similar_texts

INT64, UINT64 = np.iinfo(np.int64), np.iinfo(np.uint64)
FLOAT_EXACT = {"float64": 2.0**53, "float32": 2.0**24, "float16": 2.0**11}  # for whole numbers
MAX_OPEN_CATEGORIES = 50  # of an input that accepts any text; with more it has no categories
MOMENTS = ("date", "datetime")
WHOLE = re.compile(r"0|-?[1-9]\d{0,17}", re.ASCII)


def describe(
    probe: Probe,
    columns: Sequence[Column],
    of_parts: LearnedColumns,
    advance: Callable[[str], object],
) -> list[Input]:
    """Describe the inputs, by trying values on the model.

    `of_parts` is what its parts learned about them. `advance` is called with the name of each input
    once it is described.
    """
    known, texts = of_parts.categories, of_parts.texts
    wide = nulls.types(probe, columns)
    floats = {name: _wide(dtype) for name, dtype in probe.types.items()}
    listed = [
        one for one in columns if (_is_listed(one) or known.get(one.name)) and not _is_datetime(one)
    ]
    takes_unseen = probe.working_columns({one.name: _unseen(one) for one in listed}, floats)
    closed = [one for one in listed if one.name not in takes_unseen and one.name not in texts]
    free = {one.name for one in closed if not known.get(one.name) and _takes_similar(probe, one)}
    closed = [one for one in closed if one.name not in free]
    probe.try_values({one.name: _values(one, _learned(known.get(one.name, ()))) for one in closed})
    described = []
    for column in columns:
        name = column.name
        learned = _learned(known.get(name, ()))
        one = replace(
            probe.inputs[name],
            kind=_kind(column, probe.signature.container),
            dtype=wide.get(name, probe.types[name]),
            nullable=name in wide,
            minimum=column.minimum,
            maximum=column.maximum,
        )
        in_list = column.kind == "text" and probe.signature.container == "list"
        if name in texts or name in free or in_list:
            one = replace(one, kind="text", categories=None)
        elif _is_datetime(column) or (column.kind in MOMENTS and name in takes_unseen):
            one = datetimes.described(one, column)
        elif name in takes_unseen or (not _is_listed(column) and not learned):
            one = _open(one, column, learned)  # a number out of range is no unknown category
        else:
            one = _closed(one, probe, _values(column, learned))
        form = WHOLE_NUMBERS if _are_whole(one, column) else one.form
        has_empty = column.kind == "text" and ("" in learned or "" in column.values)
        described.append(replace(one, form=form, empty_text=has_empty))
        advance(name)
    return described


def _are_whole(one: Input, column: Column) -> bool:
    """Whether all texts are whole numbers as JSON writes them, so that either stands for both."""
    there = [value for value in column.values if value is not None]
    if one.kind not in ("category", "text") or not all(isinstance(value, str) for value in there):
        return False
    texts = [value for value in (*there, *(one.categories or ())) if isinstance(value, str)]
    return bool(there) and all(map(WHOLE.fullmatch, texts))


def _is_listed(column: Column) -> bool:
    """Whether a column's values may be categories."""
    return column.kind in ("text", "boolean", *MOMENTS) or column.dtype == "category"


def _is_datetime(column: Column) -> bool:
    return column.dtype.startswith("datetime64")


def _takes_similar(probe: Probe, column: Column) -> bool:
    """Whether the model takes other texts of the same form as those of the sample."""
    if column.kind != "text" or column.dtype == "category":
        return False
    others = similar_texts([value for value in column.values if isinstance(value, str)])
    return any(probe.works({column.name: [value]}) for value in others)


def _learned(known: Collection[Any]) -> set[Any]:
    """The categories without null."""
    return {value for value in known if value is not None and value == value}


def _open(one: Input, column: Column, learned: set[Any]) -> Input:
    if one.categories:  # of pandas' type: its codes depend on them
        return replace(one, kind="category", minimum=None, maximum=None)
    if column.kind != "text":
        return one
    values = sorted(learned, key=_order) if learned else _values(column, learned)
    if (len(values) > MAX_OPEN_CATEGORIES and not column.listed) or not all(
        isinstance(v, str) for v in values
    ):
        return replace(one, kind="text")  # a list would publish the sample
    return replace(one, categories=tuple(values))


def _closed(one: Input, probe: Probe, values: Sequence[Any]) -> Input:
    takes = tuple(probe.working_values(one.name, values))
    return replace(one, kind="category", categories=takes, closed=True, minimum=None, maximum=None)


def _kind(column: Column, container: Container) -> Kind:
    if column.kind == "text" or column.dtype == "category":
        return "category"
    if container != "frame" and column.kind == "integer" and column.dtype.startswith("float"):
        return "number"  # an array has one type, float64, also for whole numbers
    return {"boolean": "boolean", "integer": "integer"}.get(column.kind, "number")  # type: ignore[return-value]


def _unseen(column: Column) -> Any:
    """A value of the column's kind that the model cannot have been fitted on."""
    if column.kind == "text":
        return UNSEEN
    if column.kind in MOMENTS:
        return datetimes.unseen(column)
    if column.kind == "boolean":
        return not next((value for value in column.values if value is not None), True)
    return (column.maximum or 0.0) + (1009 if column.kind == "integer" else 0.123456789)


def _wide(dtype: str) -> str:
    """A type that holds any number; the column's own type may not hold a value that is tried."""
    if dtype.startswith(("Int", "UInt")):
        return "Int64"
    return "float64" if dtype.startswith(("int", "uint", "float")) else dtype


def _values(column: Column, learned: set[Any]) -> list[Label]:
    """The different values of the column: those of the sample and of an encoder."""
    counted = {column.parse(text) for text in column.counts or ()}
    kept = {value for value in column.values if value is not None}
    return sorted(counted | kept | learned, key=_order)


def _order(value: Label) -> tuple[str, Label]:
    return type(value).__name__, value


def bounded(probe: Probe, taken: Sequence[Input]) -> list[Input]:
    """The inputs; those of numbers get the range in which the model works."""
    numeric = [one for one in taken if one.kind in ("number", "integer")]
    found = _bounds(probe, numeric) if numeric else {}
    return [found.get(one.name, one) for one in taken]


def _bounds(probe: Probe, numeric: Sequence[Input]) -> dict[str, Input]:
    """The inputs with the range in which the model works, also if several are at an end of it."""
    highs = probe.bound({one.name: one.maximum or 0.0 for one in numeric}, LARGEST)
    lows = probe.bound({one.name: one.minimum or 0.0 for one in numeric}, -LARGEST)
    while (
        not _all_work(probe, lows, highs)
        and max(map(abs, (*lows.values(), *highs.values()))) > AMPLE
    ):
        lows = {name: _shrunk(value) for name, value in lows.items()}
        highs = {name: _shrunk(value) for name, value in highs.items()}
    found = {}
    for one in numeric:
        low, high = lows[one.name], highs[one.name]
        least, most = _limits(one)
        low, high = max(low, least), min(high, most)
        found[one.name] = replace(one, lowest=low, highest=high)
    return found


def _limits(one: Input) -> tuple[float, float]:
    """The smallest and the largest number of the type. For whole numbers in floats, the smallest
    and the largest that a float represents exactly."""
    plain = MASKED.get(one.dtype, one.dtype)
    if "float" in plain:
        if one.kind == "integer":
            return -FLOAT_EXACT[plain], FLOAT_EXACT[plain]
        most = float(np.finfo(plain).max)
        return -most, most
    if "int" in plain:
        limits = np.iinfo(plain)
        return _exact(limits.min), _exact(limits.max)
    if one.kind != "integer":
        return -LARGEST, LARGEST
    is_unsigned = (one.maximum or 0.0) > INT64.max  # an object may be any integer of Python
    return _exact(INT64.min), _exact(UINT64.max if is_unsigned else INT64.max)


def _exact(limit: int) -> float:
    """The limit as a float, or as an integer if a float cannot represent it."""
    return float(limit) if float(limit) == limit else limit


def _shrunk(bound: float) -> float:
    return bound / 10 if abs(bound) > AMPLE else bound


def _all_work(probe: Probe, lows: Mapping[str, float], highs: Mapping[str, float]) -> bool:
    """Whether the model works at the corners of the ranges; for many columns at 64 of them."""
    names = list(lows)
    corners: Any = np.random.default_rng(0).random((64, len(names))) < 0.5
    if len(names) <= 6:
        corners = list(product((False, True), repeat=len(names)))
    columns = {
        name: [highs[name] if corner[place] else lows[name] for corner in corners]
        for place, name in enumerate(names)
    }
    return probe.works(columns, probe.types_of_bounds(names))
