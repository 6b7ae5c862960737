"""Generates rows on which two engines are likely to differ, from a sample.

They have the neighbours of each threshold of a tree, unknown categories, null, the ends of the
ranges, and numbers between and beyond those of the sample.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.model.engines import Column
from service.model.predictor import as_column
from service.model.signature import Input, Signature

UNSEEN = "\N{SNOWMAN} never seen before"  # a category that no encoder knows
ROWS = 10_000
MAX_CELLS = 20_000_000  # rows times columns; a wider table gets fewer rows
MIN_ROWS = 1_000
SHIFT_DAYS = 40  # dates differ from those of the sample by up to so many days
MAX_SPREAD = 1e300  # the largest standard deviation of random numbers
MAX_FLOAT = float(np.finfo(np.float64).max)
CHANGED_SHARE = 0.5  # of the cells of a random row; the others are from the sample
CORNER_SHARE = 0.05  # of the random rows: all numbers are ends of ranges, where sums overflow
MAX_EDGE_ROWS = 50_000  # rows with a threshold or a neighbour of one
MAX_THRESHOLDS = 5_000  # of all inputs together, evenly selected
Random = np.random.Generator
Values = NDArray[Any]


def generate(
    signature: Signature,
    columns: Mapping[str, Column],
    thresholds: Mapping[str, NDArray[np.float64]],
    rows: int | None = None,
) -> dict[str, Column]:
    """Rows that the signature accepts; the same sample always gives the same rows.

    In the first `rows`, half of the cells are random, and a few rows have only ends of ranges. Then
    follow rows of the sample, in each of which one input has one of its thresholds or a neighbour
    of one.
    """
    rows = rows or limit_rows(ROWS, len(signature.inputs))
    each = max(1, MAX_THRESHOLDS // max(1, len(thresholds)))
    chance = np.random.default_rng(0)
    edges = {
        column.name: _within_range(column, neighbours(thresholds[column.name], each), chance)
        for column in signature.inputs
        if column.name in thresholds and column.kind in ("number", "integer")
    }
    most = limit_rows(MAX_EDGE_ROWS, len(signature.inputs))
    alone = _every(math.ceil(sum(map(len, edges.values())) / most) or 1, edges)
    count = rows + sum(map(len, alone.values()))
    base = np.resize(chance.permutation(len(next(iter(columns.values())))), count)
    starts = dict(zip(alone, np.cumsum([rows, *map(len, alone.values())]).tolist(), strict=False))
    made = {}
    for column in signature.inputs:
        if column.dtype.startswith("datetime64"):
            made[column.name] = _moments(column, columns[column.name][base], rows, chance)
            continue
        mixed = _objects(columns[column.name][base].tolist())
        fresh = _random_values(column, columns[column.name], edges.get(column.name), rows, chance)
        is_changed = chance.random(rows) < CHANGED_SHARE
        if column.kind in ("number", "integer"):
            is_changed[: int(CORNER_SHARE * rows)] = True
        mixed[:rows] = np.where(is_changed, _objects(fresh), mixed[:rows])
        if column.name in alone:
            values, start = alone[column.name].tolist(), starts[column.name]
            mixed[start : start + len(values)] = values
        made[column.name] = as_column(mixed.tolist(), column.dtype)
    return made


def around(
    signature: Signature, golden: Mapping[str, list[Any]], rows: int
) -> tuple[dict[str, Column], dict[str, Column]]:
    """The golden rows, with two more that have the ends of the sample's ranges, and so many rows
    drawn around them."""
    given = {}
    for one in signature.inputs:
        values = [*golden[one.name]]
        ends = [values[0] if end is None else end for end in (one.minimum, one.maximum)]
        given[one.name] = as_column(values + ends, one.dtype)
    return given, generate(signature, given, {}, rows)


def _every(step: int, edges: Mapping[str, Values]) -> dict[str, Values]:
    """Every `step`-th of all these values together; with many inputs, some inputs get none."""
    ends = np.cumsum([len(values) for values in edges.values()]).tolist()
    return {
        name: values[(len(values) - end) % step :: step]
        for (name, values), end in zip(edges.items(), ends, strict=True)
    }


def limit_rows(rows: int, width: int) -> int:
    """The number of rows; fewer, if a table of this width would take too much memory."""
    return min(rows, max(MIN_ROWS, MAX_CELLS // width))


def _objects(values: list[Any]) -> Values:
    made = np.empty(len(values), dtype=object)
    made[:] = values
    return made


def _random_values(
    column: Input, seen: Column, edges: Values | None, rows: int, chance: Random
) -> list[Any]:
    """Random values of one input; `seen` are those of the sample."""
    if column.kind == "boolean":
        values: list[Any] = chance.choice([True, False], rows).tolist()
    elif column.kind in ("date", "datetime"):  # dates that are text: those of the sample
        there = _objects([one for one in seen.tolist() if one == one])
        if not there.size:
            return [math.nan] * rows
        values = there[chance.integers(len(there), size=rows)].tolist()
    elif column.kind in ("category", "text"):
        known = list(column.categories or dict.fromkeys(v for v in seen.tolist() if v == v))
        others = [UNSEEN, "", " ", "\N{SNOWMAN}", *(f"{one} " for one in known[:1])]
        pool = _objects(known if column.closed else [*known, *others])
        values = pool[chance.integers(len(pool), size=rows)].tolist()
    else:
        values = _numbers(column, seen, edges, rows, chance)
    if column.nullable:
        values = np.where(
            chance.random(rows) < 0.1, _objects([None] * rows), _objects(values)
        ).tolist()
    return values


def _moments(column: Input, seen: Column, rows: int, chance: Random) -> Column:
    """Dates or times of the sample; half of the first `rows` are shifted by days, times also by
    seconds."""
    made = seen.copy()
    there = made[~np.isnat(made)]
    if there.size == 0:
        return made
    days = chance.integers(-SHIFT_DAYS, SHIFT_DAYS + 1, rows).astype("timedelta64[D]")
    fresh = there[chance.integers(len(there), size=rows)] + days.astype(f"m8[{_unit(made)}]")
    if column.kind == "datetime":
        seconds = chance.integers(0, 86_400, rows).astype("timedelta64[s]")
        fresh = fresh + seconds.astype(f"m8[{_unit(made)}]")
    if column.nullable:
        fresh[chance.random(rows) < 0.1] = np.datetime64("NaT")
    made[:rows] = np.where(chance.random(rows) < CHANGED_SHARE, fresh, made[:rows])
    return made


def _unit(moments: Column) -> str:
    return np.datetime_data(moments.dtype)[0]


def _numbers(
    column: Input, seen: Column, edges: Values | None, rows: int, chance: Random
) -> list[Any]:
    there = seen[np.isfinite(seen.astype(np.float64))].astype(np.float64)
    low, high = float(there.min()), float(there.max())
    ends = np.array([low, high, 0.0, -0.0, column.lowest or low, column.highest or high])
    share = chance.random(rows)
    with np.errstate(over="ignore"):  # sums may overflow; infinite values are clipped below
        spread = min(float(np.std(there)) or 1.0, MAX_SPREAD)
        first, last = max(low - spread, -MAX_FLOAT), min(high + spread, MAX_FLOAT)
        ways = [
            chance.choice(there if edges is None else edges, rows),
            chance.choice(there, rows) + chance.normal(scale=spread, size=rows),
            first * (1 - share) + last * share,
            chance.choice(ends, rows),
        ]
    way = chance.choice(len(ways), rows, p=[0.5, 0.25, 0.2, 0.05])
    way[: int(CORNER_SHARE * rows)] = len(ways) - 1
    found: list[Any] = _within_range(column, np.choose(way, ways), chance).tolist()
    return found


def _within_range(column: Input, values: Values, chance: Random) -> Values:
    """The values clipped to the input's range; integers if the input takes integers."""
    if column.kind == "integer":
        values = np.floor(values) + chance.integers(2, size=len(values))  # down or up, at random
    values = np.clip(values, _inside(column.lowest, -MAX_FLOAT), _inside(column.highest, MAX_FLOAT))
    return values.astype(np.int64) if column.dtype == "int64" else values


def _inside(bound: float | None, default: float) -> float:
    """The bound as a float, or the next float towards 0 if that is beyond an exact bound."""
    if bound is None:
        return default
    near = float(bound)
    return float(np.nextafter(near, 0.0)) if abs(near) > abs(bound) else near


def neighbours(thresholds: Values, most: int = MAX_THRESHOLDS) -> Values:
    """Thresholds and the floats next to them, in float64 and in float32, as trees round inputs."""
    few = thresholds[np.isfinite(thresholds)]
    if len(few) > most:
        few = few[np.linspace(0, len(few) - 1, most).astype(int)]
    rounded = few.astype(np.float32)
    near = [few, np.nextafter(few, -np.inf), np.nextafter(few, np.inf), rounded]
    for towards in (-np.inf, np.inf):
        other = np.nextafter(rounded, np.float32(towards)).astype(np.float64)
        near += [other, (rounded + other) / 2]  # rounding changes at the midpoint
    return np.concatenate(near).astype(np.float64)
