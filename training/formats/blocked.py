"""All that stands in the way of loading a model, in one message, with the command that goes on."""

import re
import shlex
from collections.abc import Collection, Mapping, Sequence
from importlib.util import find_spec

from service.model import companions, own_code, trust
from service.model.pickled_names import Inspection
from training.errors import PackError
from training.estimators import code_files

# Libraries beside scikit-learn by the name of their package, as they are called where they are
# installed from. No other is installed by the name that a model file gives.
DISTRIBUTIONS = {
    "catboost": "catboost",
    "category_encoders": "category-encoders",
    "feature_engine": "feature-engine",
    "imblearn": "imbalanced-learn",
    "lightgbm": "lightgbm",
    "xgboost": "xgboost",
}
SHOWN = 3  # names
SEVERAL = 3  # names of a package, from which on the package is trusted


def check(
    path: object, found: Inspection, trusted: Collection[str], command: Sequence[str]
) -> None:
    """PackError if the model needs names that are not trusted, or libraries that are not here.

    `command` are the arguments of the command that was given; the message has it with what is
    missing.
    """
    for error in found.untrusted:
        if not error.name or trust.problem(error.name) is not None:
            raise PackError(f"{path}: {code_files.refusal(error)}")
    names = sorted({error.name for error in found.untrusted})
    missing = sorted(_missing(found, names, trusted))
    if not names and not missing:
        return
    reasons, way = [], []
    if names:
        reasons.append(f"{_listed(names)}, which {_are(names)} not trusted")
    if missing:
        reasons.append(f"{_listed(missing)}, which {_are(missing)} not installed here")
        known = [DISTRIBUTIONS[one] for one in missing if one in DISTRIBUTIONS]
        if known:
            way.append(shlex.join(["pip", "install", *known]))
    given = [part for name in _by_package(names) for part in ("--trust", name)]
    way.append(shlex.join(["slipway", *command, *given]))
    them = "it" if len(names) == 1 else "them"
    condition = f"if you do trust {them}: " if names else "install it, in the version that fitted "
    condition += "" if names else "the model: "
    own = sorted({name.split(".")[0] for name in names})
    brings = "".join(f" --code PATH/{one}" for one in own if not own_code.is_library(one))
    other = f"; or put its code into the artifact:{brings}" if brings else ""
    raise PackError(f"{path}: needs {' and '.join(reasons)}; {condition}{' && '.join(way)}{other}")


def packages(
    names: Collection[str], wanted: Mapping[str, str], given: Collection[str]
) -> list[str]:
    """What to install beside the scikit-learn that saved a model: what is `given`, and the known
    libraries that the model needs, in the versions that are `wanted`.
    """
    named = {re.split(r"[=<>!~\[;@ ]", one)[0].lower() for one in given}
    modules = {name.split(".")[0] for name in names}
    known = sorted(DISTRIBUTIONS[one] for one in modules if one in DISTRIBUTIONS)
    pins = [f"{one}=={wanted[one]}" if one in wanted else one for one in known if one not in named]
    return [*pins, *given]


def _missing(found: Inspection, names: Collection[str], trusted: Collection[str]) -> set[str]:
    """Packages that loading would import, and that are not installed."""
    own = {name.split(".")[0] for name in (*names, *trusted)}
    packages = {name.split(".")[0] for name in found.names}
    return {
        package
        for package in packages
        if package in (*own, *companions.PACKAGES) and find_spec(package) is None
    }


def _by_package(names: Sequence[str]) -> list[str]:
    """The names to trust: a package where several of its names are needed."""
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(name.split(".")[0], []).append(name)
    return [
        one
        for package, several in found.items()
        for one in (
            [package]
            if len(several) >= SEVERAL and package not in trust.LISTED_PACKAGES
            else several
        )
    ]


def _listed(names: Sequence[str]) -> str:
    more = [f"{len(names) - SHOWN} more"] if len(names) > SHOWN else []
    *some, last = [*names[:SHOWN], *more]
    return f"{', '.join(some)} and {last}" if some else last


def _are(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"
