"""Loads the estimator from the files that a command names, if all its names are trusted."""

import sys
import warnings
from argparse import Namespace
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sklearn import exceptions

from service.model import artifact, engines, trial, trust, unpickling
from service.model.errors import one_line
from service.model.limits import Limits
from service.model.own_code import NONE, OwnCode
from service.model.pickled_names import Inspection
from service.model.trial import TrialError
from service.model.trust import UntrustedError
from training.errors import PackError
from training.estimators import code_files
from training.estimators.code_files import Code
from training.formats import blocked, model_file, parts, skops_model
from training.formats.model_file import ModelFile
from training.older import environment, loading, unversioned
from training.older.environment import Environment
from training.older.proof import OlderModel, Part

SAVED = "saved"  # a value of --versions
# If possible, these are installed in the versions that were recorded with the model.
COMPUTING = ("numpy", "scipy", "pandas")


@dataclass(frozen=True, slots=True)
class Found:
    """The files of a model, and the environment that computes its true predictions, if any."""

    files: Sequence[ModelFile]
    older: OlderModel | None
    names_release: bool  # whether a file names the release that saved it


@dataclass(frozen=True, slots=True)
class Loaded:
    """An estimator, the environment that computes its true predictions, if any, and notes on where
    the estimator was found.
    """

    estimator: Any
    older: OlderModel | None
    notes: Sequence[str]


def found(options: Namespace, limits: Limits, code: Code) -> Found:
    """Read the files of `options.model`. If another scikit-learn saved them, or with --env, also
    find or make the environment of that scikit-learn.

    PackError if a file cannot be read, if names are not trusted, or if there is no environment.
    """
    trusted: list[str] = options.trust
    check_trusted(trusted)
    named = ", ".join(map(str, options.model))
    files = [one for path in options.model for one in model_file.read(path, limits)]
    files = [_without_skops(options, one) if one.skops else one for one in files]
    inspections = [model_file.inspect(one, trusted, limits, code.names) for one in files]
    saved = one_release(files, inspections)
    here = version("scikit-learn")
    if saved not in (None, here):
        inspections = [inspected(one, str(saved), trusted, limits, code.names) for one in files]
    names = set[str]().union(*(one.names for one in inspections))
    untrusted = [error for one in inspections for error in one.untrusted]
    beside = None
    if options.env or saved not in (None, here):
        beside = blocked.Beside(options.packages, _wanted(files), bool(options.env))
    blocked.check(named, Inspection(names, untrusted, set()), trusted, options.given, beside)
    there = None
    if options.lock:  # this process runs with the release that saved the model
        there = environment.existing(options.env, here)
    elif saved is None and options.env:
        there = environment.existing(options.env)
    elif saved not in (None, here):
        there = _environment(options, str(saved), files, names)
    if there is None:
        return Found(files, None, saved is not None)
    older = OlderModel(_parts(files), there, tuple(trusted), names, code)
    return Found(files, older, saved is not None)


def brought(options: Namespace, what: Found, limits: Limits, code: Code) -> Loaded:
    """Load the estimator, and migrate it if another scikit-learn saved it.

    PackError if it cannot be loaded. If no file names a release, and no environment computes the
    true predictions, it must have no estimator whose attributes depend on the release.
    """
    here = version("scikit-learn")
    older, trusted = what.older, options.trust
    release = older.environment.version if older else here
    if release != here and options.versions == SAVED:
        raise PackError(f"was saved by scikit-learn {release}")
    if release == here:
        objects = [_load(one, trusted, limits, code.names) for one in what.files]
    else:
        objects = [_load_older(one, release, trusted, limits, code.names) for one in what.files]
    estimator, files, notes = parts.joined(what.files, objects)
    if older is None and not what.names_release:
        unversioned.check(estimator)
    return Loaded(estimator, older and replace(older, parts=_parts(files)), notes)


def _parts(files: Sequence[ModelFile]) -> list[Part]:
    return [Part(one.content, one.keys) for one in files]


def _without_skops(options: Namespace, file: ModelFile) -> ModelFile:
    """The same model as a pickle; PackError if it needs names that are not trusted."""
    release = one_release([file], [])
    try:
        there = _environment(options, str(release), [file], {"numpy._core"}, "skops")
        found = skops_model.untrusted(there, file.content, options.trust)
        blocked.check(str(file.path), found.found, options.trust, options.given)
        content = skops_model.pickled(there, file.content, found.names)
    except PackError as error:
        reason = str(error).removeprefix(f"{file.path}: ")
        raise PackError(f"{file.path}: {reason}") from error
    return replace(file, content=content, skops=False)


