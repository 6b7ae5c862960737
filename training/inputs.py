"""What each column of a model takes: its kind, its categories, null, and its range."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np

from service.model.signature import Container, Input, Kind, Label
from training.probe import LARGEST, ROOMY, Probe
from training.sample import Column

UNSEEN = "\N{SNOWMAN} never seen before"
LARGEST_INTEGER = 9e18  # an int64 ends soon after
MANY = 50  # more texts than these are no categories, where the model takes any
MISSING_TYPES = {"int64": "float64", "bool": "object"}  # of a column with null


def describe(
    probe: Probe,
    columns: Sequence[Column],
    known: Mapping[str, set[Any]],
    texts: Collection[str],
    advance: Callable[[str], object],
) -> list[Input]:
    """What the columns take, tried on the model.

    `known` are the categories that encoders learned, `texts` the columns that vectorizers read;
    `advance` is told each column that is done.
    """
    wide = {name: MISSING_TYPES.get(dtype, dtype) for name, dtype in probe.types.items()}
    nulls = probe.those_that_work(dict.fromkeys(probe.types), wide)
    nulls |= {column.name for column in columns if column.missing}
    floats = {name: _wide(dtype) for name, dtype in probe.types.items()}
    listed = [one for one in columns if one.kind in ("text", "boolean") or known.get(one.name)]
    takes_unseen = probe.those_that_work({one.name: _unseen(one) for one in listed}, floats)
    closed = [one for one in listed if one.name not in takes_unseen and one.name not in texts]
    probe.try_values({one.name: _values(one, _learned(known.get(one.name, ()))) for one in closed})
    described = []
    for column in columns:
        name = column.name
        learned = _learned(known.get(name, ()))
        one = Input(
            name=name,
            kind=_kind(column, probe.signature.container),
            dtype=wide[name] if name in nulls else probe.types[name],
            nullable=name in nulls,
            minimum=column.minimum,
            maximum=column.maximum,
        )
        if name in texts or (column.kind == "text" and probe.signature.container == "list"):
            one = replace(one, kind="text")
        elif name in takes_unseen or (column.kind not in ("text", "boolean") and not learned):
            one = _open(one, column, learned)  # a number that is too large is no unknown category
        else:
            one = _closed(one, probe, _values(column, learned))
        described.append(one)
        advance(name)
    return described


def _learned(known: Collection[Any]) -> set[Any]:
    """The categories without null."""
    return {value for value in known if value is not None and value == value}


def _open(one: Input, column: Column, learned: set[Any]) -> Input:
    if column.kind != "text":
        return one
    values = sorted(learned, key=_order) if learned else _values(column, learned)
    if len(values) > MANY or not all(isinstance(value, str) for value in values):
        return replace(one, kind="text")  # any text will do, and a list would tell the sample's
    return replace(one, categories=tuple(values))


def _closed(one: Input, probe: Probe, values: Sequence[Any]) -> Input:
    takes = tuple(probe.values_that_work(one.name, values))
    return replace(one, kind="category", categories=takes, closed=True, minimum=None, maximum=None)


def _kind(column: Column, container: Container) -> Kind:
    if column.kind == "text":
        return "category"
    if container != "frame" and column.kind == "integer":
        return "number"  # an array of floats, whatever whole numbers the sample holds
    return {"boolean": "boolean", "integer": "integer"}.get(column.kind, "number")  # type: ignore[return-value]


def _unseen(column: Column) -> Any:
    """A value of the column's kind that the model cannot have been fitted on."""
    if column.kind == "text":
        return UNSEEN
    if column.kind == "boolean":
        return not next((value for value in column.values if value is not None), True)
    return (column.maximum or 0.0) + (1009 if column.kind == "integer" else 0.123456789)


def _wide(dtype: str) -> str:
    return "float64" if dtype == "int64" else dtype


def _values(column: Column, learned: set[Any]) -> list[Label]:
    """The column's different values, as far as the sample or an encoder knows them."""
    counted = {column.parse(text) for text in column.counts or ()}
    kept = {value for value in column.values if value is not None}
    return sorted(counted | kept | learned, key=_order)


def _order(value: Label) -> tuple[str, Label]:
    return type(value).__name__, value


def bounded(probe: Probe, taken: Sequence[Input]) -> list[Input]:
    """The inputs, numbers with the range in which the model works."""
    numeric = [one for one in taken if one.kind in ("number", "integer")]
    found = _bounds(probe, numeric) if numeric else {}
    return [found.get(one.name, one) for one in taken]


def _bounds(probe: Probe, numeric: Sequence[Input]) -> dict[str, Input]:
    """The inputs with the range in which the model works, even if all are at their ends."""
    highs = probe.bound({one.name: one.maximum or 0.0 for one in numeric}, LARGEST)
    lows = probe.bound({one.name: one.minimum or 0.0 for one in numeric}, -LARGEST)
    while (
        not _all_work(probe, lows, highs)
        and max(map(abs, (*lows.values(), *highs.values()))) > ROOMY
    ):
        lows = {name: _shrunk(value) for name, value in lows.items()}
        highs = {name: _shrunk(value) for name, value in highs.items()}
    found = {}
    for one in numeric:
        low, high = lows[one.name], highs[one.name]
        if one.dtype == "int64":
            low, high = max(low, -LARGEST_INTEGER), min(high, LARGEST_INTEGER)
        found[one.name] = replace(one, lowest=low, highest=high)
    return found


def _shrunk(bound: float) -> float:
    return bound / 10 if abs(bound) > ROOMY else bound


def _all_work(probe: Probe, lows: Mapping[str, float], highs: Mapping[str, float]) -> bool:
    """Whether the model works at the corners: all of them for few columns, many for many."""
    names = list(lows)
    corners: Any = np.random.default_rng(0).random((64, len(names))) < 0.5
    if len(names) <= 6:
        corners = list(product((False, True), repeat=len(names)))
    columns = {
        name: [highs[name] if corner[place] else lows[name] for corner in corners]
        for place, name in enumerate(names)
    }
    return probe.works(columns, dict.fromkeys(names, "float64"))
