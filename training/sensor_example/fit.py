"""The sensor model from readings to artifact: read, split, fit, evaluate, gate, pack."""

import subprocess
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.model_selection import train_test_split

from service.model.manifest import Manifest
from training.pack import pack
from training.samples import sample
from training.sensor_example import data, evaluate, pipeline

HELD_OUT = 0.25


def fit(path: Path, folder: Path, engine: str = "auto", report: bool = True) -> Manifest:
    """Train on the CSV at `path` and publish at `folder`; DataError, GateError or ArtifactError.

    The model that is published is the one that was evaluated: it has not seen the held-out quarter.
    """
    readings = data.read(path)
    train, test, train_target, test_target = train_test_split(
        readings.inputs,
        readings.target,
        test_size=HELD_OUT,
        stratify=readings.target,
        random_state=0,
    )
    model = pipeline.build().fit(train, train_target)
    metrics = {
        "held_out": evaluate.held_out(model, test, test_target),
        "cross_validation": evaluate.cross_validated(model, train, train_target),
    }
    evaluate.gate(model, metrics)
    rows = sample.read(path)
    example = np.array(pipeline.EXAMPLE_INPUTS).T.tolist()
    return pack(
        model,
        rows.only([*data.INPUTS, data.TARGET]),
        targets=[data.TARGET],
        name=pipeline.NAME,
        metrics=metrics,
        data=provenance(path, readings.sha256, len(readings.target)),
        folder=folder,
        engine=engine,
        examples=dict(zip(data.INPUTS, example, strict=True)),
        held_out={**dict(zip(data.INPUTS, test.T, strict=True)), data.TARGET: test_target.tolist()},
        report=report,
    )


def provenance(path: Path, sha256: str, rows: int) -> dict[str, Any]:
    """Where rows came from, as the manifest tells it."""
    return {"file": path.name, "sha256": sha256, "rows": rows, "commit": commit()}


def commit() -> str | None:
    """The commit of this checkout; None outside one, as in the image's build."""
    here = Path(__file__).parent
    try:
        answer = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=here, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return answer.stdout.strip()