def one_release(files: Sequence[ModelFile], found: Sequence[Inspection]) -> str | None:
    """The release of scikit-learn that saved all files; None if unknown. PackError if there are
    several: then no single release can compute the true predictions.
    """
    by_path: dict[str, set[str]] = {}
    for file in files:
        by_path.setdefault(str(file.path), set()).update(file.versions)
    for file, one in zip(files, found, strict=bool(found)):
        by_path[str(file.path)] |= one.versions
    releases = sorted(set().union(*by_path.values()))
    if len(releases) < 2:
        return releases[0] if releases else None
    saved_by = "; ".join(
        f"{path} by scikit-learn {' and '.join(sorted(some))}" for path, some in by_path.items()
    )
    raise PackError(
        f"{saved_by}: parts were saved by several releases, so no single release can compute the "
        "true predictions; load them with the release that fitted the model, and save them again"
    )


def check_trusted(names: Sequence[str]) -> None:
    """PackError if one of these names cannot be trusted at all."""
    for name in names:
        why = trust.problem(name)
        if why is not None:
            raise PackError(f"--trust {why}")


def _environment(
    options: Namespace,
    release: str,
    files: Sequence[ModelFile],
    names: Collection[str],
    *more: str,
) -> Environment:
    """An environment with this release, and with the other libraries that the model needs."""
    named = ", ".join(dict.fromkeys(str(one.path) for one in files))
    numpy_2 = any("numpy._core" in one for one in names)
    try:
        if options.env:
            return environment.existing(options.env, release)
        wanted = _wanted(files)
        packages = blocked.packages(names, wanted, options.packages)
        added = [*packages, *more]
        pinned = [f"{name}=={wanted[name]}" for name in COMPUTING if name in wanted]
        try:
            return environment.ready(release, numpy_2, [*pinned, *added], files[0].python)
        except PackError:
            if not pinned:
                raise
            print(
                f"note: {', '.join(pinned)}, which the model was fitted with, cannot be installed "
                f"with scikit-learn {release} here; other versions of that time are",
                file=sys.stderr,
            )
            return environment.ready(release, numpy_2, added, files[0].python)
    except PackError as error:
        raise PackError(f"{named}: {error}") from error


def _wanted(files: Sequence[ModelFile]) -> dict[str, str]:
    """The versions of libraries that stand beside the model."""
    return {name: one for file in files for name, one in file.wanted.items()}


def inspected(
    file: ModelFile, release: str, trusted: Sequence[str], limits: Limits, code: OwnCode = NONE
) -> Inspection:
    """The names that a pickle of another release would use, as the installed release has them."""

    def read() -> Inspection:
        return loading.inspect(file.content, release, trusted, code)

    found: Inspection = _naming(
        file,
        f"cannot be read as scikit-learn {release} saved it",
        lambda: trial.read(read, limits=limits),
    )
    return found


def _load_older(
    file: ModelFile, release: str, trusted: Sequence[str], limits: Limits, code: OwnCode
) -> Any:
    """Load and migrate the object in a pickle of another release."""
    engines.prepare(artifact.SCIKIT_LEARN)
    return _naming(
        file,
        f"was saved by scikit-learn {release}, and cannot be migrated to {version('scikit-learn')}",
        lambda: trial.read(
            lambda: loading.load(file.content, release, trusted, code),
            trusted=trusted,
            limits=limits,
        ),
    )


def _load(file: ModelFile, trusted: Sequence[str], limits: Limits, code: OwnCode = NONE) -> Any:
    """Load the object in a pickle of the installed scikit-learn."""
    engines.prepare(artifact.SCIKIT_LEARN)
    with warnings.catch_warnings():
        # scikit-learn has the name since 1.3.
        other = getattr(exceptions, "InconsistentVersionWarning", UserWarning)
        warnings.simplefilter("error", other)
        return _naming(
            file,
            "cannot be loaded here",
            lambda: trial.read(
                lambda: unpickling.load(file.content, trusted, code),
                trusted=trusted,
                limits=limits,
            ),
        )


def _naming(file: ModelFile, problem: str, read: Callable[[], Any]) -> Any:
    """Call `read`; its errors become a PackError that names the file."""
    try:
        return read()
    except UntrustedError as error:
        raise PackError(f"{file.path}: {code_files.refusal(error)}") from error
    except TrialError as error:
        raise PackError(f"{file.path}: {error}") from error
    except ModuleNotFoundError as error:
        raise PackError(
            f"{file.path}: needs {error.name}, which is not installed here; "
            "install it, in the version that fitted the model"
        ) from error
    except Exception as error:
        raise PackError(f"{file.path}: {problem} ({one_line(error)})") from error


def load(path: Path, trusted: Sequence[str] = ()) -> Any:
    """Load the estimator from a file of the installed scikit-learn, if all its names are trusted.

    PackError if it cannot be loaded.
    """
    limits = Limits()
    files = model_file.read(path, limits)
    return parts.joined(files, [_load(one, trusted, limits) for one in files])[0]
