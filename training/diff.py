"""`python -m training diff OLD NEW`: what changes when one artifact takes another's place."""

from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from service.model.engines import Column
from service.model.limits import Limits
from service.model.predictor import Predictor, as_column
from service.model.signature import Signature
from training.differences import changes

BREAKS = 1  # exit code


def run(options: Namespace) -> int:
    """Print all differences; 1 if clients would notice one that breaks."""
    limits = Limits(seconds=options.load_seconds, bytes=options.load_bytes)
    old, new = (
        Predictor.load(path, options.trust, limits=limits) for path in (options.old, options.new)
    )
    found = changes(old.signature, new.signature)
    print(f"{_named(old)} -> {_named(new)}\n\nContract:")
    for change in found:
        print(f"  {'BREAKS' if change.breaks else '      '}  {change.text}")
    if not found:
        print("  the same")
    print("\nMetrics:")
    for line in _metrics(old.manifest.metrics, new.manifest.metrics):
        print(f"  {line}")
    print("\nPredictions:")
    print(f"  golden rows of {options.old}: {_compared(old, new, old.manifest.golden.inputs)}")
    if options.sample:
        names = dict.fromkeys((*old.signature.names, *new.signature.names))
        values = _sampled(options.sample, list(names))
        print(f"  rows of {options.sample}: {_compared(old, new, values)}")
    return BREAKS if any(change.breaks for change in found) else 0


def _named(predictor: Predictor) -> str:
    return f"{predictor.manifest.name} {predictor.manifest.version}"


def _metrics(old: Mapping[str, Any], new: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """The numbers that differ."""
    if not prefix and old == new:
        yield "the same" if old else "none"
    for name in {**old, **new}:
        before, after = old.get(name), new.get(name)
        if isinstance(before, Mapping) or isinstance(after, Mapping):
            yield from _metrics(
                before if isinstance(before, Mapping) else {},
                after if isinstance(after, Mapping) else {},
                f"{prefix}{name}: ".replace("_", " "),
            )
        elif before != after:
            words = f"{prefix}{name}".replace("_", " ")
            yield f"{words}: {_number(before)} -> {_number(after)}"


def _number(value: object) -> str:
    if value is None:
        return "none"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _sampled(path: Path, names: Sequence[str]) -> dict[str, list[Any]]:
    from training import sample

    rows, _ = sample.read(path).named((), names)
    return {name: column.values for name, column in rows.columns.items()}


def _compared(old: Predictor, new: Predictor, values: Mapping[str, list[Any]]) -> str:
    """How many rows get another prediction, output by output, in words."""
    told = []
    try:
        before, after = (one.predict(_columns(one.signature, values)) for one in (old, new))
    except KeyError as error:
        return f"cannot be compared: they have no column {error.args[0]}"
    except (TypeError, ValueError) as error:
        return f"cannot be compared: {error}"
    for name in before.keys() & after.keys():
        one, other = before[name], after[name]
        same = sum(a == b for a, b in zip(one, other, strict=True))
        line = f"{len(one) - same} of {len(one)} differ in {name}"
        if same < len(one) and all(isinstance(value, float) for value in (*one, *other)):
            line += f", at most by {np.max(np.abs(np.subtract(one, other))):.4g}"
        told.append(line)
    return "; ".join(told) or "they have no output in common"


def _columns(signature: Signature, values: Mapping[str, list[Any]]) -> dict[str, Column]:
    return {
        column.name: as_column(values[column.name], column.dtype) for column in signature.inputs
    }
