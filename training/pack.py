"""Packs a fitted estimator: infers the signature, writes the artifact, loads it, compares,
publishes."""

import json
import logging
import sys
import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from service.model import (
    artifact,
    artifact_writer,
    companions,
    kernels,
    own_code,
    probe_rows,
    unpickling,
)
from service.model.artifact import ArtifactError
from service.model.boundary_rows import beside_boundaries
from service.model.companions import installed_version
from service.model.engines import Column, Engine
from service.model.errors import one_line
from service.model.installation import install_extra
from service.model.limits import Limits
from service.model.locked import LOCK
from service.model.manifest import ROWS_INDEPENDENT, TIMED_ROWS, Golden, Manifest
from service.model.predictor import NotFiniteError, Predictor, UnpredictableError, as_column
from service.model.row_independence import are_rows_independent
from service.model.signature import Signature
from service.model.version import content_version
from training import examples, profile, sample_metrics
from training.engine import selection, truth
from training.errors import PackError, reraise_own
from training.estimators.fitted_model import FittedModel
from training.estimators.side_effects import refuse_side_effects
from training.older.lock import REPORT_PACKAGES
from training.older.proof import OlderModel
from training.pickling import dumped
from training.samples import pandas_rows
from training.samples.sample import Sample
from training.signature.infer import infer_contract

# By engine: how a model that another scikit-learn saved is served. The third way is a lock.
ROUTES = {artifact.ONNX: "onnx", artifact.SCIKIT_LEARN: "migration"}
DRAWN_ROWS = 500
WIDE_COLUMNS = 1000  # of more columns, whether rows are independent is tested for a time
WIDE_SECONDS = 5.0  # for each of three sets of rows
INSTALL = install_extra("pack", "matplotlib", "jinja2")  # for the report
GOLDEN_ROWS = 8  # evenly from the sample, after the caller's own examples


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """The origin of a model and its rows, as far as the caller knows it.

    `data` describes the rows, in the form of `Manifest.data`. `metrics` are those for the manifest;
    if empty, they are measured on the sample. `held_out` are columns of rows that the model has not
    seen, with its targets, for the report; without them the report evaluates the sample. `examples`
    are columns of rows that come first among the golden rows, and that the service shows;
    `example_rows` are such rows as a file has them. `older` is the environment of the other
    scikit-learn that saved the estimator; predictions must be the same there. `lock` is the lock of
    the installed libraries, if the artifact has to bring it. `code` are files of modules that the
    model needs and that are already imported (`own_code.py`).
    """

    data: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    held_out: Mapping[str, Sequence[Any]] | None = None
    examples: Mapping[str, list[Any]] = field(default_factory=dict)
    example_rows: Sample | None = None
    older: OlderModel | None = None
    lock: bytes = b""
    code: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PackOptions:
    """How to pack.

    `engine` is auto, onnx or sklearn. `trusted` are names that the model may import besides those
    of the allow-list. `kinds` are the kinds of columns that the user has chosen (`kinds.KINDS`).
    `report` is whether to write the report on the model's performance, if there are targets.
    `limits` are those of loading the artifact.
    """

    engine: str = "auto"
    trusted: Collection[str] = ()
    kinds: Mapping[str, str] = field(default_factory=dict)
    report: bool = True
    limits: Limits = field(default_factory=Limits)


