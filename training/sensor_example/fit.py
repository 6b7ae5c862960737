"""The sensor model from readings to artifact: read, split, fit, evaluate, gate, pack."""

from pathlib import Path

import numpy as np
from sklearn.model_selection import train_test_split

from service.model.manifest import Manifest
from training.pack import PackOptions, Provenance, pack
from training.samples import sample
from training.samples.origin import described
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
        folder=folder,
        provenance=Provenance(
            data=described(path, readings.sha256, len(readings.target)),
            metrics=metrics,
            held_out={
                **dict(zip(data.INPUTS, test.T, strict=True)),
                data.TARGET: test_target.tolist(),
            },
            examples=dict(zip(data.INPUTS, example, strict=True)),
        ),
        options=PackOptions(engine=engine, report=report),
    )
