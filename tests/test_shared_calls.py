"""A real gunicorn and a model that is slow per call: many clients are answered by few calls."""

import json
from pathlib import Path

import joblib
import pytest

from tests.support import slow_estimator
from tests.support.load import drive, post
from tests.support.serving import serve
from training.__main__ import main


def burner(folder: Path) -> Path:
    """An artifact of a model that takes 20 ms for each call, however many rows it has."""
    joblib.dump(slow_estimator.SlowEstimator().fit([[0.0, 0.0]], [0.0]), folder / "model.joblib")
    (folder / "rows.csv").write_text("a,b\n1.5,2\n3,4\n")
    pack = ["pack", str(folder / "model.joblib"), "--sample", str(folder / "rows.csv")]
    out = ["--trust", slow_estimator.__name__, "--out", str(folder / "artifact")]
    assert main([*pack, *out]) == 0
    return folder / "artifact"


@pytest.mark.slow
def test_sixteen_clients_of_a_model_that_is_slow_per_call_take_few_calls(tmp_path: Path) -> None:
    artifact, requests = burner(tmp_path), 96
    alone = {"SERVICE_TRUSTED_MODULES": slow_estimator.__name__, "SERVICE_QUEUE_SECONDS": "10"}
    with serve(artifact, **alone) as running:
        calls = running.log.read_text().count(slow_estimator.CALLED)
        drive(("127.0.0.1", running.port), post(json.dumps({"a": 1, "b": 2})), requests)
        assert running.metrics()["slipway_rows_total"] == requests
        calls = running.log.read_text().count(slow_estimator.CALLED) - calls
    assert requests / 16 <= calls <= requests / 4
