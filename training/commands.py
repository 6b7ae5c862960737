"""The work of the commands in `training.cli`: each reads, does its work and says what it did."""

import hashlib
import shutil
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
from service.model.column_names import matched
from service.model.errors import one_line
from service.model.limits import Limits
from service.model.locked import LOCK
from service.model.manifest import Manifest
from service.model.own_code import NONE, OwnCode
from service.model.pickled_names import Inspection
from service.model.trial import TrialError
from service.model.trust import UntrustedError
from training import summary
from training.errors import MissingFileError, PackError
from training.estimators import code_files

TODAY, SAVED = "today", "saved"  # which scikit-learn may serve a model that another one saved

if TYPE_CHECKING:
    from training.estimators.code_files import Code
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
    from training.estimators.fitted_model import FittedModel  # imports scikit-learn
    from training.estimators.side_effects import trying
    from training.pack import PackOptions, Provenance
    from training.pack import pack as packed
    from training.samples import columnar, sample
    from training.samples.origin import described
    from training.signature import kinds

    given = kinds.parsed(options.kind)
    notes: list[str] = []
    targets = _names(options.target)
    limits = Limits(seconds=options.load_seconds, bytes=options.load_bytes)
    code = code_files.installed(options.code)
    older = asked(options, limits, code)
    try:
        estimator = brought(options, older, limits, code)
        with trying(options.trust):
            model = FittedModel(estimator)
        with _bar("Reading the sample", _size(options.sample)) as advance:
            named = model.feature_names is not None
            if columnar.is_typed(options.sample):
                rows = columnar.read(options.sample)
            else:
                rows = sample.read(options.sample, advance, named)
            rows = _without(options.ignore, rows)
        with trying(options.trust):
            rows, targets = rows.named(targets, model.feature_names)
            pools = model.pools
        with options.sample.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        with _bar("Trying the model", len(rows.columns)) as advance:
            manifest = packed(
                estimator,
                rows,
                targets=targets,
                name=options.name or options.model.name.split(".")[0],
                folder=options.out,
                provenance=Provenance(
                    data=described(options.sample, digest, rows.rows),
                    older=older,
                    lock=options.lock.read_bytes() if options.lock else b"",
                    code=code.sources,
                ),
                options=PackOptions(
                    engine=options.engine,
                    trusted=options.trust,
                    kinds=given,
                    report=options.report,
                    limits=limits,
                ),
                advance=lambda name: advance(1),
                note=notes.append,
            )
    except PackError as error:
        if older is not None and not options.lock and options.versions != TODAY:
            from training.older import saved

            saved.pack(options, older, error)
            return
        told = str(error).removeprefix(f"{options.model}: ")
        raise PackError(f"{options.model}: {told}") from error
    _say(manifest, options.out, trained=False)
    for warning in (*notes, *summary.warnings(rows, manifest, pools)):
        print(f"note: {warning}")
    if options.trust and manifest.engine != artifact.ONNX:
        print(f"to serve it, set SERVICE_TRUSTED_MODULES={','.join(options.trust)}")
    if manifest.code and manifest.engine != artifact.ONNX:
        print(f"to serve it, set SERVICE_TRUSTED_CODE={manifest.code['digest']}")
    for doubt in summary.doubts(manifest):
        print(f"slipway: warning: {doubt}", file=sys.stderr)


def _names(listed: str) -> list[str]:
    return [name for name in listed.split(",") if name.strip()]


def _without(ignored: str, rows: "Sample") -> "Sample":
    """The sample without the columns that --ignore names."""
    names = matched(_names(ignored), list(rows.columns))
    for name in names:
        if name not in rows.columns:
            raise PackError(f"the sample has no column {name}, which --ignore names")
    return rows.only([name for name in rows.columns if name not in names])


def asked(options: Namespace, limits: Limits, code: "Code") -> Any:
    """The environment that says what is right: of the scikit-learn that saved the model, if that is
    another one, or of --env. None if there is none.

    PackError if its names are not trusted, or if there is no such environment.
    """
    path, trusted = options.model, options.trust
    _check_trusted(trusted)
    content = _content(path)
    found = _inspected(path, content, trusted, limits, code.names)
    from training.older import environment
    from training.older.proof import Older

    if options.lock:  # this is the scikit-learn that saved it
        there = environment.existing(options.env, version("scikit-learn"))
        return Older(path, there, trusted, code=code)
    from training.older import loading  # which also knows names that are no more

    with suppress(Exception):  # what is wrong with the file, `load` says
        found.versions |= trial.read(
            lambda: loading.inspect(content, "1.0", trusted, code.names), limits=limits
        ).versions
    if not found.versions and options.env:
        there = environment.existing(options.env)
        return Older(path, there, trusted, frozenset(found.names), code)
    others = sorted(found.versions - {version("scikit-learn")})
    if len(others) != 1:  # with several, no one environment says what is right
        return None
    try:
        refused = trial.read(
            lambda: loading.inspect(content, others[0], trusted, code.names), limits=limits
        ).untrusted
        if refused:
            raise PackError(code_files.refusal(refused[0]))
        if options.env:
            there = environment.existing(options.env, others[0])
        else:
            there = environment.ready(others[0], any("numpy._core" in one for one in found.names))
    except (PackError, TrialError) as error:
        raise PackError(f"{path}: {error}") from error
    return Older(path, there, tuple(trusted), frozenset(found.names), code)


