"""What a model of two numbers says everywhere between those of the data."""

from typing import Any

import numpy as np
from sklearn.inspection import DecisionBoundaryDisplay

from training.report import dots
from training.report.curves import MOST_CLASSES
from training.report.figure import INK, LEVELS, SERIES, SHADES, STEPS, Picture, Pictures
from training.report.judged import Judged
from training.report.words import SHORT, label, number, shown

GRID = 60  # points in each direction


def drawn(pictures: Pictures, judged: Judged) -> Picture | None:
    """The picture, if there are two inputs, both numbers."""
    inputs = judged.engine.signature.inputs
    if len(inputs) != 2 or {one.kind for one in inputs} - {"number", "integer"}:
        return None
    columns = [column.astype(np.float64) for column in judged.columns]
    there = np.isfinite(columns).all(axis=0)
    if not there.any() or len(judged.labels) > MOST_CLASSES:
        return None
    across, up = (column[there] for column in columns)
    limits = dots.spread(across), dots.spread(up)
    grid = np.meshgrid(*(np.linspace(*ends, GRID) for ends in limits))
    given = [values.ravel() for values in grid]
    names = [shown(one.name, 2 * SHORT) for one in inputs]
    told = f"Colour is what the model says for each {names[0]} and {names[1]}."
    with pictures.drawn("Its answers everywhere", told, left=60) as picture:
        picture.axes.set(xlim=limits[0], ylim=limits[1])
        picture.axes.grid(False)
        if judged.kind == "probabilities" and judged.learned == 2:
            told_there = judged.engine.confidence(given)[judged.place]
            probable = told_there if told_there.ndim == 1 else told_there[:, 1]
            levels = np.linspace(0, 1, STEPS + 1)
            _fill(picture, grid, names, np.clip(probable, 0, 1), levels, SHADES)
            edge = probable.reshape(grid[0].shape)
            picture.axes.contour(*grid, edge, levels=[0.5], colors=[INK], linewidths=1)
            picture.notes.append("The line is where both classes are equally probable.")
        elif judged.labels:
            said = judged.says(given)
            for one in range(judged.learned):
                _fill(picture, grid, names, said == one, [0.5, 1.5], [SERIES[one]], alpha=0.25)
        else:
            said = judged.says(given)
            levels = np.linspace(*dots.spread(said, 0.001), STEPS + 1)
            _fill(picture, grid, names, said, levels, LEVELS)
            low, high = number(float(said.min())), number(float(said.max()))
            picture.notes.append(f"From {low}, the faintest, to {high}.")
        if judged.labels:
            picture.dotted = True
            picture.notes.append(
                "Dots are rows with their right answer, gathered on a grid: the larger, the more."
            )
            _rows(picture, judged, across, up, there)
    return picture


def _fill(
    picture: Picture, grid: Any, names: Any, response: Any, levels: Any, colours: Any, **more: Any
) -> None:
    surface = DecisionBoundaryDisplay(
        xx0=grid[0], xx1=grid[1], n_classes=2, response=response.reshape(grid[0].shape)
    )
    surface.plot(
        ax=picture.axes, xlabel=names[0], ylabel=names[1], levels=levels, colors=colours, **more
    )
    if "alpha" not in more:
        surface.surface_.set(edgecolor="face", linewidth=0.8)  # or there are seams


def _rows(picture: Picture, judged: Judged, across: Any, up: Any, there: Any) -> None:
    for one in range(len(judged.labels)):
        those = judged.actual[there] == one
        if those.any():
            dots.draw(picture.axes, across[those], up[those], color=SERIES[one], alpha=0.75)
            picture.legend.append((one, label(judged.labels[one], 2 * SHORT)))
