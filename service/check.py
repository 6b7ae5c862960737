"""`slipway check`: verify an artifact as the service does, and describe it."""

import json
from collections.abc import Iterator, Sequence

from service.api.page import model_view
from service.app import load
from service.model.kernels import described, kernels, machine
from service.model.predictor import Predictor
from service.settings import Settings


def report(place: str, as_json: bool = False) -> str:
    """Verify an artifact and describe it; ArtifactError if the service would not start."""
    predictor = load(Settings.from_environment().of_model(place))
    if as_json:
        return json.dumps(predictor.manifest.public(), indent=2)
    return "\n".join(_lines(predictor))


def _lines(predictor: Predictor) -> Iterator[str]:
    manifest = predictor.manifest
    view = model_view.template_values(manifest)
    yield f"{view['name']} {view['version']} of {view['day']}, computed by {view['engine']}:"
    yield f"{view['one']} for one row, {view['many']} for a thousand, where it was packed"
    yield from _table(
        "Inputs", [(one["name"], one["kind"], one["takes"]) for one in view["inputs"]]
    )
    yield from _table(
        "Outputs", [(one["name"], one["kind"], one["gives"]) for one in view["outputs"]]
    )
    if view["metrics"]:
        yield from _table("Metrics", view["metrics"])
    golden = len(next(iter(manifest.golden.inputs.values())))
    yield f"\nVerified: digests of {len(manifest.files)} files, versions, {golden} golden rows."
    packed = manifest.engines.get("machine", "an unknown processor")
    yield (
        f"Packed on {described(packed, manifest.engines.get('kernels', {}))}, "
        f"verified on {described(machine(), kernels())}."
    )
    shares = "may share" if predictor.rows_independent else "do not share"
    yield f"Requests {shares} a call of the model."
    yield "The service would start with it."


def _table(heading: str, rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"\n{heading}:"
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (f"{cell:{width}}" for cell, width in zip(row, widths, strict=True))
        yield f"  {'  '.join(cells)}".rstrip()
