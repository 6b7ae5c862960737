"""The sections of the report: values for the template."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from service.model.manifest import Manifest
from service.model.signature import Input
from training.report import (
    confusion_matrix,
    curves,
    decision_regions,
    distributions,
    importance,
    metrics,
    residuals,
)
from training.report.evaluation import Evaluation
from training.report.formatting import label, number, percent, pluralize, printable
from training.report.plots import Plot, Plots
from training.samples.sample import Column, Sample

MAX_INPUTS = 30  # in the table
MAX_MODEL_CHARACTERS = 3000  # of the estimator's repr
ADDRESS = re.compile(r" at 0x[0-9a-f]+")  # of a function; it differs in each run
FEW_ROWS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """The section about one output."""

    name: str
    metrics: list[metrics.Metric]
    baseline: str
    matrix: confusion_matrix.ConfusionMatrix | None
    classes: list[confusion_matrix.ClassMetrics]
    plots: list[Plot]
    input_plots: list[Plot]
    remarks: list[str]


def section(plots: Plots, evaluation: Evaluation) -> tuple[Section, importance.Importance | None]:
    """Make the section about one output. Also return the importance of its inputs."""
    found = importance.measure(evaluation)
    important = found if isinstance(found, importance.Importance) else None
    input_plots = [importance.draw(plots, evaluation, important)] if important else []
    regions = decision_regions.draw(plots, evaluation)
    draw = curves.draw if evaluation.labels else residuals.draw
    reasons = [curves.missing_reason(evaluation), found if isinstance(found, str) else None]
    made = Section(
        name=printable(evaluation.name),
        metrics=metrics.compute(evaluation),
        baseline=confusion_matrix.baseline(evaluation),
        matrix=confusion_matrix.count(evaluation) if evaluation.labels else None,
        classes=confusion_matrix.class_metrics(evaluation) if evaluation.labels else [],
        plots=list(draw(plots, evaluation)),
        input_plots=[regions, *input_plots] if regions else input_plots,
        remarks=[reason for reason in reasons if reason],
    )
    return made, important


def columns(manifest: Manifest, sample: Sample) -> list[dict[str, str]]:
    """A row of the table for each input."""
    return [
        {
            "name": printable(one.name),
            "kind": one.kind,
            "values": _values(one, sample.columns[one.name]),
            "missing": percent(sample.columns[one.name].missing / sample.rows),
        }
        for one in manifest.signature.inputs[:MAX_INPUTS]
    ]


def _values(one: Input, column: Column) -> str:
    counts = distributions.count_values(column) if distributions.is_discrete(one) else None
    if counts:
        [(common, times)] = counts.most_common(1)
        part = percent(times / sum(counts.values()))
        return f"{pluralize(len(counts), 'value')}; {printable(common, 30)} in {part}"
    if one.minimum is not None and one.maximum is not None:
        return f"{number(one.minimum)} to {number(one.maximum)}"
    if one.earliest is not None and one.latest is not None:
        return f"{one.earliest} to {one.latest}"
    longest = max((len(value) for value in column.values if isinstance(value, str)), default=0)
    return f"up to {pluralize(longest, 'character')}" if longest else ""


def estimator_repr(estimator: Any) -> str:
    """The estimator's repr: its parameters that differ from the defaults."""
    lines = ADDRESS.sub("", repr(estimator)[:MAX_MODEL_CHARACTERS]).splitlines()
    indents = [len(line) - len(line.lstrip()) for line in lines]
    return "\n".join(
        " " * indent + printable(line, 200) for indent, line in zip(indents, lines, strict=True)
    )


def estimator_name(estimator: Any) -> str:
    """Class name of the final estimator, inside pipelines and searches."""
    while True:
        inner = getattr(estimator, "best_estimator_", None)
        if inner is None and getattr(estimator, "steps", None):
            inner = estimator.steps[-1][1]
        if not hasattr(inner, "predict"):
            return printable(type(estimator).__name__)
        estimator = inner


def limits(manifest: Manifest, every: list[Evaluation], held_out: bool) -> Iterator[str]:
    """Limitations of the metrics, a sentence or two each."""
    if held_out:
        yield (
            "The model was evaluated on rows from the same file that it was trained on. Rows from "
            "another source, or from a later time, may differ from both."
        )
    yield (
        "The intervals cover the random choice of the rows. They do not cover wrong labels in the "
        "data, rows that depend on each other, or changes since the data were collected."
    )
    if any(one.minimum is not None for one in manifest.signature.inputs):
        yield "The model was never evaluated outside of the ranges above, but it predicts there."
    for one in every:
        rows = len(one.actual)
        if rows < FEW_ROWS:
            part = percent(1 / rows)
            yield f"{pluralize(rows, 'row')} are few: each changes the accuracy by {part}."
        new = [label(value, 40) for value in one.labels[one.n_classes :]]
        if new:
            yield (
                f"The data contain classes that the model never predicts, such as {new[0]}. These "
                "rows count as errors, and are in no curve."
            )
    if len(manifest.signature.inputs) > 1:
        yield (
            "Correlated inputs share their importance: without one, the model still has the other. "
            "Importance does not mean that an input causes the output."
        )
    yield "The report does not examine fairness: that requires knowing whom the rows describe."


def data(manifest: Manifest, sample: Sample) -> Mapping[str, Any]:
    """The source of the rows."""
    source = manifest.data
    return {
        "file": printable(source.get("file", "")),
        "sha256": printable(source.get("sha256", "")),
        "commit": printable(source.get("commit") or ""),
        "rows": sample.rows,
        "kept": sample.kept,
        "held_out": source.get("held_out", False),
    }
