"""Predictions over the whole range of two numeric inputs."""

from typing import Any

import numpy as np
from sklearn.inspection import DecisionBoundaryDisplay

from training.report import density_scatter
from training.report.curves import MAX_CLASSES
from training.report.evaluation import Evaluation
from training.report.formatting import SHORT, label, number, printable
from training.report.plots import INK, LEVELS, SERIES, SHADES, STEPS, Plot, Plots

GRID = 60  # points in each direction


def draw(plots: Plots, evaluation: Evaluation) -> Plot | None:
    """The plot, if there are two inputs and both are numbers."""
    inputs = evaluation.engine.signature.inputs
    if len(inputs) != 2 or {one.kind for one in inputs} - {"number", "integer"}:
        return None
    columns = [column.astype(np.float64) for column in evaluation.columns]
    there = np.isfinite(columns).all(axis=0)
    if not there.any() or len(evaluation.labels) > MAX_CLASSES:
        return None
    across, up = (column[there] for column in columns)
    limits = density_scatter.padded_range(across), density_scatter.padded_range(up)
    grid = np.meshgrid(*(np.linspace(*ends, GRID) for ends in limits))
    given = [values.ravel() for values in grid]
    names = [printable(one.name, 2 * SHORT) for one in inputs]
    title = "Decision regions" if evaluation.labels else "Prediction surface"
    description = f"The colour is the prediction for each {names[0]} and {names[1]}."
    with plots.new(title, description, left=60) as plot:
        plot.axes.set(xlim=limits[0], ylim=limits[1])
        plot.axes.grid(False)
        if evaluation.confidence_kind == "probabilities" and evaluation.n_classes == 2:
            confidence = evaluation.engine.confidence(given)[evaluation.output_index]
            probable = confidence if confidence.ndim == 1 else confidence[:, 1]
            levels = np.linspace(0, 1, STEPS + 1)
            _fill(plot, grid, names, np.clip(probable, 0, 1), levels, SHADES)
            edge = probable.reshape(grid[0].shape)
            plot.axes.contour(*grid, edge, levels=[0.5], colors=[INK], linewidths=1)
            plot.notes.append(
                "The colour is the predicted probability. On the line, the decision boundary, both "
                "classes are equally probable."
            )
        elif evaluation.labels:
            predicted = evaluation.predict(given)
            for one in range(evaluation.n_classes):
                _fill(plot, grid, names, predicted == one, [0.5, 1.5], [SERIES[one]], alpha=0.25)
        else:
            predicted = evaluation.predict(given)
            levels = np.linspace(*density_scatter.padded_range(predicted, 0.001), STEPS + 1)
            _fill(plot, grid, names, predicted, levels, LEVELS)
            low, high = number(float(predicted.min())), number(float(predicted.max()))
            plot.notes.append(f"The colour is the prediction, from {low} (palest) to {high}.")
        if evaluation.labels:
            plot.dotted = True
            plot.notes.append(
                "Dots are rows, coloured by their true class; larger dots are more rows."
            )
            _rows(plot, evaluation, across, up, there)
    return plot


def _fill(
    plot: Plot, grid: Any, names: Any, response: Any, levels: Any, colours: Any, **more: Any
) -> None:
    surface = DecisionBoundaryDisplay(
        xx0=grid[0], xx1=grid[1], n_classes=2, response=response.reshape(grid[0].shape)
    )
    surface.plot(
        ax=plot.axes, xlabel=names[0], ylabel=names[1], levels=levels, colors=colours, **more
    )
    if "alpha" not in more:
        surface.surface_.set(edgecolor="face", linewidth=0.8)  # otherwise there are seams


def _rows(plot: Plot, evaluation: Evaluation, across: Any, up: Any, there: Any) -> None:
    for one in range(len(evaluation.labels)):
        those = evaluation.actual[there] == one
        if those.any():
            density_scatter.draw(plot.axes, across[those], up[those], color=SERIES[one], alpha=0.75)
            plot.legend.append((one, label(evaluation.labels[one], 2 * SHORT)))
