"""What the page tells of a model, in words and short numbers, and what its form needs."""

import json
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from service.model import example
from service.model.manifest import Manifest
from service.model.signature import Input, Label, Output, Signature

ENGINES = {"onnx": "ONNX Runtime", "scikit-learn": "scikit-learn"}
SHOWN = 12  # categories of one input or output; a list of thousands is no reading
KINDS = {
    "number": "number",
    "integer": "whole number",
    "boolean": "true or false",
    "category": "category",
    "text": "text",
    "date": "date",
    "datetime": "date and time",
}


def told(manifest: Manifest) -> dict[str, Any]:
    """Values for the template."""
    signature = manifest.signature
    return {
        "name": manifest.name,
        "version": manifest.version,
        "created": manifest.created,
        "day": manifest.created[:10],
        "engine": ENGINES.get(manifest.engine, manifest.engine),
        "why": manifest.engines.get("why"),
        "one": duration(manifest.seconds["1"]),
        "many": duration(manifest.seconds["1000"]),
        "rows": manifest.data.get("rows"),
        "file": manifest.data.get("file"),
        "inputs": [
            {"name": one.name, "kind": KINDS[one.kind], "takes": taken(one)}
            for one in signature.inputs
        ],
        "outputs": [
            {"name": one.name, "kind": KINDS[one.kind], "gives": given(one)}
            for one in signature.outputs
        ],
        "metrics": list(metrics(manifest.metrics)),
        "example": shlex.quote(json.dumps(example.columns(signature), ensure_ascii=False)),
    }


def form(signature: Signature, max_rows: int, locked: bool) -> dict[str, Any]:
    """What the script is given."""
    columns = signature.to_dict()
    return {
        "inputs": columns["inputs"],
        "outputs": columns["outputs"],
        "confidence": signature.confidence,
        "example": example.columns(signature),
        "mostRows": max_rows,
        "locked": locked,
    }


def taken(one: Input) -> str:
    """Which values an input takes."""
    parts = []
    if one.categories:
        parts.append(listed(one.categories) + ("" if one.closed else ", or others"))
    if one.minimum is not None and one.maximum is not None:
        parts.append(f"{short(one.minimum)} to {short(one.maximum)} in training")
    if one.earliest is not None:
        parts.append(f"{one.earliest} to {one.latest} in training")
    if one.nullable:
        parts.append("may be empty")
    return "; ".join(parts)


def given(one: Output) -> str:
    """Which values an output has, and what else is told of them."""
    parts = [listed(one.labels)] if one.labels else []
    if one.confidence:
        parts.append(f"{one.confidence} on request")
    return "; ".join(parts)


def listed(values: tuple[Label, ...]) -> str:
    """The first of some values, and how many more there are."""
    shown = ", ".join(word(value) for value in values[:SHOWN])
    more = len(values) - SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def word(value: Label) -> str:
    """A label as the page's script shows it: JSON has one kind of number."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value).removesuffix(".0") if isinstance(value, float) else str(value)


def metrics(found: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Names and numbers, those of groups after the name of their group."""
    for name, value in found.items():
        words = f"{prefix}{name}".replace("_", " ")
        if isinstance(value, Mapping):
            yield from metrics(value, f"{words}: ")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield words, short(value)
        else:
            yield words, str(value)


def short(number: float) -> str:
    """Four digits of a number, with a true minus sign; whole numbers whole."""
    text = f"{number:,}" if isinstance(number, int) else f"{number:.4g}"
    return text.replace("-", "\N{MINUS SIGN}")


def duration(seconds: float) -> str:
    """Two digits of a time, in the unit that suits it."""
    size, unit = next(
        (found for found in ((1.0, "s"), (1e-3, "ms")) if seconds >= found[0]), (1e-6, "µs")
    )
    digits = 1 if seconds / size < 10 else 0
    return f"{seconds / size:.{digits}f} {unit}"
