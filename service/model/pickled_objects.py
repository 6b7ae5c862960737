"""Tokens of classes and functions: how the unpickler creates objects of them, or calls them.

The stand-ins replace the classes and functions that `inspect` does not import.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from service.model import companions, pickled_methods
from service.model.pickled_tokens import Argument, Named, refuse, shown
from service.model.trust import UntrustedError

VERSIONS = re.compile(r"[\w.+-]{1,40}", re.ASCII)
HOLD_NO_TABLES = ("sklearn.", *(f"{package}." for package in companions.PACKAGES))
TEXT = frozenset({str})
DUNDER = "\0__"  # `check_names` joins names by \0
PLAIN = frozenset({bool, bytes, dict, float, int, list, np.ndarray, str, tuple, type(None)})
VERSION = "_sklearn_version"  # in an estimator's state: the scikit-learn that saved it


def attributes_of(
    state: Any, allowed: Collection[str] = ()
) -> tuple[dict[str, Any], dict[str, Any], set[type]]:
    """The attributes in a state, those in slots, and the types of values that are not plain.

    UntrustedError for names with two leading underscores that are not `allowed`.
    """
    plain, slots = state if type(state) is tuple and len(state) == 2 else (state, None)
    kinds: set[type] = set()
    for part in (plain, slots):
        if part is None:
            continue
        if type(part) is not dict:
            raise refuse("a state that is not a dictionary")
        check_names(part, allowed)
        kinds |= check_values(part.values())
    if plain and VERSION in plain:
        saved = plain[VERSION]
        if type(saved) is not str or not VERSIONS.fullmatch(saved):  # scikit-learn may print it
            raise refuse("an invalid version")
    return plain or {}, slots or {}, kinds


def check_names(names: Collection[Any], allowed: Collection[str] = ()) -> None:
    """UntrustedError for names with two leading underscores that are not `allowed`."""
    if TEXT.issuperset(map(type, names)) and DUNDER not in "\0" + "\0".join(names):
        return  # one search is faster than a test of each name
    for name in names:
        if type(name) is not str or (name.startswith("__") and name not in allowed):
            raise UntrustedError(f"an attribute {shown(name)}")


def check_own(state: Any) -> None:
    """UntrustedError for a state of a trusted class that has a name with two leading underscores.

    `inspect` cannot know whether the class has its own `__setstate__`, so the rule does not depend
    on it.
    """
    for part in state if type(state) is tuple and len(state) == 2 else (state,):
        for name, value in part.items() if type(part) is dict else ():
            if type(name) is str and name.startswith("__"):
                raise UntrustedError(f"an attribute {shown(name)}")
            check_values([value])


def check_values(values: Collection[Any]) -> set[type]:
    """The types that are not plain; UntrustedError for a token that no object may hold."""
    kinds = set(map(type, values)) - PLAIN
    for kind in kinds:
        if issubclass(kind, Named) and not kind.is_value:
            name = next(one.full_name for one in values if type(one) is kind)
            raise UntrustedError(f"{name} as a value")
    return kinds


def check_arguments(values: Collection[Any]) -> None:
    """UntrustedError for tokens of the unpickler, which trusted code must not get."""
    for one in values:
        if isinstance(one, Argument) or (isinstance(one, Named) and not one.is_value):
            raise UntrustedError(f"{one.full_name} as an argument")


class Blank:
    """A stand-in for an object, for `inspect`; `full_name` is that of its class, if known."""

    def __init__(self, full_name: str = "") -> None:
        self.full_name = full_name


def is_frame(value: Any) -> bool:
    """Whether it is a stand-in for a DataFrame or a Series."""
    return type(value) is Blank and value.full_name in pickled_methods.FRAMES


class BlankTuple(tuple[Any, ...]):
    """A stand-in for a named tuple."""


class Instance(Named):
    """A class written in Python. Its objects are created without a constructor call.

    If `cls` is None, as for `inspect`, it creates stand-ins.
    """

    def __init__(self, full_name: str, cls: Any = None) -> None:
        super().__init__(full_name)
        self.cls = cls
        self.holds_tables = not full_name.startswith(HOLD_NO_TABLES)

    def new(self, arguments: tuple[Any, ...], keywords: Mapping[str, Any]) -> Any:
        """Create an object without attributes."""
        if arguments or keywords:
            raise UntrustedError(f"arguments for {self.full_name}")
        return Blank(self.full_name) if self.cls is None else object.__new__(self.cls)

    def build(self, made: Any, state: Any) -> None:
        """Set the attributes, by the class's own `__setstate__` if it has one."""
        plain, slots, kinds = attributes_of(state)
        if not self.holds_tables and (
            pickled_methods.has_frame(kinds)
            or (Blank in kinds and any(map(is_frame, (*plain.values(), *slots.values()))))
        ):
            raise UntrustedError(f"a table as an attribute of {self.full_name}")
        if self.cls is None:
            return
        setstate = getattr(self.cls, "__setstate__", None)
        if setstate is not None:
            setstate(made, state)
        else:
            vars(made).update(plain)
            for name, value in slots.items():
                object.__setattr__(made, name, value)


