"""What the unpickler may do with each name of a pickle: make objects, call a function, or nothing.

`Loading` looks names up for `load`, and imports what is listed or trusted. `Inspecting` does so for
`inspect`: it imports nothing, and stand-ins take the place of what it would have imported.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

from service.model import (
    allowlist,
    arrow_rebuilding,
    companions,
    distribution_rebuilding,
    pandas_rebuilding,
    pickled_methods,
    random_rebuilding,
    rebuilding,
    trust,
)
from service.model.rebuilding import Argument, Named, Pending, Rebuilder, refuse, shown
from service.model.trust import UntrustedError

VERSIONS = re.compile(r"[\w.+-]{1,40}", re.ASCII)
HOLDERS = ("sklearn.", *(f"{package}." for package in companions.PACKAGES))  # of no tables
VERSION = "_sklearn_version"  # of the scikit-learn that saved an estimator, in its state


def attributes_of(
    state: Any, allowed: Collection[str] = ()
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The attributes in a state, and those in slots; UntrustedError for names that are Python's,
    unless they are `allowed`.
    """
    plain, slots = state if type(state) is tuple and len(state) == 2 else (state, None)
    for part in (plain, slots):
        if part is None:
            continue
        if type(part) is not dict:
            raise refuse("a state that is no dictionary")
        for name, value in part.items():
            if type(name) is not str or (name.startswith("__") and name not in allowed):
                raise UntrustedError(f"an attribute {shown(name)}")
            if isinstance(value, Named) and not value.is_value:
                raise UntrustedError(f"{value.full_name} as a value")
    saved = plain.get(VERSION, "0") if plain else "0"
    if type(saved) is not str or not VERSIONS.fullmatch(saved):  # scikit-learn prints it
        raise refuse("a version that is none")
    return plain or {}, slots or {}


def check_own(state: Any) -> None:
    """UntrustedError for what no state of an operator's own class may have: names of Python's.

    Only loading knows whether the class reads its state itself; so this holds for both.
    """
    for part in state if type(state) is tuple and len(state) == 2 else (state,):
        for name, value in part.items() if type(part) is dict else ():
            if type(name) is str and name.startswith("__"):
                raise UntrustedError(f"an attribute {shown(name)}")
            if isinstance(value, Named) and not value.is_value:
                raise UntrustedError(f"{value.full_name} as a value")


def check_arguments(values: Collection[Any]) -> None:
    """UntrustedError for what an operator's own code must not get: the unpickler's own objects."""
    for one in values:
        if isinstance(one, Argument) or (isinstance(one, Named) and not one.is_value):
            raise UntrustedError(f"{one.full_name} as an argument")


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


class Blank:
    """Stands for an object while a pickle is inspected; `full_name` is of its class, if known."""

    def __init__(self, full_name: str = "") -> None:
        self.full_name = full_name


class BlankTuple(tuple[Any, ...]):
    """Stands for a named tuple."""


class Instance(Named):
    """A class written in Python: objects are made without their constructor, then get a state.

    Without a class, while a pickle is inspected, it makes stand-ins.
    """

    def __init__(self, full_name: str, cls: Any = None) -> None:
        super().__init__(full_name)
        self.cls = cls

    def new(self, arguments: tuple[Any, ...], keywords: Mapping[str, Any]) -> Any:
        """Make an object without attributes."""
        if arguments or keywords:
            raise UntrustedError(f"arguments for {self.full_name}")
        return Blank(self.full_name) if self.cls is None else object.__new__(self.cls)

    def build(self, made: Any, state: Any) -> None:
        """Set the attributes, by the class's own `__setstate__` if it has one."""
        attributes, slots = attributes_of(state)
        if self.full_name.startswith(HOLDERS):
            values = (*attributes.values(), *slots.values())
            if pickled_methods.has_frame(values) or any(
                type(value) is Blank and value.full_name in pickled_methods.FRAMES
                for value in (values if self.cls is None else ())
            ):
                raise UntrustedError(f"a table as an attribute of {self.full_name}")
        if self.cls is None:
            return
        setstate = getattr(self.cls, "__setstate__", None)
        if setstate is not None:
            setstate(made, state)
        else:
            vars(made).update(attributes)
            for name, value in slots.items():
                object.__setattr__(made, name, value)


class NativeInstance(Instance):
    """A class of a companion library, which hands values of its state to native code."""

    def build(self, made: Any, state: Any) -> None:
        """Let the class take its state, after a look at what native code gets."""
        kinds = companions.NATIVE[self.full_name]
        if type(state) is not dict:
            raise refuse("a state that is no dictionary")
        attributes_of(state, allowed=kinds)
        for key, allowed in kinds.items():
            if key in state and type(state[key]) not in allowed:
                raise UntrustedError(f"an attribute {key} of another type for {self.full_name}")
        if self.cls is not None:
            self.cls.__setstate__(made, state)


