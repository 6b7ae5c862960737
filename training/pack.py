"""From a fitted estimator to an artifact: describe it, write it, load it back, compare, publish."""

import json
import logging
import sys
import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from service.model import artifact, companions, publish, unpickling
from service.model.artifact import ArtifactError
from service.model.engines import Column, Engine
from service.model.limits import Limits
from service.model.manifest import ROWS_APART, TIMED_ROWS, Golden, Manifest
from service.model.predictor import NotFiniteError, Predictor, UnpredictableError, as_column
from service.model.signature import Signature
from service.model.version import content_version
from training import sample_metrics
from training.engine import selection, truth
from training.engine.row_independence import are_apart
from training.errors import PackError
from training.estimators import introspection
from training.estimators.side_effects import trying
from training.older.proof import Older
from training.pickling import dumped
from training.samples import pandas_rows
from training.samples.sample import Sample
from training.signature.infer import contract

GOLDEN_ROWS = 8  # taken evenly from the sample, after the caller's own examples


def pack(
    estimator: Any,
    sample: Sample,
    *,
    targets: Sequence[str],
    name: str,
    data: Mapping[str, Any],
    folder: Path,
    metrics: Mapping[str, Any] | None = None,
    examples: Mapping[str, list[Any]] | None = None,
    trusted: Collection[str] = (),
    engine: str = "auto",
    held_out: Mapping[str, Sequence[Any]] | None = None,
    report: bool = True,
    limits: Limits | None = None,
    older: Older | None = None,
    kinds: Mapping[str, str] | None = None,
    advance: Callable[[str], object] = lambda name: None,
    note: Callable[[str], object] = lambda text: None,
) -> Manifest:
    """Publish a fitted estimator at `folder` and return its manifest.

    The sample's columns, without `targets`, are what the estimator takes; `examples` are columns of
    rows that come first among the golden rows; `trusted` are modules that the model may import from
    besides the usual; `engine` is auto, onnx or sklearn; `kinds` are kinds by column that decide
    (`kinds.KINDS`); `advance` is told each input that was tried on the model, and `note` what is
    worth a look; `limits` are those of loading it back; `older` is the environment that saved the
    estimator, if that was another scikit-learn, and has to give the same answers. With `report`,
    and targets, there is a report on how good the model is for `held_out`, columns of rows that it
    has not seen, or else for the sample.

    PackError if the estimator cannot be packed with this sample or engine; ArtifactError if
    `folder` is in use for something else, or if the model does not predict the same once it is
    loaded back. Nothing is published then. A report that fails is left out, and told on stderr.
    """
    publish.refuse_to_replace(folder.resolve())
    selection.prepare()
    pandas_rows.prepare()
    with trying(trusted):
        sample, targets = sample.named(targets, introspection.feature_names(estimator))
        estimator = introspection.with_one_job(estimator)  # a worker has one core
        content = dumped(estimator)  # before it predicts: some estimators then note addresses
        described = contract(estimator, sample, targets, kinds, advance)
        signature, sample = described.signature, described.sample
        sample = sample_metrics.with_labels(estimator, signature, sample, targets)
        columns = {
            column.name: as_column(sample.columns[column.name].values, column.dtype)
            for column in signature.inputs
        }
    if older is not None:
        signature = older.narrowed(signature, columns)
    with trying(trusted):
        chosen = selection.compiled(estimator, signature, columns, engine)
        truth.check(estimator, signature, sample, chosen.engine, columns, chosen.tolerance)
        contents = {artifact.MODEL: content, **chosen.files}
        files = {file: artifact.file_entry(one) for file, one in contents.items()}
        manifest = Manifest(
            name=name,
            version="",  # of what is complete below
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            engine=chosen.name,
            files=files,
            versions={},
            signature=signature,
            metrics=metrics
            or sample_metrics.of_sample(estimator, signature, sample, columns, targets),
            data=data,
            seconds={
                rows: selection.timed(chosen.engine, list(columns.values()), int(rows))
                for rows in TIMED_ROWS
            },
            engines={
                **chosen.report,
                ROWS_APART: are_apart(chosen.engine, columns, signature.confidence is not None),
            },
            golden=Golden(inputs={}, outputs={}),
        )
        manifest = replace(
            manifest, golden=_golden(Predictor(manifest, chosen.engine), sample, examples or {})
        )
    if older is not None:
        proved = older.check(estimator, signature, columns, chosen.engine)
        manifest = replace(manifest, engines={**manifest.engines, "older": proved})
    versions = artifact.library_versions(_more_libraries(signature, content, chosen.name))
    manifest = replace(manifest, versions=versions)
    manifest = replace(manifest, version=content_version(manifest))
    given = (estimator, manifest, sample, held_out, trusted) if report and targets else None
    page = given and _report(*given)
    if page is not None:
        contents[artifact.REPORT] = page
        manifest = replace(manifest, files={**files, artifact.REPORT: artifact.file_entry(page)})
    publish.publish(
        folder,
        manifest,
        contents,
        check=lambda staged: _compare(
            Predictor.load(staged, trusted, limits=limits or Limits()), chosen.engine, columns
        ),
    )
    for text in described.notes:
        note(text)
    return manifest


def _report(*given: Any) -> bytes | None:
    """The report, or None and a line on stderr: no model is lost for want of a picture."""
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # nobody minds where its caches are
    try:
        from training.report.write import written  # imports matplotlib, which takes its time

        return written(*given)
    except Exception as error:  # of other people's models, and of libraries
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        print(f"note: the artifact has no report, for it failed ({reason})", file=sys.stderr)
        return None


def _golden(predictor: Predictor, sample: Sample, examples: Mapping[str, list[Any]]) -> Golden:
    """Rows of the sample, and what the model says to them."""
    picked = sorted({round(row) for row in np.linspace(0, sample.kept - 1, GOLDEN_ROWS)})
    inputs = {}
    for column in predictor.signature.inputs:
        values = sample.columns[column.name].values
        inputs[column.name] = [*examples.get(column.name, []), *(values[row] for row in picked)]
    columns = {
        column.name: as_column(inputs[column.name], column.dtype)
        for column in predictor.signature.inputs
    }
    outputs = _predicted(predictor, columns)
    try:
        json.dumps(outputs, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise PackError(f"the model predicts what JSON cannot hold ({error})") from error
    return Golden(inputs=inputs, outputs=outputs)


def _predicted(predictor: Predictor, columns: Mapping[str, Column]) -> dict[str, Any]:
    """The whole answer; PackError if the model has none for rows of its own sample."""
    try:
        return predictor.predict(columns, predictor.signature.confidence is not None)
    except (NotFiniteError, UnpredictableError) as error:
        raise PackError(f"the model cannot predict rows of the sample ({error})") from error


def _more_libraries(signature: Signature, content: bytes, engine: str) -> list[str]:
    """What serving this model takes besides scikit-learn and what that takes."""
    modules = {name.split(".")[0] for name in unpickling.inspect(content).names}
    fitted = [name for name in companions.PACKAGES if name in modules]
    if engine == artifact.ONNX:  # for the record, but for onnxruntime
        return ["onnx", "onnxruntime", "skl2onnx", *fitted]
    return [
        *(["pandas"] if signature.container == "frame" or "pandas" in modules else []),
        *fitted,
    ]


def _compare(served: Predictor, engine: Engine, columns: Mapping[str, Column]) -> None:
    """Raise ArtifactError unless what will be served predicts the sample as the estimator does."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fresh = _predicted(Predictor(served.manifest, engine), columns)
        same = _predicted(served, columns) == fresh
    if not same:
        raise ArtifactError("the model predicts differently once packed; nothing was published")
