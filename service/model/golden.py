"""Compares predictions of the golden rows with those when the model was packed."""

import math
from typing import Any

from service.model.artifact import GoldenError

# Another processor or BLAS may round the last bits differently; a damaged model differs more.
TOLERANCE = 1e-6


def compare(name: str, expected: Any, found: Any) -> None:
    """Raise GoldenError with the first row of this output that differs."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for key in expected.keys() | found.keys():
            compare(f"{name} of {key}", expected.get(key, []), found.get(key, []))
        return
    if len(expected) != len(found):
        raise GoldenError(f"{len(found)} golden rows have {name}, not {len(expected)}")
    for row, (wanted, got) in enumerate(zip(expected, found, strict=True)):
        if not _same(wanted, got):
            raise GoldenError(
                f"golden row {row}: {name} is {got}, was {wanted} when the model was packed"
            )


def _same(wanted: Any, got: Any) -> bool:
    if isinstance(wanted, list) and isinstance(got, list):
        return len(wanted) == len(got) and all(map(_same, wanted, got))
    if isinstance(wanted, float) and isinstance(got, float):
        return math.isclose(wanted, got, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return bool(wanted == got)
