"""The commands of docs/operations.md, run as a stranger would, in a fresh checkout."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from tests.serving import ROOT, free_port
from tests.stranger import commands, foreground, run

pytestmark = pytest.mark.slow

KEY, METRICS = commands((ROOT / "docs/operations.md").read_text())


def test_a_key_is_made(checkout: Path) -> None:
    run(checkout, "make .venv/serving")
    assert "digest, for SERVICE_API_KEYS" in run(checkout, KEY)


def test_metrics_are_shown_on_a_laptop(checkout: Path) -> None:
    port, metrics_port = free_port(), free_port()
    command = METRICS.replace("9464", str(metrics_port))
    with foreground(checkout, command, port, os.killpg) as server:
        assert "slipway_rows_total" in replace(server, metrics_port=metrics_port).metrics()
