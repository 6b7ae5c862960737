"""Distributions of the inputs in the data that the model was packed with."""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num

from service.model import dates
from service.model.signature import Input
from training.report.formatting import SHORT, percent, pluralize, printable
from training.report.plots import BAR, Plot, Plots
from training.samples.sample import Column, Sample

MOMENTS = ("date", "datetime")
MAX_PLOTS = 12
MAX_BARS, BINS = 8, 24
HEIGHT = 170


def draw(plots: Plots, inputs: Sequence[Input], sample: Sample) -> Iterator[Plot]:
    """Draw a small plot for each of these inputs."""
    for one in inputs:
        column = sample.columns[one.name]
        plot = _drawing(one)(plots, printable(one.name, 40), column)
        if column.missing:
            plot.notes.append(f"{percent(column.missing / sample.rows)} are missing.")
        yield plot


def _drawing(one: Input) -> Callable[[Plots, str, Column], Plot]:
    if one.kind in MOMENTS:
        return _moments
    return _lengths if one.kind == "text" else _bars if is_discrete(one) else _histogram


def is_discrete(one: Input) -> bool:
    """Whether values are counted one by one, not in ranges."""
    return one.kind in ("category", "boolean")


def count_values(column: Column) -> Counter[str]:
    """Count each value: in all rows, or in the kept rows if there are too many values."""
    counts = column.counts or Counter(str(one) for one in column.values if one is not None)
    if column.kind != "boolean":
        return counts
    truths: Counter[str] = Counter()
    for value, times in counts.items():  # true, True and TRUE are the same
        truths[value.strip().lower()] += times
    return truths


def _histogram(plots: Plots, name: str, column: Column) -> Plot:
    values = np.array([value for value in column.values if value is not None], dtype=np.float64)
    description = f"How often each value of {name} occurs."
    if column.minimum is not None:
        description += f" From {column.minimum:g} to {column.maximum:g}."
    return _binned(plots, name, description, values, "")


def _lengths(plots: Plots, name: str, column: Column) -> Plot:
    lengths = np.array([len(str(value)) for value in column.values if value is not None])
    return _binned(plots, name, f"Lengths of the texts of {name}.", lengths, "characters")


def _moments(plots: Plots, name: str, column: Column) -> Plot:
    there = [dates.read(value).utc() for value in column.values if value is not None]
    with plots.new(name, f"How often {name} is in each period.", height=HEIGHT, left=46) as plot:
        if there:
            days = date2num(there)  # type: ignore[no-untyped-call]
            counts, edges = np.histogram(days, bins=BINS)
            plot.axes.stairs(counts, edges, fill=True, color=BAR)
            locator = AutoDateLocator(minticks=3, maxticks=5)  # type: ignore[no-untyped-call]
            plot.axes.xaxis.set_major_locator(locator)
            formatter = ConciseDateFormatter(locator)  # type: ignore[no-untyped-call]
            plot.axes.xaxis.set_major_formatter(formatter)
        plot.axes.set_ylim(bottom=0)
    return plot


def _binned(plots: Plots, name: str, description: str, values: Any, unit: str) -> Plot:
    few = False
    with plots.new(name, description, height=HEIGHT, bottom=40 if unit else 24, left=46) as plot:
        values = values[np.isfinite(values)]
        if len(values):
            whole = bool((values == np.round(values)).all())
            low, high = math.floor(values.min()), math.ceil(values.max())
            few = whole and high - low < BINS
            edges: Any = np.arange(low, high + 2) - 0.5 if few else BINS
            plot.axes.stairs(*np.histogram(values, bins=edges), fill=True, color=BAR)
        plot.axes.set(xlabel=unit)
        plot.axes.locator_params(nbins=5)
        plot.axes.locator_params(axis="y", integer=True)
        if few:
            plot.axes.locator_params(axis="x", integer=True, min_n_ticks=1)
        plot.axes.set_ylim(bottom=0)
    return plot


def _bars(plots: Plots, name: str, column: Column) -> Plot:
    counts = count_values(column)
    common = counts.most_common(MAX_BARS)
    others = sum(counts.values()) - sum(times for _, times in common)
    description = ", ".join(f"{printable(value, 40)} {times:,}" for value, times in common)
    description += f"; others {others:,}." if others else "."
    rows = max(len(common), 3)
    with plots.new(name, description, height=48 + 18 * rows, bottom=24, left=126) as plot:
        places = range(len(common))
        plot.axes.barh(places, [times for _, times in common], height=0.62, color=BAR)
        plot.axes.set_yticks(places, [printable(value, SHORT) for value, _ in common])
        plot.axes.set_ylim(rows - 0.4, -0.6)
        plot.axes.grid(visible=False, axis="y")
        plot.axes.locator_params(axis="x", nbins=4, integer=True)
        if others:
            more = pluralize(len(counts) - len(common), "more value")
            plot.notes.append(f"{more} in {pluralize(others, 'row')}.")
    return plot
