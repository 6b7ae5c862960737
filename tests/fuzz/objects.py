"""Live objects: what modules hold must be the same after a program as it was before.

A copy of each object's parts is kept, so that one comparison by identity shows whether it changed.
"""

import copyreg
import operator
import os
import pickle
import sys
from collections.abc import Iterable, Iterator, Mapping
from types import FunctionType, MappingProxyType, ModuleType
from typing import Any

import numpy as np

from tests.fuzz.inventory import Inventory

SMALL = 10_000  # bytes of an array that are compared
Parts = tuple[Any, ...]
# Python changes these itself, whenever a class or function is used.
CACHES = {"re._cache", "re._cache2"}  # a pattern in a model file is one more of them
VOLATILE = {"__warningregistry__", "_abc_impl", "__abstractmethods__", "__annotations__"}


def attributes(thing: object) -> Mapping[Any, Any] | None:
    """The dictionary of a module, class, function or instance; a dictionary itself."""
    if isinstance(thing, dict):
        return thing
    try:
        found = object.__getattribute__(thing, "__dict__")
    except AttributeError:
        return None
    return found if isinstance(found, dict | MappingProxyType) else None


def parts(thing: object) -> Parts | None:
    """What an object is made of, one level deep; None if nothing of it can change."""
    if isinstance(thing, list | set):
        return tuple(thing)
    if isinstance(thing, np.ndarray):
        plain = thing.nbytes < SMALL and not thing.dtype.hasobject
        return (np.ndarray.tobytes(thing),) if plain else None
    known = attributes(thing)
    if known is None:
        return None
    found = (*known, *known.values())
    if isinstance(thing, FunctionType):
        found += (thing.__code__, thing.__defaults__, thing.__kwdefaults__)
    if isinstance(thing, type):
        found += (thing.__bases__,)
    return found


def same(before: Parts, after: Parts | None) -> bool:
    """Whether these are the same objects; bytes are compared by value."""
    if after is None or len(before) != len(after):
        return False
    if all(map(operator.is_, before, after)):
        return True
    pairs = zip(before, after, strict=True)
    return all(one is other or (type(one) is bytes and one == other) for one, other in pairs)


def expected(thing: object, before: Parts, after: Parts) -> bool:
    """Whether a difference is no more than what an import or a cache of Python's own leaves."""
    if attributes(thing) is None or isinstance(thing, FunctionType):
        return False
    extra = 1 if isinstance(thing, type) else 0
    old, new = _as_dictionary(before, extra), _as_dictionary(after, extra)
    kept = all(new.get(key, new) is value for key, value in old.items() if key not in VOLATILE)
    added = (value for key, value in new.items() if key not in old and key not in VOLATILE)
    bases = before[len(before) - extra :] == after[len(after) - extra :]
    return kept and bases and all(isinstance(value, ModuleType) for value in added)


def _as_dictionary(found: Parts, extra: int) -> dict[Any, Any]:
    half = (len(found) - extra) // 2
    return dict(zip(found[:half], found[half : 2 * half], strict=True))


class Objects:
    """All watched objects, each by a name with its place."""

    def __init__(self, names: Inventory, loader: Iterable[str]) -> None:
        """`loader` are the modules of the loader: they are looked at after each program."""
        self.things: dict[int, tuple[str, Any]] = {}
        self.before: dict[int, Parts] = {}
        self.by_name: dict[tuple[str, str], int] = {}
        for name, thing in names.objects.items():
            self.by_name[name.module, name.attribute] = id(thing)
            self.watch(f"{name.module}.{name.attribute}", thing)
            if isinstance(thing, type):
                for key, value in list(vars(thing).items()):
                    if isinstance(value, dict | list | set):
                        self.watch(f"{name.module}.{name.attribute}.{key}", value)
        for module in names.modules:
            self.watch(module, sys.modules[module])
        self.always = [id(thing) for thing in self.central(set(loader)) if id(thing) in self.things]

    def watch(self, where: str, thing: Any) -> None:
        """Keep the parts of an object, if it has some that can change."""
        if where in CACHES:
            return
        if id(thing) not in self.things and (found := parts(thing)) is not None:
            self.things[id(thing)] = where, thing
            self.before[id(thing)] = found

    def central(self, loader: set[str]) -> Iterator[Any]:
        """What a program would change first: the loader itself and what Python imports by."""
        yield from (vars(pickle)["_Unpickler"], copyreg.dispatch_table, sys.path, sys.meta_path)
        yield from (sys.modules["builtins"], os.environ, sys.path_hooks)
        for name in sorted(loader & set(sys.modules)):
            yield sys.modules[name]
            yield from vars(sys.modules[name]).values()
        for package in ("numpy", "scipy", "pandas", "sklearn", "joblib"):
            yield from (sys.modules[package], getattr(sys.modules[package], "__path__", None))

    def changed(self, places: Iterable[int]) -> Iterator[str]:
        """Which of these objects changed since they were looked at."""
        for place in places:
            where, thing = self.things[place]
            before, after = self.before[place], parts(thing)
            if not same(before, after):
                self.before[place] = after or ()
                if not expected(thing, before, after or ()):
                    yield where

    def changed_by(self, names: Iterable[tuple[str, str]]) -> list[str]:
        """What changed of the central objects, and of those that a program named."""
        named = (self.by_name.get(name) for name in names)
        places = [place for place in named if place in self.things and place is not None]
        return list(self.changed([*self.always, *places]))

    def all_changed(self) -> list[str]:
        """What changed of all objects; it takes a fraction of a second."""
        return list(self.changed(list(self.things)))

    def ignore_changes(self) -> None:
        """Forget the objects that change by themselves: caches."""
        for place in list(self.things):
            if list(self.changed([place])):
                del self.things[place]
        self.always = [place for place in self.always if place in self.things]
