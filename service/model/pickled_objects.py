"""What the unpickler may do with each kind of name: make objects of it, call it, or keep it.

The stand-ins take the place of what `inspect` does not import.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from service.model import companions, pickled_methods
from service.model.rebuilding import Argument, Named, refuse, shown
from service.model.trust import UntrustedError

VERSIONS = re.compile(r"[\w.+-]{1,40}", re.ASCII)
HOLDERS = ("sklearn.", *(f"{package}." for package in companions.PACKAGES))  # of no tables
TEXT = frozenset({str})
DUNDER = "\0__"  # a name of Python's, after the mark that separates names here
# Of values that are no names, so that most need no further look.
PLAIN = frozenset({bool, bytes, dict, float, int, list, np.ndarray, str, tuple, type(None)})
VERSION = "_sklearn_version"  # of the scikit-learn that saved an estimator, in its state


def attributes_of(
    state: Any, allowed: Collection[str] = ()
) -> tuple[dict[str, Any], dict[str, Any], set[type]]:
    """The attributes in a state, those in slots, and the types of what is not plain.

    UntrustedError for names that are Python's, unless they are `allowed`.
    """
    plain, slots = state if type(state) is tuple and len(state) == 2 else (state, None)
    kinds: set[type] = set()
    for part in (plain, slots):
        if part is None:
            continue
        if type(part) is not dict:
            raise refuse("a state that is no dictionary")
        check_names(part, allowed)
        kinds |= check_values(part.values())
    if plain and VERSION in plain:
        saved = plain[VERSION]
        if type(saved) is not str or not VERSIONS.fullmatch(saved):  # scikit-learn prints it
            raise refuse("a version that is none")
    return plain or {}, slots or {}, kinds


def check_names(names: Collection[Any], allowed: Collection[str] = ()) -> None:
    """UntrustedError for attributes that are Python's, unless they are `allowed`."""
    if TEXT.issuperset(map(type, names)) and DUNDER not in "\0" + "\0".join(names):
        return  # most states, at once
    for name in names:
        if type(name) is not str or (name.startswith("__") and name not in allowed):
            raise UntrustedError(f"an attribute {shown(name)}")


def check_own(state: Any) -> None:
    """UntrustedError for what no state of an operator's own class may have: names of Python's.

    Only loading knows whether the class reads its state itself; so this holds for both.
    """
    for part in state if type(state) is tuple and len(state) == 2 else (state,):
        for name, value in part.items() if type(part) is dict else ():
            if type(name) is str and name.startswith("__"):
                raise UntrustedError(f"an attribute {shown(name)}")
            check_values([value])


def check_values(values: Collection[Any]) -> set[type]:
    """The types that are not plain; UntrustedError for a name that no object may keep."""
    kinds = set(map(type, values)) - PLAIN
    for kind in kinds:
        if issubclass(kind, Named) and not kind.is_value:
            name = next(one.full_name for one in values if type(one) is kind)
            raise UntrustedError(f"{name} as a value")
    return kinds


def check_arguments(values: Collection[Any]) -> None:
    """UntrustedError for what an operator's own code must not get: the unpickler's own objects."""
    for one in values:
        if isinstance(one, Argument) or (isinstance(one, Named) and not one.is_value):
            raise UntrustedError(f"{one.full_name} as an argument")


class Blank:
    """Stands for an object while a pickle is inspected; `full_name` is of its class, if known."""

    def __init__(self, full_name: str = "") -> None:
        self.full_name = full_name


def is_frame(value: Any) -> bool:
    """Whether it stands for a table or a column of pandas."""
    return type(value) is Blank and value.full_name in pickled_methods.FRAMES


class BlankTuple(tuple[Any, ...]):
    """Stands for a named tuple."""


class Instance(Named):
    """A class written in Python: objects are made without their constructor, then get a state.

    Without a class, while a pickle is inspected, it makes stand-ins.
    """

    def __init__(self, full_name: str, cls: Any = None) -> None:
        super().__init__(full_name)
        self.cls = cls
        self.holds_tables = not full_name.startswith(HOLDERS)

    def new(self, arguments: tuple[Any, ...], keywords: Mapping[str, Any]) -> Any:
        """Make an object without attributes."""
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
            companions.before_native_code()
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