def brought(options: Namespace, older: Any, limits: Limits, code: "Code") -> Any:
    """The estimator, brought into the scikit-learn that is here if another one saved it."""
    path, trusted = options.model, options.trust
    saved_by = older.environment.version if older else version("scikit-learn")
    if saved_by == version("scikit-learn"):
        return load(path, trusted, limits, code.names, proved=older is not None)
    from training.older import loading

    if options.versions == SAVED:
        raise PackError(f"was saved by scikit-learn {saved_by}")
    content = _content(path)
    engines.prepare(artifact.SCIKIT_LEARN)
    try:
        return trial.read(
            lambda: loading.load(content, saved_by, trusted, code.names),
            trusted=trusted,
            limits=limits,
        )
    except TrialError as error:
        raise PackError(str(error)) from error
    except Exception as error:
        raise PackError(
            f"was saved by scikit-learn {saved_by}, and cannot be brought into "
            f"{version('scikit-learn')} ({one_line(error)})"
        ) from error


def load(
    path: Path,
    trusted: list[str],
    limits: Limits | None = None,
    code: OwnCode = NONE,
    proved: bool = False,
) -> Any:
    """The estimator in a file that this scikit-learn saved, if all its names are trusted.

    Unless its answers will be `proved`, a file that names no release may hold no estimator whose
    form depends on it.
    """
    _check_trusted(trusted)
    from sklearn import exceptions

    from training.older import unversioned

    another = getattr(exceptions, "InconsistentVersionWarning", UserWarning)  # since 1.3
    content = _content(path)
    found = _inspected(path, content, trusted, limits, code)
    _check_version(path, found)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", another)
            engines.prepare(artifact.SCIKIT_LEARN)
            estimator = trial.read(
                lambda: unpickling.load(content, trusted, code),
                trusted=trusted,
                limits=limits or Limits(),
            )
        if not found.versions and not proved:
            unversioned.check(estimator)
        return estimator
    except UntrustedError as error:
        raise PackError(f"{path}: {code_files.refusal(error)}") from error
    except (PackError, TrialError) as error:
        raise PackError(f"{path}: {error}") from error
    except ModuleNotFoundError as error:
        raise PackError(
            f"{path}: needs {error.name}, which is not installed here; "
            "install it, in the version that fitted the model"
        ) from error
    except Exception as error:
        raise PackError(f"{path}: cannot be loaded here ({one_line(error)})") from error


def _check_trusted(names: list[str]) -> None:
    """PackError if one of these names cannot be trusted at all."""
    for name in names:
        why = trust.problem(name)
        if why is not None:
            raise PackError(f"--trust {why}")


def _inspected(
    path: Path,
    content: bytes,
    trusted: list[str],
    limits: Limits | None = None,
    code: OwnCode = NONE,
) -> Inspection:
    why = filetypes.no_pickle(content)
    if why is not None:
        raise PackError(f"{path}: {why}")
    try:
        return trial.read(
            lambda: unpickling.inspect(content, trusted, code), limits=limits or Limits()
        )
    except TrialError as error:
        raise PackError(f"{path}: {error}") from error
    except Exception as error:
        why = filetypes.broken(content, error)
        if why is None:
            why = f"is no model that joblib.dump wrote ({one_line(error)})"
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


def inspect(options: Namespace) -> None:
    """Say what a model file would import and, once it is packed, what it takes and gives."""
    path: Path = options.file
    code = NONE
    if path.is_dir():
        manifest = artifact.read_manifest(path)
        _say(manifest, path, trained=False)
        code = code_files.of_artifact(path, manifest)
        path = path / artifact.MODEL
    _check_trusted(options.trust)
    found = _inspected(path, _content(path), options.trust, code=code)
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
    own = LOCK in manifest.files  # and so this is the Python that has it
    print(f"serve it:  {f'{sys.executable} -m slipway' if own else program()} serve {folder}")
    print(f"try it:    {program()} example {folder}\n")


def program() -> str:
    """The slipway command as one can type it here."""
    given = sys.argv[0]
    if Path(given).name != "slipway":
        return f"{sys.executable} -m slipway"
    return "slipway" if shutil.which("slipway") == given else given


@contextmanager
def _bar(label: str, length: int) -> Iterator[Callable[[int], None]]:
    """A progress bar on a terminal; a function that advances it."""
    hidden = not sys.stderr.isatty()
    with click.progressbar(length=length, label=label, file=sys.stderr, hidden=hidden) as bar:
        yield bar.update
