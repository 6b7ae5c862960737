"""Load the estimator that a command names, in whatever it comes, if all its names are trusted."""

import warnings
from argparse import Namespace
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sklearn.exceptions import InconsistentVersionWarning

from service.model import artifact, engines, trial, trust, unpickling
from service.model.errors import one_line
from service.model.limits import Limits
from service.model.pickled_names import Inspection
from service.model.trial import TrialError
from service.model.trust import UntrustedError
from training.errors import PackError
from training.formats import blocked, model_file, parts, skops_model
from training.formats.model_file import ModelFile
from training.older import environment, loading
from training.older.environment import Environment
from training.older.proof import Older, Part

COMPUTING = (
    "numpy",
    "scipy",
    "pandas",
)  # in the versions that stand beside a model, if they can be


@dataclass(frozen=True, slots=True)
class Loaded:
    """An estimator, the environment that says what is right if another scikit-learn saved it, and
    notes on where it was found.
    """

    estimator: Any
    older: Older | None
    notes: Sequence[str]


def loaded(options: Namespace, limits: Limits) -> Loaded:
    """What `options.model` name; PackError if it cannot be loaded, or is not trusted."""
    trusted: list[str] = options.trust
    check_trusted(trusted)
    named = ", ".join(map(str, options.model))
    files = [one for path in options.model for one in model_file.read(path, limits)]
    files = [_without_skops(options, one) if one.skops else one for one in files]
    found = [model_file.inspect(one, trusted, limits) for one in files]
    saved = one_release(files, found)
    here = version("scikit-learn")
    older = saved if saved and saved != here else None
    if older is not None:
        found = [inspected(one, older, trusted, limits) for one in files]
    names = set().union(*(one.names for one in found))
    untrusted = [error for one in found for error in one.untrusted]
    blocked.check(named, Inspection(names, untrusted, set()), trusted, options.given)
    if older is None:
        objects = [_load(one, trusted, limits) for one in files]
        estimator, _, notes = parts.joined(files, objects)
        return Loaded(estimator, None, notes)
    there = _environment(options, older, files, names)
    objects = [_load_older(one, older, trusted, limits) for one in files]
    estimator, files, notes = parts.joined(files, objects)
    applied = [Part(one.content, one.keys) for one in files]
    return Loaded(estimator, Older(applied, there, tuple(trusted)), notes)


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


def inspected(file: ModelFile, release: str, trusted: Sequence[str], limits: Limits) -> Inspection:
    """What a pickle of another release would use, by the names of today."""
    found: Inspection = _told(
        file,
        f"cannot be read as scikit-learn {release} saved it",
        lambda: trial.read(
            lambda: loading.inspect(file.content, release, trusted), limits=limits
        ),
    )  # fmt: skip
    return found


def _load_older(file: ModelFile, release: str, trusted: Sequence[str], limits: Limits) -> Any:
    """The object in a pickle of another release, as the installed one would have saved it."""
    engines.prepare(artifact.SCIKIT_LEARN)
    return _told(
        file,
        f"was saved by scikit-learn {release}, and cannot be brought into "
        f"{version('scikit-learn')}",
        lambda: trial.read(
            lambda: loading.load(file.content, release, trusted), trusted=trusted, limits=limits
        ),
    )


def _load(file: ModelFile, trusted: Sequence[str], limits: Limits) -> Any:
    """The object in a pickle of the installed scikit-learn."""
    engines.prepare(artifact.SCIKIT_LEARN)
    with warnings.catch_warnings():
        warnings.simplefilter("error", InconsistentVersionWarning)
        return _told(
            file,
            "cannot be loaded here",
            lambda: trial.read(
                lambda: unpickling.load(file.content, trusted), trusted=trusted, limits=limits
            ),
        )


def _told(file: ModelFile, problem: str, read: Callable[[], Any]) -> Any:
    """What `read` gives; its errors are told as one of the file."""
    try:
        return read()
    except UntrustedError as error:
        raise PackError(f"{file.path}: {trust.refusal(error, '--trust ')}") from error
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
