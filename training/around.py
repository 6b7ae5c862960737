"""Rows around a sample, where two engines are likeliest to part.

Values beside each threshold of a tree, categories never seen, null, the ends of the ranges, and
numbers between and beyond those of the sample.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.model.engines import Column
from service.model.predictor import as_column
from service.model.signature import Input, Signature
from training.inputs import UNSEEN

ROWS = 10_000
CHANGED = 0.5  # of the cells; the others are the sample's
FEW = 2_000  # thresholds of one input that are tried, evenly chosen
Random = np.random.Generator
Values = NDArray[Any]


def around(
    signature: Signature,
    columns: Mapping[str, Column],
    thresholds: Mapping[str, NDArray[np.float64]],
    rows: int = ROWS,
) -> dict[str, Column]:
    """Rows that the signature admits, always the same ones for the same sample."""
    chance = np.random.default_rng(0)
    base = np.resize(chance.permutation(len(next(iter(columns.values())))), rows)
    drawn = {}
    for column in signature.inputs:
        kept = columns[column.name][base].tolist()
        fresh = _drawn(column, columns[column.name], thresholds.get(column.name), rows, chance)
        mixed = np.where(chance.random(rows) < CHANGED, _objects(fresh), _objects(kept)).tolist()
        drawn[column.name] = as_column(mixed, column.dtype)
    return drawn


def _objects(values: list[Any]) -> Values:
    made = np.empty(len(values), dtype=object)
    made[:] = values
    return made


def _drawn(
    column: Input, seen: Column, thresholds: Values | None, rows: int, chance: Random
) -> list[Any]:
    """New values of one input."""
    if column.kind == "boolean":
        values: list[Any] = chance.choice([True, False], rows).tolist()
    elif column.kind in ("category", "text"):
        known = list(column.categories or dict.fromkeys(v for v in seen.tolist() if v == v))
        others = [] if column.closed else [UNSEEN, "", " ", str(known[0]) + " ", "\N{SNOWMAN}"]
        pool = _objects([*known, *others])
        values = pool[chance.integers(len(pool), size=rows)].tolist()
    else:
        values = _numbers(column, seen, thresholds, rows, chance)
    if column.nullable:
        values = np.where(
            chance.random(rows) < 0.1, _objects([None] * rows), _objects(values)
        ).tolist()
    return values


def _numbers(
    column: Input, seen: Column, thresholds: Values | None, rows: int, chance: Random
) -> list[Any]:
    there = seen[np.isfinite(seen.astype(np.float64))].astype(np.float64)
    spread = float(np.std(there)) or 1.0
    edges = beside(thresholds) if thresholds is not None else there
    low, high = float(there.min()), float(there.max())
    ends = np.array([low, high, 0.0, -0.0, column.lowest or low, column.highest or high])
    ways = [
        chance.choice(edges, rows),
        chance.choice(there, rows) + chance.normal(scale=spread, size=rows),
        chance.uniform(low - spread, high + spread, rows),
        chance.choice(ends, rows),
    ]
    way = chance.choice(len(ways), rows, p=[0.5, 0.25, 0.2, 0.05])
    values = np.clip(np.choose(way, ways), column.lowest, column.highest)
    if column.kind == "integer":
        whole = np.floor(values) + chance.integers(2, size=rows)  # below a threshold, or above
        values = np.clip(whole, column.lowest, column.highest)
    if column.dtype == "int64":
        return [int(value) for value in values.tolist()]
    found: list[Any] = values.tolist()
    return found


def beside(thresholds: Values) -> Values:
    """Thresholds, their neighbours, and the same after rounding to float32, as trees round."""
    few = thresholds
    if len(few) > FEW:
        few = few[np.linspace(0, len(few) - 1, FEW).astype(int)]
    few = few[np.isfinite(few)]
    rounded = few.astype(np.float32)
    near = [few, np.nextafter(few, -np.inf), np.nextafter(few, np.inf)]
    for towards in (-np.inf, np.inf):
        near.append(np.nextafter(rounded, np.float32(towards)).astype(np.float64))
    near.append(rounded.astype(np.float64))
    # half way to the next float32, where rounding turns
    near += [(few + one) / 2 for one in near[3:5]]
    return np.concatenate(near)
