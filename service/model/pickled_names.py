"""Resolve the names in a pickle to objects and tokens.

`Loading` resolves names for `load`: it imports what is listed or trusted. `Inspecting` resolves
them for `inspect`: it imports nothing, and returns stand-ins.
"""

from collections.abc import Collection
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from service.model import (
    allowlist,
    arrow_rebuilding,
    distribution_rebuilding,
    pandas_rebuilding,
    random_rebuilding,
    rebuilding,
    trust,
)
from service.model.own_code import NONE, OwnCode
from service.model.pickled_objects import (
    Blank,
    BlankExtension,
    DictInstance,
    Extension,
    Instance,
    NativeInstance,
    StandIn,
    StandInFunction,
    StatelessStandIn,
    Trusted,
    TrustedStandIn,
    TupleInstance,
    UnlistedStandIn,
)
from service.model.pickled_tokens import Argument, Named, Pending, Rebuilder
from service.model.trust import UntrustedError


@dataclass
class Inspection:
    """The full names that a pickle uses, and the errors that `load` would raise.

    `versions` are the versions of scikit-learn that saved its estimators. `holds` is the type of
    the pickled object, if that is a plain type.
    """

    names: set[str]
    untrusted: list[UntrustedError]
    versions: set[str]
    holds: str = ""


ROLES: tuple[tuple[frozenset[str], type[Instance]], ...] = (
    (allowlist.DICTS, DictInstance),
    (allowlist.TUPLES, TupleInstance),
    (allowlist.EXTENSIONS, Extension),
    (allowlist.BLANK_EXTENSIONS, BlankExtension),
    (allowlist.NATIVE, NativeInstance),
    (allowlist.INSTANCES, Instance),
)


class Loading:
    """Resolves names for `load`: imports what is listed or trusted.

    `names` and `versions` are those found so far. `owned` are trusted objects, by id.
    """

    def __init__(self, trusted: Collection[str], code: OwnCode = NONE) -> None:
        self.trusted = (*trusted, *code.classes, *code.functions)
        self.kept = code.functions  # estimators may hold them, a pickle may not call them
        self.renamed = code.renamed
        self.names: set[str] = set()
        self.versions: set[str] = set()
        self.owned: dict[int, Trusted] = {}

    def listed(self, module: str, name: str) -> Any:
        """A listed class or function."""
        return getattr(import_module(module), name)

    def function(self, module: str, name: str) -> Any:
        """A function that estimators may hold."""
        return self.listed(module, name)

    def rebuilder(self, known: Named) -> Named:
        """The token of a function that rebuilds objects of a library."""
        return known

    def own(self, module: str, name: str) -> Any:
        """A class or function that the operator trusts."""
        target = trust.find(module, name)
        if f"{module}.{name}" in self.kept:
            return target
        self.owned[id(target)] = Trusted(f"{module}.{name}", target)
        return target

    def unknown(self, full_name: str) -> Named:
        """Refuse a name that is neither listed nor trusted."""
        raise UntrustedError(full_name, full_name)


class Inspecting(Loading):
    """Resolves names for `inspect`: imports nothing, and records what `load` would refuse."""

    def __init__(self, trusted: Collection[str], code: OwnCode = NONE) -> None:
        super().__init__(trusted, code)
        self.found = Inspection(self.names, [], self.versions)

    def listed(self, module: str, name: str) -> Any:
        """No class: what would be made of it is a stand-in."""
        return None

    def function(self, module: str, name: str) -> Any:
        """A stand-in that objects may keep."""
        return StandInFunction(f"{module}.{name}")

    def rebuilder(self, known: Named) -> Named:
        """A stand-in, unless the token is only an argument."""
        if not isinstance(known, Rebuilder):
            return known
        if known.waits:
            return Rebuilder(known.full_name, lambda *_: Pending(lambda state: Blank()))
        return (StandIn if known.takes_state else StatelessStandIn)(known.full_name)

    def own(self, module: str, name: str) -> Any:
        """A stand-in."""
        full_name = f"{module}.{name}"
        kept = full_name in self.kept
        return StandInFunction(full_name) if kept else TrustedStandIn(full_name)

    def unknown(self, full_name: str) -> Named:
        """A stand-in; record that `load` would refuse the name."""
        self.found.untrusted.append(UntrustedError(full_name, full_name))
        return UnlistedStandIn(full_name)


ARGUMENTS = rebuilding.ARGUMENTS | random_rebuilding.ARGUMENTS
CALLED = (rebuilding.FUNCTIONS, random_rebuilding.FUNCTIONS, arrow_rebuilding.FUNCTIONS)


def lookup(module: str, name: str, names: Loading) -> Any:
    """Resolve a name of a pickle: to an object that estimators may hold, or to a token."""
    full_name = f"{module}.{name}"
    if full_name in allowlist.PLAIN_TYPES:
        return allowlist.PLAIN_TYPES[full_name]
    if full_name in allowlist.SCALAR_TYPES:
        return allowlist.SCALAR_TYPES[full_name]
    ufunc = allowlist.ufunc(module, name)
    if ufunc is not None:
        return ufunc
    if full_name in ARGUMENTS:
        return Argument(full_name)
    for functions in CALLED:
        if full_name in functions:
            return Rebuilder(full_name, functions[full_name])
    for listed, role in ROLES:
        if full_name in listed:
            return role(full_name, names.listed(module, name))
    if full_name in allowlist.FUNCTIONS:
        return names.function(module, name)
    known = pandas_rebuilding.named(full_name) or distribution_rebuilding.named(full_name)
    if known is not None:
        return names.rebuilder(known)
    if trust.covers(names.trusted, module, name):
        return names.own(module, name)
    return names.unknown(full_name)
