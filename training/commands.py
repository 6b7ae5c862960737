"""The commands of `python -m training`: each reads, does its work and says what it did."""

import hashlib
import sys
import warnings
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from service.model import artifact, engines, filetypes, trial, trust, unpickling
from service.model.limits import Limits
from service.model.manifest import Manifest
from service.model.names import matched
from service.model.pickled_names import Inspection
from service.model.trial import TrialError
from service.model.trust import UntrustedError
from training import summary
from training.errors import MissingFileError, PackError

if TYPE_CHECKING:
    from training.samples.sample import Sample  # imports NumPy


def fit(options: Namespace) -> None:
    """Train, evaluate and pack the sensor model."""
    from training.sensor_example.fit import fit as fitted  # imports scikit-learn; --help does not

    manifest = fitted(options.data, options.out, options.engine, options.report)
    held_out = manifest.metrics["held_out"]
    folds = manifest.metrics["cross_validation"]
    _say(manifest, options.out, trained=True)
    print(f"balanced accuracy  {held_out['balanced_accuracy']:.3f} on held-out readings")
    print(
        f"                   {folds['balanced_accuracy_mean']:.3f} ± "
        f"{folds['balanced_accuracy_std']:.3f} in {folds['folds']} folds"
    )
    print(
        f"accuracy           {held_out['accuracy']:.3f}; always saying the commoner class: "
        f"{held_out['accuracy_of_the_majority_class']:.3f}"
    )


def pack(options: Namespace) -> None:
    """Pack a fitted estimator with a sample of what it takes."""
    from training.estimators import introspection  # imports scikit-learn
    from training.estimators.side_effects import trying
    from training.pack import pack as packed
    from training.samples import columnar, sample
    from training.sensor_example.fit import provenance
    from training.signature import kinds
    from training.signature.infer import check

    given = kinds.parsed(options.kind)
    notes: list[str] = []
    targets = _names(options.target)
    limits = Limits(seconds=options.load_seconds, bytes=options.load_bytes)
    estimator, older = loaded(options, limits)
    try:
        with trying(options.trust):
            check(estimator)
        with _bar("Reading the sample", _size(options.sample)) as advance:
            named = introspection.feature_names(estimator) is not None
            if columnar.is_typed(options.sample):
                rows = columnar.read(options.sample)
            else:
                rows = sample.read(options.sample, advance, named)
            rows = _without(options.ignore, rows)
        with trying(options.trust):
            rows, targets = rows.named(targets, introspection.feature_names(estimator))
            pools = introspection.pools(estimator)
        with options.sample.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        with _bar("Trying the model", len(rows.columns)) as advance:
            manifest = packed(
                estimator,
                rows,
                targets=targets,
                name=options.name or options.model.name.split(".")[0],
                data=provenance(options.sample, digest, rows.rows),
                folder=options.out,
                trusted=options.trust,
                engine=options.engine,
                report=options.report,
                limits=limits,
                older=older,
                kinds=given,
                advance=lambda name: advance(1),
                note=notes.append,
            )
    except PackError as error:
        raise PackError(f"{options.model}: {error}") from error
    _say(manifest, options.out, trained=False)
    for warning in (*notes, *summary.warnings(rows, manifest, pools)):
        print(f"note: {warning}")
    if options.trust and manifest.engine != artifact.ONNX:
        print(f"to serve it, set SERVICE_TRUSTED_MODULES={','.join(options.trust)}")
    for doubt in summary.doubts(manifest):
        print(f"training: warning: {doubt}", file=sys.stderr)


def _names(listed: str) -> list[str]:
    return [name for name in listed.split(",") if name.strip()]


def _without(ignored: str, rows: "Sample") -> "Sample":
    """The sample without the columns that --ignore names."""
    names = matched(_names(ignored), list(rows.columns))
    for name in names:
        if name not in rows.columns:
            raise PackError(f"the sample has no column {name}, which --ignore names")
    return rows.only([name for name in rows.columns if name not in names])


def loaded(options: Namespace, limits: Limits) -> tuple[Any, Any]:
    """The estimator and, if another scikit-learn saved it, the environment that says what is right.

    PackError if it cannot be loaded, or if its names are not trusted.
    """
    path, trusted = options.model, options.trust
    _check_trusted(trusted)
    content = _content(path)
    found = _inspected(path, content, trusted, limits)
    from training.older import environment, loading  # which also know names that are no more

    with suppress(Exception):  # what is wrong with the file, `load` says
        found.versions |= trial.read(
            lambda: loading.inspect(content, "1.0", trusted), limits=limits
        ).versions
    others = sorted(found.versions - {version("scikit-learn")})
    if len(others) != 1:  # with several, no one environment says what is right
        return load(path, trusted, limits), None
    from training.older.proof import Older

    try:
        refused = trial.read(
            lambda: loading.inspect(content, others[0], trusted), limits=limits
        ).untrusted
        if refused:
            raise PackError(trust.refusal(refused[0], "--trust "))
        if options.env:
            there = environment.existing(options.env, others[0])
        else:
            there = environment.ready(others[0], any("numpy._core" in one for one in found.names))
        engines.prepare(artifact.SCIKIT_LEARN)
        estimator = trial.read(
            lambda: loading.load(content, others[0], trusted), trusted=trusted, limits=limits
        )
    except (PackError, TrialError) as error:
        raise PackError(f"{path}: {error}") from error
    except Exception as error:
        raise PackError(
            f"{path}: was saved by scikit-learn {others[0]}, and cannot be brought into "
            f"{version('scikit-learn')} ({_reason(error)})"
        ) from error
    return estimator, Older(path, there, tuple(trusted))


