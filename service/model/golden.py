"""Compares predictions of the golden rows with those when the model was packed."""

import math
from typing import Any

from service.model.artifact import ONNX, GoldenError
from service.model.manifest import Manifest

# Another processor or BLAS may round the last bits differently; a damaged model differs more. A
# model in float32 may differ as much as packing allowed it to differ from scikit-learn.
TOLERANCE = 1e-6
MOST = 1e-5


def tolerance(manifest: Manifest) -> float:
    """The difference that golden rows may have, of their size, or of 1 if that is more."""
    packed = manifest.engines.get("tolerance")
    if manifest.engine == ONNX and isinstance(packed, float):
        return min(max(TOLERANCE, packed), MOST)
    return TOLERANCE


def compare(name: str, expected: Any, found: Any, tolerance: float) -> None:
    """Raise GoldenError with the first row of this output that differs."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for key in expected.keys() | found.keys():
            compare(f"{name} of {key}", expected.get(key, []), found.get(key, []), tolerance)
        return
    if len(expected) != len(found):
        raise GoldenError(f"{len(found)} golden rows have {name}, not {len(expected)}")
    for row, (wanted, got) in enumerate(zip(expected, found, strict=True)):
        if not _same(wanted, got, tolerance):
            raise GoldenError(
                f"golden row {row}: {name} is {got}, was {wanted} when the model was packed"
            )


def _same(wanted: Any, got: Any, tolerance: float) -> bool:
    if isinstance(wanted, list) and isinstance(got, list):
        return len(wanted) == len(got) and all(
            _same(one, other, tolerance) for one, other in zip(wanted, got, strict=True)
        )
    if isinstance(wanted, float) and isinstance(got, float):
        return math.isclose(wanted, got, rel_tol=tolerance, abs_tol=tolerance)
    return bool(wanted == got)