def pack(
    estimator: Any,
    sample: Sample,
    *,
    targets: Sequence[str],
    name: str,
    folder: Path,
    provenance: Provenance | None = None,
    options: PackOptions | None = None,
    advance: Callable[[str], object] = lambda name: None,
    note: Callable[[str], object] = lambda text: None,
) -> Manifest:
    """Publish a fitted estimator at `folder` and return its manifest.

    The sample's columns without `targets` are the inputs of the estimator. `advance` is called with
    the name of each input that was tried on the model, and `note` with each note for the user.

    PackError if the estimator cannot be packed with this sample or engine; ArtifactError if
    `folder` is in use for something else, or if the model does not predict the same once it is
    loaded back. Nothing is published then. A report that fails is left out, with a line on stderr.
    """
    origin, how = provenance or Provenance(), options or PackOptions()
    trusted, older = how.trusted, origin.older
    artifact_writer.refuse_to_replace(folder.resolve())
    selection.prepare()
    pandas_rows.prepare()
    with refuse_side_effects(trusted):
        given = FittedModel(estimator).with_one_job()  # a worker uses one core
        model = given.without_samplers()
        sample, targets = sample.named(targets, model.columns_of(sample.columns))
        content = dumped(model.estimator)  # before a prediction: some estimators store addresses
        described = infer_contract(model, sample, targets, how.kinds, advance)
        signature, sample = described.signature, described.sample
        sample = sample_metrics.with_labels(model, signature, sample, targets)
        columns = {
            column.name: as_column(sample.columns[column.name].values, column.dtype)
            for column in signature.inputs
        }
    shown = dict(origin.examples)
    if origin.example_rows is not None:
        shown = examples.given(origin.example_rows, signature)
    if older is not None:
        signature = older.narrowed(signature, columns)
    of_machine = kernels.kernels()  # it reads /proc, which a model may not
    with refuse_side_effects(trusted):
        chosen = selection.select_engine(model, signature, columns, how.engine)
        signature = chosen.signature
        truth.check(given, signature, sample, chosen.engine, columns, chosen.tolerance)
        contents = {artifact.MODEL: content, **chosen.files, **origin.code}
        if origin.lock:
            contents[LOCK] = origin.lock
        files = {file: artifact.file_entry(one) for file, one in contents.items()}
        manifest = Manifest(
            name=name,
            version="",  # computed below, when all else is known
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            engine=chosen.name,
            files=files,
            versions={},
            signature=signature,
            metrics=origin.metrics
            or sample_metrics.of_sample(model, signature, sample, columns, targets),
            data=origin.data,
            seconds={
                rows: selection.median_seconds(chosen.engine, list(columns.values()), int(rows))
                for rows in TIMED_ROWS
            },
            engines={
                **chosen.report,
                ROWS_INDEPENDENT: _are_rows_independent(chosen.engine, signature, columns),
                "machine": kernels.machine(),
                "kernels": of_machine,
            },
            golden=Golden(inputs={}, outputs={}),
            known=described.known,
        )
        manifest = replace(
            manifest, golden=_golden(Predictor(manifest, chosen.engine), sample, shown)
        )
        shown = shown or examples.made(
            manifest,
            Predictor(manifest, chosen.engine),
            {one.name: sample.columns[one.name].values for one in signature.inputs},
        )
        answer = _predicted(Predictor(manifest, chosen.engine), columns)
        found = profile.made(signature, described.known, columns, answer)
        manifest = replace(manifest, example=shown, profile=found)
    if origin.code:
        modules = own_code.modules(origin.code)
        manifest = replace(
            manifest, code={"digest": artifact.code_digest(manifest), "modules": modules}
        )
    if older is not None:
        signature, proved = older.prove(model, signature, columns, chosen.engine)
        manifest = replace(manifest, signature=signature)
        engines = {**manifest.engines, "older": {**proved, "route": ROUTES[chosen.name]}}
        if older.environment.version == installed_version("scikit-learn"):
            engines["older"]["route"] = "same release"
        if origin.lock:
            engines["older"]["route"] = "lock"
            engines["why"] = f"{older.environment.version}, which saved it, by its own lock"
        manifest = replace(manifest, engines=engines)
    versions = artifact.library_versions(_more_libraries(signature, content, chosen.name))
    manifest = replace(manifest, versions=versions)
    manifest = replace(manifest, version=content_version(manifest))
    page = None
    if how.report and targets:
        page = _report(model, manifest, sample, origin.held_out, trusted)
    if page is not None:
        contents[artifact.REPORT] = page
        manifest = replace(manifest, files={**files, artifact.REPORT: artifact.file_entry(page)})
    artifact_writer.publish(
        folder,
        manifest,
        contents,
        check=lambda staged: _compare(
            Predictor.load(
                staged,
                trusted,
                limits=how.limits,
                trusted_code=(artifact.code_digest(manifest),),
            ),
            chosen.engine,
            columns,
        ),
    )
    for text in described.notes:
        note(text)
    return manifest


def _report(*given: Any) -> bytes | None:
    """The report; None, and a line on stderr, if it fails. The model is then packed without it."""
    # matplotlib warns if it cannot write its cache.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    folder = str(Path(sys.prefix) / REPORT_PACKAGES)
    sys.path.append(folder)  # after all others
    try:
        from training.report.write import render  # imports matplotlib, which takes long

        return render(*given)
    except Exception as error:  # of the model's code or of libraries
        reraise_own(error)
        reason = f"it failed ({one_line(error)})"
        if isinstance(error, ModuleNotFoundError):
            reason = f"{error.name} is not installed: {INSTALL}"
        print(f"note: the artifact has no report, for {reason}", file=sys.stderr)
        return None
    finally:
        sys.path.remove(folder)


def _are_rows_independent(
    engine: Engine, signature: Signature, columns: Mapping[str, Column]
) -> bool:
    """Test rows of the sample, rows around them, and rows beside a boundary of labels."""
    given, confident = list(columns.values()), signature.confidence is not None
    drawn = probe_rows.generate(signature, columns, {}, rows=DRAWN_ROWS)
    others = [list(drawn.values()), beside_boundaries(engine, given)]
    seconds = WIDE_SECONDS if len(given) > WIDE_COLUMNS else float("inf")
    return are_rows_independent(engine, given, confident, seconds) and all(
        are_rows_independent(engine, one, False, seconds) for one in others if one
    )


def _golden(predictor: Predictor, sample: Sample, examples: Mapping[str, list[Any]]) -> Golden:
    """Rows of the sample with the model's predictions."""
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
    """The complete answer; PackError if the model cannot predict rows of its own sample."""
    try:
        return predictor.predict(columns, predictor.signature.confidence is not None)
    except (NotFiniteError, UnpredictableError) as error:
        raise PackError(f"the model cannot predict rows of the sample ({error})") from error


def _more_libraries(signature: Signature, content: bytes, engine: str) -> list[str]:
    """The libraries, besides scikit-learn and its requirements, that serving this model needs."""
    modules = {name.split(".")[0] for name in unpickling.inspect(content).names}
    fitted = [name for name in companions.PACKAGES if name in modules]
    if engine == artifact.ONNX:  # only onnxruntime is needed; the others are recorded
        return ["onnx", "onnxruntime", "skl2onnx", *fitted]
    return [
        *(["pandas"] if signature.container == "frame" or "pandas" in modules else []),
        *fitted,
    ]


def _compare(served: Predictor, engine: Engine, columns: Mapping[str, Column]) -> None:
    """Raise ArtifactError unless the packed model predicts the sample like the estimator."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fresh = _predicted(Predictor(served.manifest, engine), columns)
        same = _predicted(served, columns) == fresh
    if not same:
        raise ArtifactError("the model predicts differently once packed; nothing was published")
