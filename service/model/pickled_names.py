"""What the unpickler may do with each name of a pickle: make objects, call a function, or nothing.

`Loading` looks names up for `load`, and imports what is listed or trusted. `Inspecting` does so for
`inspect`: it imports nothing, and stand-ins take the place of what it would have imported.
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
    FreeStandIn,
    Instance,
    NativeInstance,
    StandIn,
    StandInFunction,
    StatelessStandIn,
    Trusted,
    TrustedStandIn,
    TupleInstance,
)
from service.model.rebuilding import Argument, Named, Pending, Rebuilder
from service.model.trust import UntrustedError


@dataclass
class Inspection:
    """What a pickle would do: the full names that it uses, and what of it `load` would refuse.

    `versions` are those of scikit-learn that saved its estimators. `holds` is the type of what it
    makes, if that is a plain one, and no object of a class.
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
    """How `load` turns a name into something: it imports what is listed or trusted.

    `names` and `versions` are what it met so far. `owned` are trusted objects, by identity.
    """

    def __init__(self, trusted: Collection[str], code: OwnCode = NONE) -> None:
        self.trusted = (*trusted, *code.classes, *code.functions)
        self.kept = code.functions  # which are not called
        self.renamed = code.renamed
        self.names: set[str] = set()
        self.versions: set[str] = set()
        self.owned: dict[int, Trusted] = {}

    def listed(self, module: str, name: str) -> Any:
        """A listed class or function."""
        return getattr(import_module(module), name)

    def function(self, module: str, name: str) -> Any:
        """A function that estimators keep."""
        return self.listed(module, name)

    def rebuilder(self, known: Named) -> Named:
        """What rebuilds objects of a library."""
        return known

    def own(self, module: str, name: str) -> Any:
        """What the operator trusts."""
        target = trust.find(module, name)
        if f"{module}.{name}" in self.kept:
            return target
        self.owned[id(target)] = Trusted(f"{module}.{name}", target)
        return target

    def unknown(self, full_name: str) -> Named:
        """What is neither listed nor trusted."""
        raise UntrustedError(full_name, full_name)


class Inspecting(Loading):
    """How `inspect` does: it imports nothing, and goes on after what `load` would refuse."""

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
        """A stand-in, unless it is an argument of one."""
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
        """A stand-in, and a note that `load` would refuse it."""
        self.found.untrusted.append(UntrustedError(full_name, full_name))
        return FreeStandIn(full_name)


ARGUMENTS = rebuilding.ARGUMENTS | random_rebuilding.ARGUMENTS
CALLED = (rebuilding.FUNCTIONS, random_rebuilding.FUNCTIONS, arrow_rebuilding.FUNCTIONS)


def lookup(module: str, name: str, names: Loading) -> Any:
    """What a name of a pickle becomes: an object to keep, or a `Named` that the unpickler uses."""
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
