"""Reports everything that prevents loading a model in one message, with the command to run next."""

import shlex
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec

from service.model import companions, own_code, trust
from service.model.installation import pip_install, program
from service.model.pickled_names import Inspection
from training.errors import PackError
from training.estimators import code_files
from training.older.environment import NAME

# By package: the distributions on PyPI of known libraries. No other distribution is installed
# because a model file names its package.
DISTRIBUTIONS = {
    "catboost": "catboost",
    "category_encoders": "category-encoders",
    "feature_engine": "feature-engine",
    "imblearn": "imbalanced-learn",
    "lightgbm": "lightgbm",
    "xgboost": "xgboost",
}
SHOWN_NAMES = 3
SEVERAL_NAMES = 3  # if so many names of a package are needed, the message suggests the package


@dataclass(frozen=True, slots=True)
class Beside:
    """Packages to install with the release that saved a model: the requirements of --with, and the
    versions of libraries in files beside the model. `is_made` is whether --env names an existing
    environment, with the packages that the user installed.
    """

    given: Collection[str]
    wanted: Mapping[str, str]
    is_made: bool = False


def check(
    path: object,
    found: Inspection,
    trusted: Collection[str],
    command: Sequence[str],
    beside: Beside | None = None,
) -> None:
    """PackError if the model needs names that are not trusted, or libraries not installed.

    `command` are the arguments of the user's command; the message has them with the missing ones. A
    library may also be in the environment of the release that saved the model, if there will be one
    (`beside`): what cannot be loaded here is served by that release.
    """
    for error in found.untrusted:
        if not error.name or trust.problem(error.name) is not None:
            raise PackError(f"{path}: {code_files.refusal(error)}")
    names = sorted({error.name for error in found.untrusted})
    missing = sorted(_missing(found, names, trusted))
    unnamed: list[str] = []
    if beside is not None:
        there = {_name_of(one) for one in beside.given}
        missing = [one for one in missing if not beside.is_made and _name_of(one) not in there]
        unnamed = [_pinned(one, beside) for one in missing if one not in DISTRIBUTIONS]
    if not names and not missing:
        return
    reasons, way = [], []
    if names:
        reasons.append(f"{_listed(names)}, which {_are(names)} not trusted")
    if missing:
        reasons.append(f"{_listed(missing)}, which {_are(missing)} not installed here")
        known = [DISTRIBUTIONS[one] for one in missing if one in DISTRIBUTIONS]
        if known:
            way.append(pip_install(*known))
    given = [part for name in _by_package(names) for part in ("--trust", name)]
    given += [part for one in unnamed for part in ("--with", one)]
    way.append(f"{program()} {shlex.join([*command, *given])}")
    them = "it" if len(names) == 1 else "them"
    condition = f"if you do trust {them}: " if names else "install it, in the version that fitted "
    condition += "" if names else "the model: "
    if unnamed and not names and len(unnamed) == len(missing):
        condition = "name the version that fitted the model: "
    own = sorted({name.split(".")[0] for name in names})
    brings = "".join(f" --code PATH/{one}" for one in own if not own_code.is_library(one))
    other = f"; or put its code into the artifact:{brings}" if brings else ""
    raise PackError(f"{path}: needs {' and '.join(reasons)}; {condition}{' && '.join(way)}{other}")


def packages(
    names: Collection[str], wanted: Mapping[str, str], given: Collection[str]
) -> list[str]:
    """What to install besides the scikit-learn that saved a model: what is `given`, and the known
    libraries that the model needs, in the `wanted` versions.
    """
    named = {_name_of(one) for one in given}
    modules = {name.split(".")[0] for name in names}
    known = sorted(DISTRIBUTIONS[one] for one in modules if one in DISTRIBUTIONS)
    pins = [f"{one}=={wanted[one]}" if one in wanted else one for one in known if one not in named]
    return [*pins, *given]


def _pinned(package: str, beside: Beside) -> str:
    return f"{package}=={beside.wanted.get(_name_of(package), 'VERSION')}"


def _name_of(requirement: str) -> str:
    """The name of a package, as it is compared."""
    return NAME.split(requirement)[0].lower().replace("_", "-")


def _missing(found: Inspection, names: Collection[str], trusted: Collection[str]) -> set[str]:
    """Packages that loading would import and that are not installed."""
    own = {name.split(".")[0] for name in (*names, *trusted)}
    packages = {name.split(".")[0] for name in found.names}
    return {
        package
        for package in packages
        if package in (*own, *companions.PACKAGES) and find_spec(package) is None
    }


def _by_package(names: Sequence[str]) -> list[str]:
    """The names to trust; instead of several names of a package, the package."""
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(name.split(".")[0], []).append(name)
    return [
        one
        for package, several in found.items()
        for one in (
            [package]
            if len(several) >= SEVERAL_NAMES and package not in trust.LISTED_PACKAGES
            else several
        )
    ]


def _listed(names: Sequence[str]) -> str:
    more = [f"{len(names) - SHOWN_NAMES} more"] if len(names) > SHOWN_NAMES else []
    *some, last = [*names[:SHOWN_NAMES], *more]
    return f"{', '.join(some)} and {last}" if some else last


def _are(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"
