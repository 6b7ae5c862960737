"""The commands fit, pack, inspect and diff, called by `slipway/`: each reads its files, does the
work and prints the result."""

import hashlib
import json
import shlex
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, redirect_stdout
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import click

from service.model import artifact, unpickling
from service.model.column_names import matched
from service.model.installation import program
from service.model.limits import Limits
from service.model.locked import LOCK
from service.model.manifest import Manifest
from service.model.own_code import NONE
from training import as_json, summary
from training.errors import MissingFileError, PackError
from training.estimators import code_files

ROOT = Path(__file__).parents[1]  # of Slipway's code
TODAY, SAVED = "today", "saved"  # which scikit-learn may serve a model that another one saved

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
    """Pack a fitted estimator with a sample of its input."""
    from training.estimators.fitted_model import FittedModel  # imports scikit-learn
    from training.estimators.side_effects import refuse_side_effects
    from training.formats import loaded as load
    from training.older.proof import NotComparableError
    from training.pack import PackOptions, Provenance
    from training.pack import pack as packed
    from training.samples import columnar, sample
    from training.samples.origin import described
    from training.signature import kinds

    given = kinds.parsed(options.kind)
    targets = _names(options.target)
    limits = Limits(seconds=options.load_seconds, bytes=options.load_bytes)
    code = code_files.installed(options.code)
    found = load.found(options, limits, code)
    older = found.older
    notes: list[str] = []
    try:
        read = load.brought(options, found, limits, code)
        estimator, older = read.estimator, read.older
        notes += read.notes
        with refuse_side_effects(options.trust):
            model = FittedModel(estimator)
        with _bar("Reading the sample", _size(options.sample)) as advance:
            named = model.feature_names is not None
            if columnar.is_typed(options.sample):
                rows = columnar.read(options.sample)
            else:
                rows = sample.read(
                    options.sample, advance, named, options.separator, options.decimal
                )
            rows = _without(options.ignore, rows)
        with refuse_side_effects(options.trust):
            rows, targets = rows.named(targets, model.columns_of(rows.columns))
            parallel = model.parallel_parts
        with options.sample.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        with _bar("Trying the model", len(rows.columns)) as advance:
            manifest = packed(
                estimator,
                rows,
                targets=targets,
                name=options.name or options.model[-1].name.split(".")[0],
                folder=options.out,
                provenance=Provenance(
                    data=described(options.sample, digest, rows.rows, options.held_out),
                    example_rows=_example(options),
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
        is_asked = older is not None and not isinstance(error, NotComparableError)
        if older is not None and is_asked and not options.lock and options.versions != TODAY:
            from training.older import saved

            with redirect_stdout(sys.stderr) if options.json else nullcontext():
                saved.pack(options, older, error)
            if options.json:
                _print_json(as_json.packed(artifact.read_manifest(options.out), options.out))
            return
        files = ", ".join(map(str, options.model))
        raise PackError(f"{files}: {str(error).removeprefix(f'{files}: ')}") from error
    notes += summary.warnings(rows, manifest, parallel)
    doubts = [*summary.doubts(manifest)]
    needed = _needed(manifest, options.out, options.trust)
    if options.json:
        _print_json(as_json.packed(manifest, options.out, notes, doubts, needed))
        return
    _say(manifest, options.out, trained=False, needed=needed, served=options.served)
    for note in notes:
        print(f"note: {note}")
    for name, value in needed.items():
        print(f"to serve it{' elsewhere' if options.served else ''}, set {name}={value}")
    for doubt in doubts:
        print(f"slipway: warning: {doubt}", file=sys.stderr)


def _needed(manifest: Manifest, folder: Path, trusted: Sequence[str]) -> dict[str, str]:
    """The settings without which the service refuses an artifact."""
    if manifest.engine == artifact.ONNX:
        return {}
    needed = {}
    content = (folder / artifact.MODEL).read_bytes()
    if trusted and unpickling.inspect(content).untrusted:
        needed["SERVICE_TRUSTED_MODULES"] = ",".join(trusted)
    if manifest.code:
        needed["SERVICE_TRUSTED_CODE"] = manifest.code["digest"]
    return needed


def _example(options: Namespace) -> "Sample | None":
    """The rows of --example."""
    from training.samples import columnar, sample

    path = options.example
    if path is None:
        return None
    if columnar.is_typed(path):
        return columnar.read(path)
    return sample.read(path, named=True, separator=options.separator, decimal=options.decimal)


def _print_json(value: object) -> None:
    print(json.dumps(value, indent=2, ensure_ascii=False))


def _names(listed: str) -> list[str]:
    return [name for name in listed.split(",") if name.strip()]


def _without(ignored: str, rows: "Sample") -> "Sample":
    """The sample without the columns that --ignore names."""
    names = matched(_names(ignored), list(rows.columns))
    for name in names:
        if name not in rows.columns:
            raise PackError(f"the sample has no column {name}, which --ignore names")
    return rows.only([name for name in rows.columns if name not in names])


def inspect(options: Namespace) -> None:
    """Print the names that a model file uses, or inputs and outputs of a packed model."""
    from training.formats import loaded, mlflow_model, model_file, skops_model

    path: Path = options.file
    code, manifest = NONE, None
    if path.is_dir() and not (path / mlflow_model.ABOUT).is_file():
        manifest = artifact.read_manifest(path)
        if not options.json:
            needed = _needed(manifest, path, options.trust)
            _say(manifest, path, trained=False, needed=needed)
        code = code_files.of_artifact(path, manifest)
        path = path / artifact.MODEL
    loaded.check_trusted(options.trust)
    limits = Limits()
    files = model_file.read(path, limits)
    found = [
        skops_model.inspect(one.content, options.trust)
        if one.skops
        else model_file.inspect(one, options.trust, limits, code)
        for one in files
    ]
    release = loaded.one_release(files, found)
    is_older = release not in (None, version("scikit-learn"))
    if release is not None and is_older and not files[0].skops:
        found = [loaded.inspected(one, release, options.trust, limits) for one in files]
    untrusted = [error for one in found for error in one.untrusted]
    refused = {error.name for error in untrusted}
    names = {name: name not in refused for name in sorted(set().union(*(o.names for o in found)))}
    not_allowed = [str(error) for error in untrusted if not error.name]
    if options.json:
        _print_json(
            as_json.inspected(path, names, not_allowed, release, found[0].holds or None, manifest)
        )
    else:
        print(f"{path} would use:")
        for name, trusted in names.items():
            print(f"  {'    ' if trusted else 'NOT '}trusted  {name}")
        for error in not_allowed:
            print(f"  NOT allowed  {error}")
        if is_older:
            print(f"saved by scikit-learn {release}, here is {version('scikit-learn')}")
    if untrusted:
        raise PackError(f"{path}: {len(untrusted)} of them are not trusted: {untrusted[0]}")
    if found[0].holds:
        raise PackError(
            f"{path}: holds a {found[0].holds}, which is no scikit-learn estimator: "
            "dump a fitted model"
        )


def diff(options: Namespace) -> int:
    """Print the changes between two artifacts; 1 if they break clients."""
    from training.diff import compare as differing  # imports the engines

    return differing.run(options)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise MissingFileError.of(path, error) from error


def _say(
    manifest: Manifest,
    folder: Path,
    trained: bool,
    needed: Mapping[str, str] | None = None,
    served: bool = False,
) -> None:
    """Describe an artifact. `needed` are settings to serve it, which happens next if `served`."""
    rows = manifest.data["rows"]
    how = f"trained on {rows} readings" if trained else f"packed with a sample of {rows} rows"
    print(f"{manifest.name} {manifest.version}, {how}, in {folder}\n")
    print(summary.inputs_and_outputs(manifest.signature))
    print(f"\n  engine  {summary.engine(manifest)}\n")
    for line in summary.measured(manifest):
        print(f"  {line}\n")
    if artifact.REPORT in manifest.files:
        print(f"report:    {folder / artifact.REPORT}")
    if served:
        print()
        return
    command = program()
    if LOCK in manifest.files:  # and so this is the Python that has it, without Slipway
        command = f"PYTHONPATH={shlex.quote(str(ROOT))} {sys.executable} -m slipway"
    before = "".join(f"{name}={shlex.quote(value)} " for name, value in (needed or {}).items())
    quoted = shlex.quote(str(folder))
    print(f"serve it:  {before}{command} serve {quoted}")
    print(f"try it:    {command} example {quoted}\n")


@contextmanager
def _bar(label: str, length: int) -> Iterator[Callable[[int], None]]:
    """A progress bar on a terminal; a function that advances it."""
    hidden = not sys.stderr.isatty()
    with click.progressbar(length=length, label=label, file=sys.stderr, hidden=hidden) as bar:
        yield bar.update
