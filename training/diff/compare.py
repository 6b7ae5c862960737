"""`python -m training diff OLD NEW`: what changes when one artifact takes another's place."""

from argparse import Namespace
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from service.model import artifact, trial, unpickling
from service.model.limits import Limits
from service.model.predictor import Predictor
from training.diff.contract_changes import Change, changes
from training.diff.prediction_changes import compared

BREAKS = 1  # exit code


def run(options: Namespace) -> int:
    """Print all differences; 1 if clients or operators would notice one that breaks."""
    limits = Limits(seconds=options.load_seconds, bytes=options.load_bytes)
    old, new = (
        Predictor.load(path, options.trust, limits=limits) for path in (options.old, options.new)
    )
    found = changes(old.signature, new.signature)
    before, after = (
        _trusted(path, one.manifest.engine, limits)
        for path, one in ((options.old, old), (options.new, new))
    )
    needs = [
        *(Change(f"needs {name} in SERVICE_TRUSTED_MODULES", True) for name in after - before),
        *(Change(f"no longer needs {name} to be trusted", False) for name in before - after),
    ]
    print(f"{_named(old)} -> {_named(new)}\n\nContract:")
    _print(found)
    print("\nTrust:")
    _print(needs)
    print("\nMetrics:")
    for line in _metrics(old.manifest.metrics, new.manifest.metrics):
        print(f"  {line}")
    print("\nPredictions:")
    print(f"  golden rows of {options.old}: {compared(old, new, old.manifest.golden.inputs)}")
    if options.sample:
        names = dict.fromkeys((*old.signature.names, *new.signature.names))
        values = _sampled(options.sample, list(names), _texts(old) | _texts(new))
        print(f"  rows of {options.sample}: {compared(old, new, values)}")
    return BREAKS if any(change.breaks for change in (*found, *needs)) else 0


def _print(found: Sequence[Change]) -> None:
    for change in found:
        print(f"  {'BREAKS' if change.breaks else '      '}  {change.text}")
    if not found:
        print("  the same")


def _trusted(folder: Path, engine: str, limits: Limits) -> set[str]:
    """The names that the service must trust to load a model."""
    if engine != artifact.SCIKIT_LEARN:
        return set()
    content = (folder / artifact.MODEL).read_bytes()
    found = trial.read(lambda: unpickling.inspect(content), limits=limits)
    return {error.name for error in found.untrusted if error.name}


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


def _sampled(path: Path, names: Sequence[str], texts: Collection[str]) -> dict[str, list[Any]]:
    """The kept rows of a sample by column; those of `texts` are text, whatever they look like."""
    from training.samples import columnar, sample

    read = columnar.read(path) if columnar.is_typed(path) else sample.read(path)
    rows, _ = read.named((), names)
    return {
        name: column.as_kind("text").values
        if name in texts and column.series is None
        else column.values
        for name, column in rows.columns.items()
    }


def _texts(predictor: Predictor) -> set[str]:
    """The inputs that are text, or dates and times."""
    return {
        one.name
        for one in predictor.signature.inputs
        if one.kind in ("text", "date", "datetime")
        or (one.kind == "category" and all(isinstance(v, str) for v in one.categories or ()))
    }
