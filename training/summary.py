"""The summary that `pack` prints: inputs, outputs, engine, metrics, and notes."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from service.model.manifest import Manifest
from service.model.signature import Input, Output, Signature, limited_range
from training.samples.sample import Sample, columns_of_labels

SHOWN_CATEGORIES = 5
SHOWN_INPUTS = 50  # a terminal would scroll past the lines above those of a wide table
SHOWN_CHARACTERS = 40
SENTENCE_WORDS = 3  # names of columns have fewer


def inputs_and_outputs(signature: Signature) -> str:
    """A table, one line each. Of many inputs the first ones, and how many follow."""
    shown, more = signature.inputs[:SHOWN_INPUTS], len(signature.inputs) - SHOWN_INPUTS
    rows = [("input", "kind", "takes")]
    rows += [(column.name, _kind(column), _takes(column)) for column in shown]
    rows += [("…", "", f"and {more} more: they are in manifest.json")] if more > 0 else []
    rows += [("", "", ""), ("output", "kind", "gives")]
    rows += [(output.name, output.kind, _gives(output)) for output in signature.outputs]
    widths = [max(len(row[place]) for row in rows) for place in range(2)]
    lines = [f"  {a:{widths[0]}}  {b:{widths[1]}}  {c}".rstrip() for a, b, c in rows]
    return "\n".join(lines)


def _kind(column: Input) -> str:
    return f"{column.kind} or null" if column.nullable else column.kind


def _takes(column: Input) -> str:
    if column.categories is not None:
        shown = ", ".join(map(str, column.categories[:SHOWN_CATEGORIES]))
        more = len(column.categories) - SHOWN_CATEGORIES
        others = f" and {more} more" if more > 0 else ""
        return f"{shown}{others}" + ("" if column.closed else ", and any other")
    if column.kind == "boolean":
        return "true, false"
    if column.earliest is not None:
        return f"{column.earliest} to {column.latest} in the sample"
    if column.minimum is not None:
        taken = f"{column.minimum:g} to {column.maximum:g} in the sample"
        if (accepted := limited_range(column)) is not None:
            taken += ", accepted from {:g} to {:g}".format(*accepted)
        return taken
    return ""


def _gives(output: Output) -> str:
    labels = (
        f"one of {', '.join(map(str, output.labels[:SHOWN_CATEGORIES]))}" if output.labels else ""
    )
    if output.labels and len(output.labels) > SHOWN_CATEGORIES:
        labels += f" and {len(output.labels) - SHOWN_CATEGORIES} more"
    return f"{labels}, {output.confidence}".strip(", ") if output.confidence else labels


def engine(manifest: Manifest) -> str:
    """The engine of the model and the reason, in one line."""
    engines = manifest.engines
    if manifest.engine not in engines.get("seconds", {}):
        return f"{manifest.engine}: {engines.get('why', 'there was no other')}"
    within = f"{engines['rows']} rows within {engines['tolerance']:g} ({engines['precision']})"
    return f"{manifest.engine}: {engines['why']}; {within}"


def measured(manifest: Manifest) -> Iterator[str]:
    """The metrics on the sample, one line per output."""
    for name, found in _by_output(manifest):
        parts = []
        if "accuracy" in found:
            share = found["accuracy_of_the_majority_class"]
            parts = [f"accuracy {found['accuracy']:.3f}", f"the commonest answer has {share:.3f}"]
        elif "mean_absolute_error" in found:
            parts = [f"R² {found['r2']:.3f}"] if "r2" in found else []
            parts += [f"mean absolute error {found['mean_absolute_error']:.4g}"]
        held_out = ", which were held out" if manifest.data.get("held_out") else ""
        yield f"{name}: " + "; ".join([*parts, f"{found['rows']} rows of the sample{held_out}"])


def doubts(manifest: Manifest) -> Iterator[str]:
    """Warnings that the model, or the sample, may be the wrong one."""
    for name, found in _by_output(manifest):
        most = found.get("accuracy_of_the_majority_class", 1.0)
        if not found["rows"]:
            yield f"{name} is empty in the sample: nothing was compared"
        elif most < 1 and found["accuracy"] <= most:
            yield (
                f"{name} is right in {found['accuracy']:.1%} of the sample, and always saying the "
                f"commonest answer in {most:.1%}: look whether this is the model that you meant, "
                "and whether the sample holds what it was fitted on"
            )
        elif found.get("r2", 1.0) <= 0:
            yield (
                f"{name} has an R² of {found['r2']:.3f} on the sample, and always saying the mean "
                "has 0: look whether this is the model that you meant, and whether the sample "
                "holds what it was fitted on"
            )


def _by_output(manifest: Manifest) -> list[tuple[str, Mapping[str, Any]]]:
    """The metrics on the sample, by output."""
    found = manifest.metrics.get("sample", {})
    if isinstance(found.get("rows"), int):
        return [(manifest.signature.outputs[0].name, found)]
    return [*found.items()]


def warnings(sample: Sample, manifest: Manifest, parallel: Sequence[str]) -> Iterator[str]:
    """Notes to check before the model is served."""
    if sample.is_headless:
        yield "the sample has no header line but numbers: its columns are x0, x1 and so on"
    yield from _looks_like_rows(sample, manifest)
    yield from _may_be_targets(sample, manifest)
    for column in manifest.signature.inputs:
        seen = sample.columns[column.name]
        if seen.counts is not None and len(seen.counts) == 1 and not seen.missing:
            yield f"{column.name} is {next(iter(seen.counts))} in every row of the sample"
        if column.kind == "category" and seen.counts is not None:
            once = [value for value, times in seen.counts.items() if times == 1]
            if once and len(seen.counts) > 1:
                yield f"{column.name} is {listed(once)} only once in the sample"
    if parallel:
        yield f"n_jobs of {listed(parallel)} is 1 for serving: a worker has one core"


def _looks_like_rows(sample: Sample, manifest: Manifest) -> Iterator[str]:
    """A note on a header line that may be a row: only of texts, which have no other names."""
    signature = manifest.signature
    if signature.container == "frame" or [one.kind for one in signature.inputs] != ["text"]:
        return
    [name] = signature.names
    if len(name.split()) >= SENTENCE_WORDS or name in sample.columns[name].values:
        yield (
            f"the first line of the sample, {name[:SHOWN_CHARACTERS]!r}, looks like a row: it is "
            "the name of the input now, and was not tried; put a line with a name, such as text, "
            "above it"
        )


def _may_be_targets(sample: Sample, manifest: Manifest) -> Iterator[str]:
    """A note on columns that the model may have been fitted to predict."""
    [output, *others] = manifest.signature.outputs
    if manifest.metrics.get("sample") or others or not output.labels:
        return
    spare = [one for one in sample.columns.values() if one.name not in manifest.signature.names]
    names = columns_of_labels(output.labels, spare)
    if names:
        yield (
            f"{listed(names)} has only labels of the model: if the model predicts it, say --target "
            f"{shlex.quote(names[0])}, and its predictions are compared, with a report"
        )


def listed(values: Sequence[Any]) -> str:
    """The first values, and the number of the others."""
    more = f" and {len(values) - SHOWN_CATEGORIES} others" if len(values) > SHOWN_CATEGORIES else ""
    return ", ".join(map(str, values[:SHOWN_CATEGORIES])) + more
