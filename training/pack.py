"""From a fitted estimator to an artifact: describe it, write it, load it back, compare, publish."""

import hashlib
import io
import json
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any

import joblib
import numpy as np
from numpy.typing import NDArray

from service.model import artifact, publish
from service.model.artifact import ArtifactError
from service.model.engines import ScikitLearn
from service.model.manifest import Golden, Manifest
from service.model.predictor import Predictor
from service.model.signature import Input, Output, Signature

GOLDEN_ROWS = 8  # taken evenly from the sample, after the caller's own examples
TIMED_ROWS = (1, 1000)

Array = NDArray[np.float64]


def pack(
    estimator: Any,
    sample: Array,
    *,
    names: Sequence[str],
    target: str,
    name: str,
    metrics: Mapping[str, Any],
    data: Mapping[str, Any],
    folder: Path,
    examples: Array | None = None,
) -> Manifest:
    """Publish a fitted classifier at `folder` and return its manifest.

    `sample` has shape (rows, len(names)) and gives ranges and golden rows; `examples`, of the same
    width, come first among the golden rows. ArtifactError if `folder` is in use for something else,
    or if the model does not predict the same once it is loaded back; nothing is published then.
    """
    publish.refuse_to_replace(folder.resolve())
    signature = describe(estimator, sample, names, target)
    content = _pickled(estimator)
    files = {artifact.MODEL: artifact.file_entry(content)}
    rows = np.linspace(0, len(sample) - 1, GOLDEN_ROWS).astype(int)
    golden_rows = np.vstack([sample[:0] if examples is None else examples, sample[rows]])
    manifest = Manifest(
        name=name,
        version=_version(signature, files),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        engine="scikit-learn",
        files=files,
        versions=artifact.library_versions(),
        signature=signature,
        metrics=metrics,
        data=data,
        seconds=_seconds(estimator, sample),
        golden=Golden(inputs={}, outputs={}),
    )
    columns = dict(zip(names, golden_rows.T, strict=True))
    outputs = Predictor(manifest, ScikitLearn(estimator)).predict(
        columns, signature.outputs[0].probabilities
    )
    golden = Golden(inputs={key: value.tolist() for key, value in columns.items()}, outputs=outputs)
    manifest = replace(manifest, golden=golden)
    publish.publish(
        folder,
        manifest,
        {artifact.MODEL: content},
        check=lambda staged: _compare(Predictor.load(staged), estimator, sample),
    )
    return manifest


def describe(estimator: Any, sample: Array, names: Sequence[str], target: str) -> Signature:
    """The signature of a fitted classifier that takes an array; see `pack` for the shapes."""
    limit = largest_magnitude(estimator, sample)
    inputs = tuple(
        Input(
            name=name,
            kind="number",
            dtype=sample.dtype.name,
            minimum=float(column.min()),
            maximum=float(column.max()),
            limit=limit,
        )
        for name, column in zip(names, sample.T, strict=True)
    )
    output = Output(
        name=target,
        kind="number",
        labels=tuple(estimator.classes_.tolist()),
        probabilities=hasattr(estimator, "predict_proba"),
    )
    return Signature(inputs=inputs, outputs=(output,))


def largest_magnitude(estimator: Any, sample: Array) -> float:
    """The largest power of ten that all inputs may reach at once, with any signs.

    Found by trying: some models overflow inside long before their type does, and a request must
    not be able to make them fail. Never below what the sample itself holds.
    """
    width = sample.shape[1]
    if width <= 4:
        corners = np.array(list(product((-1.0, 0.0, 1.0), repeat=width)))
    else:
        signs = np.random.default_rng(0).choice((-1.0, 1.0), (256, width))
        corners = np.vstack([signs, np.eye(width), -np.eye(width)])
    works, fails = 0, 309  # powers of ten; a float64 ends at 1.8e308
    while fails - works > 1:
        middle = (works + fails) // 2
        if _predicts(estimator, corners * float(f"1e{middle}")):
            works = middle
        else:
            fails = middle
    return max(float(f"1e{works}"), float(np.abs(sample).max()))


def _predicts(estimator: Any, rows: Array) -> bool:
    with np.errstate(all="raise", under="ignore"), warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            estimator.predict(rows)
            if hasattr(estimator, "predict_proba"):
                return bool(np.isfinite(estimator.predict_proba(rows)).all())
        except (ArithmeticError, ValueError, Warning):
            return False
    return True


def _pickled(estimator: Any) -> bytes:
    buffer = io.BytesIO()
    joblib.dump(estimator, buffer)
    return buffer.getvalue()


def _version(signature: Signature, files: Mapping[str, Any]) -> str:
    """A name for the content: the same model and contract, the same version."""
    described = {
        "signature": asdict(signature),
        "files": {name: entry.sha256 for name, entry in files.items()},
    }
    return hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()[:12]


def _seconds(estimator: Any, sample: Array) -> dict[str, float]:
    """Median time of one `predict` call by number of rows."""
    timed = {}
    for rows in TIMED_ROWS:
        batch = np.resize(sample, (rows, sample.shape[1]))
        estimator.predict(batch)  # the first call also pays for imports
        durations = []
        for _ in range(9):
            start = time.perf_counter()
            estimator.predict(batch)
            durations.append(time.perf_counter() - start)
        timed[str(rows)] = round(median(durations), 6)
    return timed


def _compare(served: Predictor, estimator: Any, sample: Array) -> None:
    output = served.signature.outputs[0]
    columns = dict(zip(served.signature.names, sample.T, strict=True))
    answer = served.predict(columns, output.probabilities)
    same = answer[output.name] == estimator.predict(sample).tolist()
    if output.probabilities:
        same = same and answer["probabilities"] == estimator.predict_proba(sample).tolist()
    if not same:
        raise ArtifactError("the model predicts differently once packed; nothing was published")