def load(path: Path, trusted: list[str], limits: Limits | None = None) -> Any:
    """The estimator in a file that this scikit-learn saved, if all its names are trusted."""
    _check_trusted(trusted)
    from sklearn.exceptions import InconsistentVersionWarning

    content = _content(path)
    _check_version(path, _inspected(path, content, trusted, limits))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", InconsistentVersionWarning)
            engines.prepare(artifact.SCIKIT_LEARN)
            return trial.read(
                lambda: unpickling.load(content, trusted),
                trusted=trusted,
                limits=limits or Limits(),
            )
    except UntrustedError as error:
        raise PackError(f"{path}: {trust.refusal(error, '--trust ')}") from error
    except TrialError as error:
        raise PackError(f"{path}: {error}") from error
    except ModuleNotFoundError as error:
        raise PackError(
            f"{path}: needs {error.name}, which is not installed here; "
            "install it, in the version that fitted the model"
        ) from error
    except Exception as error:
        raise PackError(f"{path}: cannot be loaded here ({_reason(error)})") from error


def _check_trusted(names: list[str]) -> None:
    """PackError if one of these names cannot be trusted at all."""
    for name in names:
        why = trust.problem(name)
        if why is not None:
            raise PackError(f"--trust {why}")


def _inspected(
    path: Path, content: bytes, trusted: list[str], limits: Limits | None = None
) -> Inspection:
    why = filetypes.no_pickle(content)
    if why is not None:
        raise PackError(f"{path}: {why}")
    try:
        return trial.read(lambda: unpickling.inspect(content, trusted), limits=limits or Limits())
    except TrialError as error:
        raise PackError(f"{path}: {error}") from error
    except Exception as error:
        why = filetypes.broken(content, error)
        if why is None:
            why = f"is no model that joblib.dump wrote ({_reason(error)})"
        raise PackError(f"{path}: {why}") from error


def _check_version(path: Path, found: Inspection) -> None:
    """PackError if another scikit-learn saved the model: then its names differ, too."""
    here = version("scikit-learn")
    others = sorted(found.versions - {here})
    if others:
        raise PackError(
            f"{path}: was saved by scikit-learn {', '.join(others)}, here is {here}; "
            "fit it again with this one"
        )


def _reason(error: Exception) -> str:
    """An error of somebody else's in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:200].rstrip(": ")


def inspect(options: Namespace) -> None:
    """Say what a model file would import and, once it is packed, what it takes and gives."""
    path: Path = options.file
    if path.is_dir():
        manifest = artifact.read_manifest(path)
        _say(manifest, path, trained=False)
        path = path / artifact.MODEL
    _check_trusted(options.trust)
    found = _inspected(path, _content(path), options.trust)
    refused = {error.name for error in found.untrusted}
    print(f"{path} would use:")
    for name in sorted(found.names):
        print(f"  {'NOT ' if name in refused else '    '}trusted  {name}")
    for error in found.untrusted:
        if not error.name:
            print(f"  NOT allowed  {error}")
    _check_version(path, found)
    if found.untrusted:
        raise PackError(
            f"{path}: {len(found.untrusted)} of them are not trusted: {found.untrusted[0]}"
        )
    if found.holds:
        raise PackError(
            f"{path}: holds a {found.holds}, which is no scikit-learn estimator: "
            "dump a fitted model"
        )


def diff(options: Namespace) -> int:
    """Say what changes when one artifact takes another's place; 1 if that breaks clients."""
    from training.diff import compare as differing  # imports the engines

    return differing.run(options)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise MissingFileError.of(path, error) from error


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise MissingFileError.of(path, error) from error


def _say(manifest: Manifest, folder: Path, trained: bool) -> None:
    rows = manifest.data["rows"]
    how = f"trained on {rows} readings" if trained else f"packed with a sample of {rows} rows"
    print(f"{manifest.name} {manifest.version}, {how}, in {folder}\n")
    print(summary.table(manifest))
    print(f"\n  engine  {summary.engine(manifest)}\n")
    for line in summary.measured(manifest):
        print(f"  {line}\n")
    if artifact.REPORT in manifest.files:
        print(f"report:    {folder / artifact.REPORT}")
    print(f"serve it:  SERVICE_MODEL={folder} make serve")
    print(f"try it:    .venv/bin/python -m service example {folder}\n")


@contextmanager
def _bar(label: str, length: int) -> Iterator[Callable[[int], None]]:
    """A progress bar on a terminal, none elsewhere; told how far it went."""
    hidden = not sys.stderr.isatty()
    with click.progressbar(length=length, label=label, file=sys.stderr, hidden=hidden) as bar:
        yield bar.update
