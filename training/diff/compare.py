"""`slipway diff OLD NEW`: what changes if one artifact replaces the other."""

import json
from argparse import Namespace
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from service.model import artifact, trial, unpickling
from service.model.limits import Limits
from service.model.manifest import Manifest
from service.model.predictor import Predictor
from training.diff.contract_changes import Change, changes
from training.diff.prediction_changes import compared
from training.estimators import code_files

EXIT_BREAKS = 1


def _brought(manifest: Manifest) -> str:
    """The digest of an artifact's own code, which must be trusted; empty without code."""
    return "" if manifest.engine == artifact.ONNX else str(manifest.code.get("digest", ""))


def run(options: Namespace) -> int:
    """Print all differences. Return 1 if one of them breaks clients or the deployment."""
    limits = Limits(seconds=options.load_seconds, bytes=options.load_bytes)
    old, new = (
        Predictor.load(path, options.trust, limits=limits, trusted_code=options.trust_code)
        for path in (options.old, options.new)
    )
    found = changes(old.signature, new.signature)
    before, after = (
        _trusted(path, one.manifest, limits)
        for path, one in ((options.old, old), (options.new, new))
    )
    needs = [
        *(Change(f"needs {name} in SERVICE_TRUSTED_MODULES", True) for name in after - before),
        *(Change(f"no longer needs {name} to be trusted", False) for name in before - after),
    ]
    brings = _brought(new.manifest)
    if brings and brings != _brought(old.manifest):
        needs.append(Change(f"needs SERVICE_TRUSTED_CODE={brings}", True))
    predictions = {f"golden rows of {options.old}": compared(old, new, old.manifest.golden.inputs)}
    if options.sample:
        names = dict.fromkeys((*old.signature.names, *new.signature.names))
        texts = _texts(old) | _texts(new)
        values = _sampled(options, list(names), texts)
        predictions[f"rows of {options.sample}"] = compared(old, new, values)
    breaks = any(change.breaks for change in (*found, *needs))
    metrics = [*_metrics(old.manifest.metrics, new.manifest.metrics)]
    if options.json:
        value = {
            "old": _about(old),
            "new": _about(new),
            "breaks": breaks,
            "contract": [asdict(change) for change in found],
            "trust": [asdict(change) for change in needs],
            "metrics": [{"name": name, "old": was, "new": now} for name, was, now in metrics],
            "predictions": [{"rows": rows, "text": text} for rows, text in predictions.items()],
        }
        print(json.dumps(value, indent=2, ensure_ascii=False))
    else:
        print(f"{_named(old)} -> {_named(new)}\n\nContract:")
        _print(found)
        print("\nTrust:")
        _print(needs)
        print("\nMetrics:")
        for name, before, after in metrics:
            print(f"  {name}: {_number(before)} -> {_number(after)}")
        if not metrics:
            print("  the same" if old.manifest.metrics else "  none")
        print("\nPredictions:")
        for rows, text in predictions.items():
            print(f"  {rows}: {text}")
    return EXIT_BREAKS if breaks else 0


def _about(model: Predictor) -> dict[str, str]:
    return {"name": model.manifest.name, "version": model.manifest.version}


def _print(found: Sequence[Change]) -> None:
    for change in found:
        print(f"  {'BREAKS' if change.breaks else '      '}  {change.text}")
    if not found:
        print("  the same")


def _trusted(folder: Path, manifest: Manifest, limits: Limits) -> set[str]:
    """The names that the operator must trust for a model, without those of its own code."""
    if manifest.engine != artifact.SCIKIT_LEARN:
        return set()
    content = (folder / artifact.MODEL).read_bytes()
    code = code_files.of_artifact(folder, manifest)
    found = trial.read(lambda: unpickling.inspect(content, code=code), limits=limits)
    return {error.name for error in found.untrusted if error.name}


def _named(predictor: Predictor) -> str:
    return f"{predictor.manifest.name} {predictor.manifest.version}"


def _metrics(
    old: Mapping[str, Any], new: Mapping[str, Any], prefix: str = ""
) -> Iterator[tuple[str, Any, Any]]:
    """The names of the metrics that differ, with the old and the new value."""
    for name in {**old, **new}:
        before, after = old.get(name), new.get(name)
        if isinstance(before, Mapping) or isinstance(after, Mapping):
            yield from _metrics(
                before if isinstance(before, Mapping) else {},
                after if isinstance(after, Mapping) else {},
                f"{prefix}{name}: ".replace("_", " "),
            )
        elif before != after:
            yield f"{prefix}{name}".replace("_", " "), before, after


def _number(value: object) -> str:
    if value is None:
        return "none"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _sampled(
    options: Namespace, names: Sequence[str], texts: Collection[str]
) -> dict[str, list[Any]]:
    """The kept rows of a sample by column; columns of `texts` are read as text."""
    from training.samples import columnar, sample

    if columnar.is_typed(options.sample):
        read = columnar.read(options.sample)
    else:
        marks = {"separator": options.separator, "decimal": options.decimal}
        read = sample.read(options.sample, **marks)
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
