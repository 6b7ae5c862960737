"""Values for the template of the model's page, and for its form."""

import json
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from service.model import example
from service.model.manifest import Manifest
from service.model.signature import (
    Input,
    Label,
    Output,
    empty_cell,
    limited_range,
    takes_strings,
)

ENGINES = {"onnx": "ONNX Runtime", "scikit-learn": "scikit-learn"}
PIECE = 18  # characters of a digest
EXAMPLE_FIELDS = 36  # of the form, at first
SHOWN = 12  # categories of one input or output; the rest are counted


def template_values(manifest: Manifest) -> dict[str, Any]:
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
        "modules": ", ".join(manifest.code.get("modules", ())),
        "code": parts(manifest.code.get("digest", "")),
        "runs": manifest.engine != "onnx",
        "rows": manifest.data.get("rows"),
        "file": manifest.data.get("file"),
        "inputs": [
            {"name": one.name, "kind": one.kind, "takes": input_values(one)}
            for one in signature.inputs
        ],
        "outputs": [
            {"name": one.name, "kind": one.kind, "gives": output_values(one)}
            for one in signature.outputs
        ],
        "metrics": list(metrics(manifest.metrics)),
        "example": shlex.quote(json.dumps(shown_example(manifest), ensure_ascii=False)),
    }


def parts(digest: str) -> list[str]:
    """A digest in pieces, between which a narrow page may break it."""
    return [digest[start : start + PIECE] for start in range(0, len(digest), PIECE)]


def form(manifest: Manifest, max_rows: int, locked: bool) -> dict[str, Any]:
    """Values for the script of the form."""
    signature = manifest.signature
    columns = signature.to_dict()
    return {
        "inputs": [
            {**plain, **field(one)}
            for plain, one in zip(columns["inputs"], signature.inputs, strict=True)
        ],
        "outputs": columns["outputs"],
        "confidence": signature.confidence,
        "example": {
            name: list(map(cell, column)) for name, column in shown_example(manifest).items()
        },
        "mostRows": max_rows,
        "locked": locked,
    }


def field(one: Input) -> dict[str, Any]:
    """What the script knows of an input besides the signature: whether values are strings, the
    value of an empty field, and the categories as text."""
    is_any_text = one.kind == "category" and not one.categories
    made: dict[str, Any] = {"text": is_any_text or takes_strings(one), "empty": ""}
    if one.kind in ("text", "category"):
        made["empty"] = empty_cell(one)
    if one.categories:
        made["categories"] = list(map(cell, one.categories))
    return made


def cell(value: Any) -> str | None:
    """A value as the form holds it: the script would round an integer beyond 2^53."""
    return None if value is None else label_text(value)


def shown_example(manifest: Manifest) -> dict[str, list[Any]]:
    """As many of the example rows, one at least, as do not make a long page on a phone."""
    columns = example.of_model(manifest)
    rows = max(1, EXAMPLE_FIELDS // len(columns))
    return {name: values[:rows] for name, values in columns.items()}


def input_values(one: Input) -> str:
    """The values that an input accepts, as text."""
    parts = []
    if one.categories:
        parts.append(first_of(one.categories) + ("" if one.closed else ", or others"))
    if one.minimum is not None and one.maximum is not None:
        parts.append(f"{short(one.minimum)} to {short(one.maximum)} in the sample")
    if (accepted := limited_range(one)) is not None:
        parts.append("accepted from {} to {}".format(*map(short, accepted)))
    if one.earliest is not None:
        parts.append(f"{one.earliest} to {one.latest} in the sample")
    if one.nullable:
        parts.append("may be empty")
    return "; ".join(parts)


def output_values(one: Output) -> str:
    """The values of an output, and its confidence, as text."""
    parts = [first_of(one.labels)] if one.labels else []
    if one.confidence:
        parts.append(f"{one.confidence} on request")
    return "; ".join(parts)


def first_of(values: tuple[Label, ...]) -> str:
    """The first values of several, and the number of the rest."""
    shown = ", ".join(label_text(value) for value in values[:SHOWN])
    more = len(values) - SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def label_text(value: Label) -> str:
    """A label as the page's script shows it: 1.0 as 1, since JSON has one number type."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value).removesuffix(".0") if isinstance(value, float) else str(value)


def metrics(found: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Names and values; those of a group are prefixed with the group's name."""
    for name, value in found.items():
        words = f"{prefix}{name}".replace("_", " ")
        if isinstance(value, Mapping):
            yield from metrics(value, f"{words}: ")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield words, short(value)
        else:
            yield words, str(value)


def short(number: float) -> str:
    """A number with four significant digits and a minus sign; integers in full."""
    text = f"{number:,}" if isinstance(number, int) else f"{number:.4g}"
    return text.replace("-", "\N{MINUS SIGN}")


def duration(seconds: float) -> str:
    """A duration with two digits, in s, ms or µs."""
    size, unit = next(
        (found for found in ((1.0, "s"), (1e-3, "ms")) if seconds >= found[0]), (1e-6, "µs")
    )
    digits = 1 if seconds / size < 10 else 0
    return f"{seconds / size:.{digits}f} {unit}"
