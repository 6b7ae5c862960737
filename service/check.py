"""`python -m service check`: what is in an artifact, and whether the service would serve it."""

from collections.abc import Iterator, Sequence

from service.api.page import facts
from service.app import load
from service.model.manifest import Manifest
from service.settings import Settings


def report(place: str) -> str:
    """Verify an artifact as the start does, and describe it; ArtifactError if it would not do."""
    manifest = load(Settings.from_environment().of_model(place)).manifest
    return "\n".join(_lines(manifest))


def _lines(manifest: Manifest) -> Iterator[str]:
    told = facts.told(manifest)
    yield f"{told['name']} {told['version']} of {told['day']}, computed by {told['engine']}:"
    yield f"{told['one']} for one row, {told['many']} for a thousand, where it was packed"
    yield from _table(
        "It takes", [(one["name"], one["kind"], one["takes"]) for one in told["inputs"]]
    )
    yield from _table(
        "It returns", [(one["name"], one["kind"], one["gives"]) for one in told["outputs"]]
    )
    if told["metrics"]:
        yield from _table("How good it is", told["metrics"])
    golden = len(next(iter(manifest.golden.inputs.values())))
    yield f"\nVerified: digests of {len(manifest.files)} files, versions, {golden} golden rows."
    yield "It would serve."


def _table(heading: str, rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"\n{heading}:"
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (f"{cell:{width}}" for cell, width in zip(row, widths, strict=True))
        yield f"  {'  '.join(cells)}".rstrip()
