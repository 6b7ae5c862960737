"""Load the estimator that a command names, in whatever it comes, if all its names are trusted."""

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
from training.older.proof import Older, Part

SAVED = "saved"  # of --versions
COMPUTING = (
    "numpy",
    "scipy",
    "pandas",
)  # in the versions that stand beside a model, if they can be


@dataclass(frozen=True, slots=True)
class Found:
    """The files of a model, and the environment that has its true predictions, if there is one."""

    files: Sequence[ModelFile]
    older: Older | None
    names_release: bool  # whether a file says which release saved it


@dataclass(frozen=True, slots=True)
class Loaded:
    """An estimator, the environment with its true predictions if there is one, and notes on where
    the estimator was found.
    """

    estimator: Any
    older: Older | None
    notes: Sequence[str]


def found(options: Namespace, limits: Limits, code: Code) -> Found:
    """What `options.model` name, and the environment of the scikit-learn that saved it, if that is
    another one or if --env names it.

    PackError if it cannot be read, if its names are not trusted, or if there is no environment.
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
    blocked.check(named, Inspection(names, untrusted, set()), trusted, options.given)
    there = None
    if options.lock:  # this runs with the release that saved it
        there = environment.existing(options.env, here)
    elif saved is None and options.env:
        there = environment.existing(options.env)
    elif saved not in (None, here):
        there = _environment(options, str(saved), files, names)
    if there is None:
        return Found(files, None, saved is not None)
    older = Older(_parts(files), there, tuple(trusted), names, code)
    return Found(files, older, saved is not None)


def brought(options: Namespace, what: Found, limits: Limits, code: Code) -> Loaded:
    """The estimator, brought into the scikit-learn that is installed if another one saved it.

    PackError if it cannot be loaded. Unless its predictions will be compared with those of an
    environment, a file that names no release may hold no estimator whose form depends on it.
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
        said = str(error).removeprefix(f"{file.path}: ")
        raise PackError(f"{file.path}: {said}") from error
    return replace(file, content=content, skops=False)


def one_release(files: Sequence[ModelFile], found: Sequence[Inspection]) -> str | None:
    """The release of scikit-learn that saved all of it, None if no file says; PackError if there
    are several, for then no one release says what is right.
    """
    by_path: dict[str, set[str]] = {}
    for file in files:
        by_path.setdefault(str(file.path), set()).update(file.versions)
    for file, one in zip(files, found, strict=bool(found)):
        by_path[str(file.path)] |= one.versions
    releases = sorted(set().union(*by_path.values()))
    if len(releases) < 2:
        return releases[0] if releases else None
    said = "; ".join(
        f"{path} by scikit-learn {' and '.join(sorted(some))}" for path, some in by_path.items()
    )
    raise PackError(
        f"{said}: parts were saved by several releases, so that no one release says what is right; "
        "load them with the release that fitted the model, and save them with it again"
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
    """An environment with this release, and with the libraries beside it that the model needs."""
    named = ", ".join(dict.fromkeys(str(one.path) for one in files))
    numpy_2 = any("numpy._core" in one for one in names)
    try:
        if options.env:
            return environment.existing(options.env, release)
        wanted = {name: one for file in files for name, one in file.wanted.items()}
        packages = blocked.packages(names, wanted, options.packages)
        asked = [*packages, *more]
        pinned = [f"{name}=={wanted[name]}" for name in COMPUTING if name in wanted]
        try:
            return environment.ready(release, numpy_2, [*pinned, *asked], files[0].python)
        except PackError:
            if not pinned:
                raise
            return environment.ready(release, numpy_2, asked, files[0].python)
    except PackError as error:
        raise PackError(f"{named}: {error}") from error


def inspected(
    file: ModelFile, release: str, trusted: Sequence[str], limits: Limits, code: OwnCode = NONE
) -> Inspection:
    """What a pickle of another release would use, by the names of today."""

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
    """The object in a pickle of another release, as the installed one would have saved it."""
    engines.prepare(artifact.SCIKIT_LEARN)
    return _naming(
        file,
        f"was saved by scikit-learn {release}, and cannot be brought into "
        f"{version('scikit-learn')}",
        lambda: trial.read(
            lambda: loading.load(file.content, release, trusted, code),
            trusted=trusted,
            limits=limits,
        ),
    )


def _load(file: ModelFile, trusted: Sequence[str], limits: Limits, code: OwnCode = NONE) -> Any:
    """The object in a pickle of the installed scikit-learn."""
    engines.prepare(artifact.SCIKIT_LEARN)
    with warnings.catch_warnings():
        # The name is there since 1.3.
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
    """What `read` returns; an error becomes one that names the file."""
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
    """The estimator in a file that the installed scikit-learn saved, if all its names are trusted.

    PackError if it cannot be loaded.
    """
    limits = Limits()
    files = model_file.read(path, limits)
    return parts.joined(files, [_load(one, trusted, limits) for one in files])[0]
