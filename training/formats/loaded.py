"""Load the estimator that a command names, in whatever it comes, if all its names are trusted."""

import warnings
from argparse import Namespace
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sklearn.exceptions import InconsistentVersionWarning

from service.model import artifact, engines, trial, trust, unpickling
from service.model.limits import Limits
from service.model.pickled_names import Inspection
from service.model.trial import TrialError
from service.model.trust import UntrustedError
from training.errors import PackError, reason
from training.formats import blocked, model_file, parts
from training.formats.model_file import ModelFile
from training.older import environment, loading
from training.older.environment import Environment
from training.older.proof import Older, Part


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
    files = [one for path in options.model for one in model_file.read(path, limits)]
    found = [model_file.inspect(one, trusted, limits) for one in files]
    saved = one_release(files, found)
    here = version("scikit-learn")
    older = saved if saved and saved != here else None
    if older is not None:
        found = [inspected(one, older, trusted, limits) for one in files]
    whole = Inspection(
        set().union(*(one.names for one in found)),
        [error for one in found for error in one.untrusted],
        set(),
    )
    named = ", ".join(map(str, options.model))
    blocked.check(named, whole, trusted, options.given)
    if older is None:
        objects = [_load(one, trusted, limits) for one in files]
        estimator, _, notes = parts.joined(files, objects)
        return Loaded(estimator, None, notes)
    there = _environment(options, older, whole, named)
    objects = [_load_older(one, older, trusted, limits) for one in files]
    estimator, files, notes = parts.joined(files, objects)
    applied = [Part(one.content, one.keys) for one in files]
    return Loaded(estimator, Older(applied, there, tuple(trusted)), notes)


def one_release(files: Sequence[ModelFile], found: Sequence[Inspection]) -> str | None:
    """The release of scikit-learn that saved all of it, None if no file says; PackError if there
    are several, for then no one release says what is right.
    """
    by_path: dict[str, set[str]] = {}
    for file, one in zip(files, found, strict=True):
        by_path.setdefault(str(file.path), set()).update(one.versions | file.versions)
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


def _environment(options: Namespace, release: str, whole: Inspection, named: str) -> Environment:
    try:
        if options.env:
            return environment.existing(options.env, release)
        return environment.ready(release, any("numpy._core" in one for one in whole.names))
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
        raise PackError(f"{file.path}: {problem} ({reason(error)})") from error


def load(path: Path, trusted: Sequence[str] = ()) -> Any:
    """The estimator in a file that the installed scikit-learn saved, if all its names are trusted.

    PackError if it cannot be loaded.
    """
    limits = Limits()
    files = model_file.read(path, limits)
    return parts.joined(files, [_load(one, trusted, limits) for one in files])[0]
