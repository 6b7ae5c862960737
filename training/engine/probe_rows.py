"""Rows around a sample, where two engines are likeliest to part.

Values beside each threshold of a tree, categories never seen, null, the ends of the ranges, and
numbers between and beyond those of the sample.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.model.engines import Column
from service.model.predictor import as_column
from service.model.signature import Input, Signature
from training.signature.inputs import UNSEEN

ROWS = 10_000
CELLS = 20_000_000  # of all rows and columns; a wider table gets fewer rows
FEWEST_ROWS = 1_000
DAYS = 40  # before and after those of the sample
MOST_SPREAD = 1e300  # of numbers
LARGEST = float(np.finfo(np.float64).max)
CHANGED = 0.5  # of the cells; the others are the sample's
MOST_EDGES = 50_000  # rows with one threshold or a neighbour of it
THRESHOLDS = 5_000  # that are tried, of all inputs together, evenly chosen
Random = np.random.Generator
Values = NDArray[Any]


def around(
    signature: Signature,
    columns: Mapping[str, Column],
    thresholds: Mapping[str, NDArray[np.float64]],
    rows: int | None = None,
) -> dict[str, Column]:
    """Rows that the signature admits, always the same ones for the same sample.

    First come `rows` in which half of the cells are new, then for each input its thresholds and
    their neighbours, one by one, in rows of the sample.
    """
    rows = rows or at_most(ROWS, len(signature.inputs))
    each = max(1, THRESHOLDS // max(1, len(thresholds)))
    chance = np.random.default_rng(0)
    edges = {
        column.name: _fitting(column, beside(thresholds[column.name], each), chance)
        for column in signature.inputs
        if column.name in thresholds and column.kind in ("number", "integer")
    }
    most = at_most(MOST_EDGES, len(signature.inputs))
    alone = _every(math.ceil(sum(map(len, edges.values())) / most) or 1, edges)
    count = rows + sum(map(len, alone.values()))
    base = np.resize(chance.permutation(len(next(iter(columns.values())))), count)
    starts = dict(zip(alone, np.cumsum([rows, *map(len, alone.values())]).tolist(), strict=False))
    drawn = {}
    for column in signature.inputs:
        if column.dtype.startswith("datetime64"):
            drawn[column.name] = _moments(column, columns[column.name][base], rows, chance)
            continue
        mixed = _objects(columns[column.name][base].tolist())
        fresh = _drawn(column, columns[column.name], edges.get(column.name), rows, chance)
        mixed[:rows] = np.where(chance.random(rows) < CHANGED, _objects(fresh), mixed[:rows])
        if column.name in alone:
            values, start = alone[column.name].tolist(), starts[column.name]
            mixed[start : start + len(values)] = values
        drawn[column.name] = as_column(mixed.tolist(), column.dtype)
    return drawn


def _every(step: int, edges: Mapping[str, Values]) -> dict[str, Values]:
    """Each `step`-th of all these values, so that many inputs have none."""
    ends = np.cumsum([len(values) for values in edges.values()]).tolist()
    return {
        name: values[(len(values) - end) % step :: step]
        for (name, values), end in zip(edges.items(), ends, strict=True)
    }


def at_most(rows: int, width: int) -> int:
    """So many rows, or fewer where a table of this width would take too much memory."""
    return min(rows, max(FEWEST_ROWS, CELLS // width))


def _objects(values: list[Any]) -> Values:
    made = np.empty(len(values), dtype=object)
    made[:] = values
    return made


def _drawn(
    column: Input, seen: Column, edges: Values | None, rows: int, chance: Random
) -> list[Any]:
    """New values of one input."""
    if column.kind == "boolean":
        values: list[Any] = chance.choice([True, False], rows).tolist()
    elif column.kind in ("date", "datetime"):  # as text, in the form of the sample
        there = _objects([one for one in seen.tolist() if one == one])
        values = there[chance.integers(len(there), size=rows)].tolist()
    elif column.kind in ("category", "text"):
        known = list(column.categories or dict.fromkeys(v for v in seen.tolist() if v == v))
        others = [] if column.closed else [UNSEEN, "", " ", str(known[0]) + " ", "\N{SNOWMAN}"]
        pool = _objects([*known, *others])
        values = pool[chance.integers(len(pool), size=rows)].tolist()
    else:
        values = _numbers(column, seen, edges, rows, chance)
    if column.nullable:
        values = np.where(
            chance.random(rows) < 0.1, _objects([None] * rows), _objects(values)
        ).tolist()
    return values


def _moments(column: Input, seen: Column, rows: int, chance: Random) -> Column:
    """Dates or times; of the first `rows` half are others: days around, or parts of a day."""
    made = seen.copy()
    there = made[~np.isnat(made)]
    if there.size == 0:
        return made
    days = chance.integers(-DAYS, DAYS + 1, rows).astype("timedelta64[D]")
    fresh = there[chance.integers(len(there), size=rows)] + days.astype(f"m8[{_unit(made)}]")
    if column.kind == "datetime":
        seconds = chance.integers(0, 86_400, rows).astype("timedelta64[s]")
        fresh = fresh + seconds.astype(f"m8[{_unit(made)}]")
    if column.nullable:
        fresh[chance.random(rows) < 0.1] = np.datetime64("NaT")
    made[:rows] = np.where(chance.random(rows) < CHANGED, fresh, made[:rows])
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
    with np.errstate(over="ignore"):  # of the largest floats; infinite ones are clipped below
        spread = min(float(np.std(there)) or 1.0, MOST_SPREAD)
        first, last = max(low - spread, -LARGEST), min(high + spread, LARGEST)
        ways = [
            chance.choice(there if edges is None else edges, rows),
            chance.choice(there, rows) + chance.normal(scale=spread, size=rows),
            first * (1 - share) + last * share,
            chance.choice(ends, rows),
        ]
    way = chance.choice(len(ways), rows, p=[0.5, 0.25, 0.2, 0.05])
    found: list[Any] = _fitting(column, np.choose(way, ways), chance).tolist()
    return found


def _fitting(column: Input, values: Values, chance: Random) -> Values:
    """The values as the input takes them: within its range, whole where it takes whole numbers."""
    if column.kind == "integer":
        values = np.floor(values) + chance.integers(2, size=len(values))  # below, or above
    values = np.clip(values, column.lowest, column.highest)
    return values.astype(np.int64) if column.dtype == "int64" else values


def beside(thresholds: Values, most: int = THRESHOLDS) -> Values:
    """Thresholds, their neighbours, and the same after rounding to float32, as trees round."""
    few = thresholds[np.isfinite(thresholds)]
    if len(few) > most:
        few = few[np.linspace(0, len(few) - 1, most).astype(int)]
    rounded = few.astype(np.float32)
    near = [few, np.nextafter(few, -np.inf), np.nextafter(few, np.inf), rounded]
    for towards in (-np.inf, np.inf):
        beside = np.nextafter(rounded, np.float32(towards)).astype(np.float64)
        near += [beside, (rounded + beside) / 2]  # half way is where rounding turns
    return np.concatenate(near).astype(np.float64)
