"""How the inputs are distributed in the data that came with the model."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from service.model.signature import Input
from training.report.figure import BAR, Picture, Pictures
from training.report.words import SHORT, many, share, shown
from training.sample import Column, Sample

LONG = ("text", "date", "datetime")  # whose values are too many to count one by one
MOST_PICTURES = 12
MOST_BARS, BINS = 8, 24
HEIGHT = 170


def drawn(pictures: Pictures, inputs: Sequence[Input], sample: Sample) -> Iterator[Picture]:
    """A small picture for each of these inputs."""
    for one in inputs:
        column = sample.columns[one.name]
        draw = _lengths if one.kind in LONG else _bars if is_counted(one) else _histogram
        picture = draw(pictures, shown(one.name, 40), column)
        if column.missing:
            picture.notes.append(f"{share(column.missing / sample.rows)} are missing.")
        yield picture


def is_counted(one: Input) -> bool:
    """Whether values are counted one by one, not gathered in ranges."""
    return one.kind in ("category", "boolean")


def counted(column: Column) -> Counter[str]:
    """How often each value occurs: in all rows, or in those that were kept if it is too many."""
    counts = column.counts or Counter(str(one) for one in column.values if one is not None)
    if column.kind != "boolean":
        return counts
    truths: Counter[str] = Counter()
    for value, times in counts.items():  # however they are written
        truths[value.strip().lower()] += times
    return truths


def _histogram(pictures: Pictures, name: str, column: Column) -> Picture:
    values = np.array([value for value in column.values if value is not None], dtype=np.float64)
    told = f"How often which values of {name} occur."
    if column.minimum is not None:
        told += f" From {column.minimum:g} to {column.maximum:g}."
    return _stairs(pictures, name, told, values, "")


def _lengths(pictures: Pictures, name: str, column: Column) -> Picture:
    lengths = np.array([len(str(value)) for value in column.values if value is not None])
    return _stairs(pictures, name, f"How long the texts of {name} are.", lengths, "characters")


def _stairs(pictures: Pictures, name: str, told: str, values: Any, unit: str) -> Picture:
    with pictures.drawn(name, told, height=HEIGHT, bottom=40 if unit else 24, left=46) as picture:
        values = values[np.isfinite(values)]
        if len(values):
            whole = bool((values == np.round(values)).all())
            low, high = math.floor(values.min()), math.ceil(values.max())
            few = whole and high - low < BINS
            edges: Any = np.arange(low, high + 2) - 0.5 if few else BINS
            picture.axes.stairs(*np.histogram(values, bins=edges), fill=True, color=BAR)
        picture.axes.set(xlabel=unit)
        picture.axes.locator_params(nbins=5)
        picture.axes.set_ylim(bottom=0)
    return picture


def _bars(pictures: Pictures, name: str, column: Column) -> Picture:
    counts = counted(column)
    common = counts.most_common(MOST_BARS)
    others = sum(counts.values()) - sum(times for _, times in common)
    told = ", ".join(f"{shown(value, 40)} {times:,}" for value, times in common)
    told += f"; others {others:,}." if others else "."
    rows = max(len(common), 3)
    with pictures.drawn(name, told, height=48 + 18 * rows, bottom=24, left=126) as picture:
        places = range(len(common))
        picture.axes.barh(places, [times for _, times in common], height=0.62, color=BAR)
        picture.axes.set_yticks(places, [shown(value, SHORT) for value, _ in common])
        picture.axes.set_ylim(rows - 0.4, -0.6)
        picture.axes.grid(visible=False, axis="y")
        picture.axes.locator_params(axis="x", nbins=4, integer=True)
        if others:
            more = many(len(counts) - len(common), "more value")
            picture.notes.append(f"{more} in {many(others, 'row')}.")
    return picture
