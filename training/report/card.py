"""What the report says, and in which order: values for the template."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from service.model.manifest import Manifest
from service.model.signature import Input
from training.report import curves, importance, inputs, measures, regions, residuals
from training.report import matrix as matrices
from training.report.figure import Picture, Pictures
from training.report.judged import Judged
from training.report.words import label, many, number, share, shown
from training.sample import Column, Sample

MOST_INPUTS = 30  # in the table
LONGEST_MODEL = 3000  # characters of its description
ADDRESS = re.compile(r" at 0x[0-9a-f]+")  # of a function: another one in each run
FEW_ROWS = 100
KINDS = {"number": "number", "integer": "whole number", "boolean": "true or false"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """All that is told of one output."""

    name: str
    measures: list[measures.Measure]
    without: str
    matrix: matrices.Matrix | None
    classes: list[matrices.Class]
    pictures: list[Picture]
    goes_by: list[Picture]
    remarks: list[str]


def section(pictures: Pictures, judged: Judged) -> tuple[Section, importance.Importance | None]:
    """What is told of one output, and how much each input matters to it."""
    found = importance.found(judged)
    told = found if isinstance(found, importance.Importance) else None
    goes_by = [importance.drawn(pictures, judged, told)] if told else []
    where = regions.drawn(pictures, judged)
    draw = curves.drawn if judged.labels else residuals.drawn
    reasons = [curves.missing(judged), found if isinstance(found, str) else None]
    made = Section(
        name=shown(judged.name),
        measures=measures.measured(judged),
        without=matrices.without_a_model(judged),
        matrix=matrices.of(judged) if judged.labels else None,
        classes=matrices.by_class(judged) if judged.labels else [],
        pictures=list(draw(pictures, judged)),
        goes_by=[where, *goes_by] if where else goes_by,
        remarks=[reason for reason in reasons if reason],
    )
    return made, told


def columns(manifest: Manifest, sample: Sample) -> list[dict[str, str]]:
    """A line of the table for each input."""
    return [
        {
            "name": shown(one.name),
            "kind": KINDS.get(one.kind, one.kind),
            "held": _held(one, sample.columns[one.name]),
            "missing": share(sample.columns[one.name].missing / sample.rows),
        }
        for one in manifest.signature.inputs[:MOST_INPUTS]
    ]


def _held(one: Input, column: Column) -> str:
    counts = inputs.counted(column) if inputs.is_counted(one) else None
    if counts:
        [(common, times)] = counts.most_common(1)
        part = share(times / sum(counts.values()))
        return f"{many(len(counts), 'value')}; {shown(common, 30)} in {part}"
    if one.minimum is not None and one.maximum is not None:
        return f"{number(one.minimum)} to {number(one.maximum)}"
    longest = max((len(value) for value in column.values if isinstance(value, str)), default=0)
    return f"up to {many(longest, 'character')}" if longest else ""


def described(estimator: Any) -> str:
    """The estimator as scikit-learn writes it: what differs from its defaults."""
    lines = ADDRESS.sub("", repr(estimator)[:LONGEST_MODEL]).splitlines()
    indents = [len(line) - len(line.lstrip()) for line in lines]
    return "\n".join(
        " " * indent + shown(line, 200) for indent, line in zip(indents, lines, strict=True)
    )


def kind_of(estimator: Any) -> str:
    """The name of what predicts, behind pipelines and searches."""
    while True:
        inner = getattr(estimator, "best_estimator_", None)
        if inner is None and getattr(estimator, "steps", None):
            inner = estimator.steps[-1][1]
        if not hasattr(inner, "predict"):
            return shown(type(estimator).__name__)
        estimator = inner


def limits(manifest: Manifest, every: list[Judged], held_out: bool) -> Iterator[str]:
    """What the numbers do not say."""
    if held_out:
        yield (
            "The rows it was judged on come from the same file as those it learned from. Rows from "
            "elsewhere, or from later, may be unlike both."
        )
    yield (
        "The intervals tell how much chance there is in which rows were drawn. They know nothing "
        "of wrong answers in the data, of rows that depend on each other, or of what has changed "
        "since."
    )
    if any(one.minimum is not None for one in manifest.signature.inputs):
        yield "Beyond the ranges above it has never been judged. It answers there nevertheless."
    for one in every:
        rows = len(one.actual)
        if rows < FEW_ROWS:
            yield f"{many(rows, 'row')} are few: each counts for {share(1 / rows)} of the accuracy."
        new = [label(value, 40) for value in one.labels[one.learned :]]
        if new:
            yield (
                f"The data hold answers that the model never gives, such as {new[0]}. They count "
                "as wrong, and are in no curve."
            )
    if len(manifest.signature.inputs) > 1:
        yield (
            "Inputs that tell the same share their importance: without the one the model still has "
            "the other. And importance is no cause."
        )
    yield "No word here is about fairness: that takes knowing who is behind the rows."


def data(manifest: Manifest, sample: Sample) -> Mapping[str, Any]:
    """Where the rows came from."""
    told = manifest.data
    return {
        "file": shown(told.get("file", "")),
        "sha256": shown(told.get("sha256", "")),
        "commit": shown(told.get("commit") or ""),
        "rows": sample.rows,
        "kept": sample.kept,
    }
