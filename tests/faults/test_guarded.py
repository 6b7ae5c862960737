"""The audit hook and every estimator, each in a process that has imported little."""

from pathlib import Path

import pytest

from tests.faults.conftest import Report
from tests.support.guarded import ESTIMATORS, tried


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_every_estimator_loads_and_predicts_alone_without_effects(
    kind: str, tmp_path: Path, report: Report
) -> None:
    """tests/test_audit.py gives all of them one process."""
    assert tried(kind, tmp_path, "--alone") == []
    report(f"each estimator of {kind}, loaded in its own process", "no effect", "none")
