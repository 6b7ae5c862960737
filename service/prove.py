"""`slipway prove`: repeat the proofs of an artifact on the processor that runs the command.

Packing proves that both engines predict the same, and that rows are independent; the service
compares the golden rows when it starts. Another processor computes with other kernels, which may
round otherwise.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import product

from service.app import load
from service.model import probe_rows, remote
from service.model.artifact import ONNX, SCIKIT_LEARN, ArtifactError, GoldenError
from service.model.boundary_rows import beside_boundaries
from service.model.engines import Column
from service.model.equality import TOLERANCES, UnequalError, largest_difference
from service.model.golden import tolerance
from service.model.kernels import described, kernels, machine
from service.model.predictor import Predictor
from service.model.row_independence import are_rows_independent
from service.settings import Settings

OK, FAILED, NOT_TRIED = "ok", "FAILED", "not tried"


@dataclass(frozen=True, slots=True)
class Proof:
    """The result of one proof; `state` is one of the constants above."""

    name: str
    state: str
    text: str


def run(place: str | None, rows: int, as_json: bool = False) -> tuple[str, bool]:
    """Prove an artifact with so many rows. Return the text to print, and whether nothing failed.

    Without a place it is the model of SERVICE_MODEL.
    ArtifactError if the service would not start with it.
    """
    settings = Settings.from_environment()
    if place is not None:
        settings = settings.of_model(place)
    predictor = load(settings)
    manifest = predictor.manifest
    tables = _tables(predictor, rows)
    proofs = [
        _golden(predictor),
        _engines(settings, predictor, tables),
        _independence(predictor, tables + _beside(predictor, tables[0])),
    ]
    packed = manifest.engines.get("machine", "an unknown processor")
    of_packing = described(packed, manifest.engines.get("kernels", {}))
    here = described(machine(), kernels())
    passed = all(one.state != FAILED for one in proofs)
    if as_json:
        shown = {
            "model": {"name": manifest.name, "version": manifest.version},
            "packed_on": of_packing,
            "proved_on": here,
            "passed": passed,
            "proofs": [asdict(one) for one in proofs],
        }
        return json.dumps(shown, indent=2), passed
    lines = [
        f"{manifest.name} {manifest.version}, computed by {manifest.engine}",
        f"packed on {of_packing}",
        f"proved on {here}",
        *(f"{one.name:14}{one.state:11}{one.text}" for one in proofs),
    ]
    return "\n".join(lines), passed


def _tables(predictor: Predictor, rows: int) -> list[list[Column]]:
    """The golden rows, and rows drawn around them."""
    golden = predictor.manifest.golden.inputs
    return [list(one.values()) for one in probe_rows.around(predictor.signature, golden, rows)]


def _beside(predictor: Predictor, golden: list[Column]) -> list[list[Column]]:
    """Rows beside the boundary between labels. There the last bit of a score decides, so that two
    engines may differ; one engine may not differ from itself."""
    if not any(output.labels for output in predictor.signature.outputs):
        return []
    beside = beside_boundaries(predictor.engine, golden)
    return [beside] if beside else []


def _golden(predictor: Predictor) -> Proof:
    """`load` has compared them: it would have raised GoldenError."""
    rows = len(next(iter(predictor.manifest.golden.inputs.values())))
    allowed = tolerance(predictor.manifest)
    return Proof("golden rows", OK, f"{rows} rows are predicted as at packing, within {allowed:g}")


def _engines(settings: Settings, predictor: Predictor, tables: Sequence[list[Column]]) -> Proof:
    """Compare ONNX Runtime with the estimator, if both can be loaded here."""
    manifest = predictor.manifest
    name = "engines"
    if manifest.engine != ONNX:
        return Proof(name, NOT_TRIED, "scikit-learn alone computes this model")
    if "older" in manifest.engines:
        return Proof(name, NOT_TRIED, "another scikit-learn than this one saved the model")
    try:
        original = _estimator(settings)
    except GoldenError as error:
        return Proof(name, FAILED, str(error))
    except ArtifactError as error:
        return Proof(name, NOT_TRIED, str(error))
    allowed = manifest.engines.get("tolerance", TOLERANCES["float64"])
    methods = ["predict", "confidence"] if manifest.signature.confidence else ["predict"]
    largest = 0.0
    try:
        for method, columns in product(methods, tables):
            first, second = (getattr(one.engine, method) for one in (original, predictor))
            largest = max(largest, largest_difference(first, second, columns, allowed))
    except UnequalError as error:
        return Proof(name, FAILED, f"ONNX Runtime and scikit-learn differ: {error}")
    return Proof(
        name,
        OK,
        f"ONNX Runtime and scikit-learn are equal on {_rows(tables)} rows; the largest "
        f"difference is {largest:.1g}, allowed {allowed:g}",
    )


def _estimator(settings: Settings) -> Predictor:
    with remote.opened(settings.model, settings.model_sha256, settings.fetch_seconds) as folder:
        return Predictor.load(
            folder,
            settings.trusted_modules,
            settings.model_sha256,
            trusted_code=settings.trusted_code,
            other_engine=SCIKIT_LEARN,
        )


def _independence(predictor: Predictor, tables: Sequence[list[Column]]) -> Proof:
    """Predict each row alone and in batches of each size up to 16, if requests may share calls."""
    name, none = "independence", "requests share no call of the model"
    if not predictor.manifest.rows_independent:
        return Proof(name, OK, f"rows depended on others where it was packed: {none}")
    if not predictor.rows_independent:
        return Proof(name, OK, f"rows depend on others on this processor: {none} here")
    for columns in tables:
        if not are_rows_independent(predictor.engine, columns, confident=False, every=True):
            return Proof(
                name,
                FAILED,
                "rows have other predictions alone than among others, which the test at the start "
                "does not find: pack the model on such a processor",
            )
    return Proof(
        name,
        OK,
        f"{_rows(tables)} rows have the same predictions alone and among others: "
        "requests may share calls",
    )


def _rows(tables: Sequence[list[Column]]) -> str:
    return f"{sum(len(columns[0]) for columns in tables):,}"