class NativeInstance(Instance):
    """A class of a companion library that passes values of its state to native code."""

    def build(self, made: Any, state: Any) -> None:
        """Check the types of the values that native code gets, then call `__setstate__`."""
        kinds = companions.NATIVE[self.full_name]
        if type(state) is not dict:
            raise refuse("a state that is not a dictionary")
        attributes_of(state, allowed=kinds)
        for key, allowed in kinds.items():
            if key in state and type(state[key]) not in allowed:
                raise UntrustedError(f"an attribute {key} of another type for {self.full_name}")
        companions.check_trees(self.full_name, state)
        if self.cls is not None:
            companions.before_native_code()
            self.cls.__setstate__(made, state)


class DictInstance(Instance):
    """A subclass of `dict`; the pickle sets its items, too."""

    fills = (dict,)

    def new(self, arguments: tuple[Any, ...], keywords: Mapping[str, Any]) -> Any:
        """Create an empty dictionary."""
        if arguments or keywords:
            raise UntrustedError(f"arguments for {self.full_name}")
        return Blank() if self.cls is None else dict.__new__(self.cls)


class TupleInstance(Instance):
    """A named tuple; its values are the arguments."""

    def new(self, arguments: tuple[Any, ...], keywords: Mapping[str, Any]) -> Any:
        """Create the tuple from its values."""
        return tuple.__new__(BlankTuple if self.cls is None else self.cls, arguments)


class Extension(Instance):
    """A compiled class: its constructor creates objects, its `__setstate__` sets their state."""

    def call(self, arguments: tuple[Any, ...]) -> Any:
        """Call the constructor with plain values or arrays."""
        if not all(type(one) in (int, float, np.ndarray, type(None)) for one in arguments):
            raise UntrustedError(f"arguments for {self.full_name}")
        return Blank() if self.cls is None else self.cls(*arguments)

    def new(self, arguments: tuple[Any, ...], keywords: Mapping[str, Any]) -> Any:
        """Like `call`: the protocol decides which of the two opcodes a pickle has."""
        return self.call(arguments)

    def build(self, made: Any, state: Any) -> None:
        """Call `__setstate__`; a state of attributes is checked first."""
        if type(state) is dict:
            attributes_of(state)
        if self.cls is not None:
            self.cls.__setstate__(made, state)


class BlankExtension(Extension):
    """A compiled class whose objects its module's `newObj` creates, without arguments."""

    def call(self, arguments: tuple[Any, ...]) -> Any:
        """Create an object without content."""
        if arguments:
            raise UntrustedError(f"arguments for {self.full_name}")
        return Blank() if self.cls is None else self.cls.__new__(self.cls)


class Trusted(Named):
    """A class or function that the operator trusts: it is called as pickle calls it."""

    is_value = True
    fills = (list, dict, set)

    def __init__(self, full_name: str, target: Any) -> None:
        super().__init__(full_name)
        self.target = target

    def call(self, arguments: tuple[Any, ...]) -> Any:
        """Call the class or function."""
        check_arguments(arguments)
        return self.target(*arguments)

    def new(self, arguments: tuple[Any, ...], keywords: Mapping[str, Any]) -> Any:
        """Call its `__new__`."""
        check_arguments((*arguments, *keywords.values()))
        return self.target.__new__(self.target, *arguments, **keywords)

    def build(self, made: Any, state: Any) -> None:
        """Set the state as pickle does."""
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
    """A stand-in for a function that rebuilds objects, for `inspect`."""

    def call(self, arguments: tuple[Any, ...]) -> Any:
        """Return a stand-in for the result."""
        return Blank()

    def new(self, arguments: tuple[Any, ...], keywords: Mapping[str, Any]) -> Any:
        """Return a stand-in for the object."""
        return Blank()

    def build(self, made: Any, state: Any) -> None:
        """Accept any state."""


class StatelessStandIn(StandIn):
    """A stand-in for a function whose objects have no state."""

    build = Named.build


class UnlistedStandIn(StandIn):
    """A stand-in for a name that is not listed: `load` refuses it, `inspect` continues."""

    is_value = True
    fills = (list, dict, set)


class TrustedStandIn(UnlistedStandIn):
    """A stand-in for a trusted name; it makes the same checks as `Trusted`."""

    def call(self, arguments: tuple[Any, ...]) -> Any:
        """Return a stand-in for the result."""
        check_arguments(arguments)
        return Blank()

    def new(self, arguments: tuple[Any, ...], keywords: Mapping[str, Any]) -> Any:
        """Return a stand-in for the object."""
        check_arguments((*arguments, *keywords.values()))
        return Blank()

    def build(self, made: Any, state: Any) -> None:
        """Check the state."""
        check_own(state)


class StandInFunction(Named):
    """A stand-in for a function that estimators hold."""

    is_value = True