class DictInstance(Instance):
    """A subclass of `dict`, which a pickle also fills."""

    fills = (dict,)

    def new(self, arguments: tuple[Any, ...], keywords: Mapping[str, Any]) -> Any:
        """Make an empty one."""
        if arguments or keywords:
            raise UntrustedError(f"arguments for {self.full_name}")
        return Blank() if self.cls is None else dict.__new__(self.cls)


class TupleInstance(Instance):
    """A named tuple, whose values are arguments."""

    def new(self, arguments: tuple[Any, ...], keywords: Mapping[str, Any]) -> Any:
        """Make it of its values."""
        return tuple.__new__(BlankTuple if self.cls is None else self.cls, arguments)


class Extension(Instance):
    """A compiled class: its constructor makes objects, its `__setstate__` fills them."""

    def call(self, arguments: tuple[Any, ...]) -> Any:
        """Call the constructor with plain values or arrays."""
        if not all(type(one) in (int, float, np.ndarray, type(None)) for one in arguments):
            raise UntrustedError(f"arguments for {self.full_name}")
        return Blank() if self.cls is None else self.cls(*arguments)

    def new(self, arguments: tuple[Any, ...], keywords: Mapping[str, Any]) -> Any:
        """The same, which older protocols ask for."""
        return self.call(arguments)

    def build(self, made: Any, state: Any) -> None:
        """Let the class take its state, of attributes or of its own form."""
        if type(state) is dict:
            attributes_of(state)
        if self.cls is not None:
            self.cls.__setstate__(made, state)


class BlankExtension(Extension):
    """A compiled class that its module's `newObj` makes, without arguments."""

    def call(self, arguments: tuple[Any, ...]) -> Any:
        """Make an object without content."""
        if arguments:
            raise UntrustedError(f"arguments for {self.full_name}")
        return Blank() if self.cls is None else self.cls.__new__(self.cls)


class Trusted(Named):
    """A class or function that the operator trusts: it is used as pickle would."""

    is_value = True
    fills = (list, dict, set)

    def __init__(self, full_name: str, target: Any) -> None:
        super().__init__(full_name)
        self.target = target

    def call(self, arguments: tuple[Any, ...]) -> Any:
        """Call it."""
        check_arguments(arguments)
        return self.target(*arguments)

    def new(self, arguments: tuple[Any, ...], keywords: Mapping[str, Any]) -> Any:
        """Call its `__new__`."""
        check_arguments((*arguments, *keywords.values()))
        return self.target.__new__(self.target, *arguments, **keywords)

    def build(self, made: Any, state: Any) -> None:
        """Give it its state as pickle does."""
        check_own(state)
        setstate = getattr(type(made), "__setstate__", None)
        if setstate is not None:
            setstate(made, state)
            return
        plain, slots = state if type(state) is tuple and len(state) == 2 else (state, None)
        if not all(type(part) in (dict, type(None)) for part in (plain, slots)):
            raise ValueError(f"is damaged: the state of {self.full_name} is no dictionary")
        if plain:
            vars(made).update(plain)
        for name, value in (slots or {}).items():
            setattr(made, name, value)


class StandIn(Named):
    """Stands for a function that rebuilds an object, while a pickle is inspected."""

    def call(self, arguments: tuple[Any, ...]) -> Any:
        """Make a stand-in of what the call would make."""
        return Blank()

    def new(self, arguments: tuple[Any, ...], keywords: Mapping[str, Any]) -> Any:
        """Make a stand-in of the object."""
        return Blank()

    def build(self, made: Any, state: Any) -> None:
        """Take the state."""


class StatelessStandIn(StandIn):
    """The same for a function whose objects take no state."""

    build = Named.build


class FreeStandIn(StandIn):
    """Stands for what is not listed, so that reading can go on: `load` refuses it."""

    is_value = True
    fills = (list, dict, set)


class TrustedStandIn(FreeStandIn):
    """Stands for what is trusted; it refuses what `load` refuses."""

    def call(self, arguments: tuple[Any, ...]) -> Any:
        """Make a stand-in of what the call would make."""
        check_arguments(arguments)
        return Blank()

    def new(self, arguments: tuple[Any, ...], keywords: Mapping[str, Any]) -> Any:
        """Make a stand-in of the object."""
        check_arguments((*arguments, *keywords.values()))
        return Blank()

    def build(self, made: Any, state: Any) -> None:
        """Take the state."""
        check_own(state)


class StandInFunction(Named):
    """Stands for a function that estimators keep."""

    is_value = True


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

    def __init__(self, trusted: Collection[str]) -> None:
        self.trusted = trusted
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
        self.owned[id(target)] = Trusted(f"{module}.{name}", target)
        return target

    def unknown(self, full_name: str) -> Named:
        """What is neither listed nor trusted."""
        raise UntrustedError(full_name, full_name)


class Inspecting(Loading):
    """How `inspect` does: it imports nothing, and goes on after what `load` would refuse."""

    def __init__(self, trusted: Collection[str]) -> None:
        super().__init__(trusted)
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
        return TrustedStandIn(f"{module}.{name}")

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
