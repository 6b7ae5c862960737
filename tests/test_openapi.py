"""The contract as OpenAPI, against the real server: Schemathesis asks what the description allows,
and what it forbids."""

import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from service.model.predictor import Predictor
from tests.serving import ROOT, clean_environment, serve

KEY = "correct-horse"
PATIENCE = 600.0  # seconds; it takes about 25 on two cores


def described(predictor: Predictor) -> dict[str, Any]:
    """The description, with the range of numbers that this model takes."""
    description: dict[str, Any] = yaml.safe_load((ROOT / "tests" / "openapi.yaml").read_text())
    number = description["components"]["schemas"]["number"]
    [(number["minimum"], number["maximum"])] = {
        (column.lowest, column.highest) for column in predictor.signature.inputs
    }
    return description


@pytest.mark.slow
def test_the_service_keeps_the_contract_that_is_described(
    artifact: Path, predictor: Predictor, tmp_path: Path
) -> None:
    (tmp_path / "openapi.yaml").write_text(yaml.safe_dump(described(predictor)))
    digest = hashlib.sha256(KEY.encode()).hexdigest()
    with serve(artifact, SERVICE_API_KEYS=digest, SERVICE_LOG_LEVEL="error") as server:
        found = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli"),
                *("--config-file", ROOT / "tests" / "schemathesis.toml"),
                *("run", "openapi.yaml", "--url", f"http://127.0.0.1:{server.port}"),
                *("--header", f"Authorization: Bearer {KEY}", "--no-color"),
            ],
            cwd=tmp_path,
            env=clean_environment(PYTHONPATH=str(ROOT)),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert found.returncode == 0, found.stdout + found.stderr
        assert "No issues found" in found.stdout
        assert "4 selected / 4 total" in found.stdout
        assert '"error"' not in server.log.read_text()
