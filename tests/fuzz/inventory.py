"""The names that exist: attributes of every kind of the modules that are loaded.

Names are drawn with a bias: most from those that models need, some from the same modules, some from
anywhere, and some that would have an effect if they were called.
"""

import random
import sys
from collections.abc import Callable, Iterable
from copy import copy
from dataclasses import dataclass, field
from types import ModuleType

from tests.fuzz import own
from tests.fuzz.tokens import Contents

ROOTS = (
    "builtins", "sys", "os", "posix", "io", "importlib", "operator", "types", "functools",
    "itertools", "collections", "copyreg", "copy", "pickle", "codecs", "_codecs", "weakref",
    "inspect",
    "ctypes", "subprocess", "shutil", "tempfile", "pathlib", "runpy", "code", "gc", "threading",
    "logging", "warnings", "zipimport", "pkgutil", "datetime", "decimal", "re", "_io",
    "numpy", "scipy", "pandas", "sklearn", "joblib", "threadpoolctl", "service",
)  # fmt: skip
OWN = own.__name__  # some programs may use its names
# A loader must refuse all of these. The audit hook blocks them if it does not.
DANGEROUS = (
    ("os", "system"), ("posix", "system"), ("os", "mkdir"), ("posix", "mkdir"), ("os", "open"),
    ("os", "putenv"), ("os", "environ"), ("os", "environ.__setitem__"), ("os", "listdir"),
    ("io", "open"), ("_io", "open"), ("_io", "FileIO"), ("builtins", "open"), ("builtins", "eval"),
    ("builtins", "exec"), ("builtins", "compile"), ("builtins", "__import__"),
    ("builtins", "getattr"), ("builtins", "setattr"), ("builtins", "globals"), ("builtins", "map"),
    ("builtins", "vars"), ("builtins", "type"), ("builtins", "super"), ("operator", "attrgetter"),
    ("operator", "methodcaller"), ("operator", "itemgetter"), ("operator", "setitem"),
    ("importlib", "import_module"), ("importlib", "reload"), ("subprocess", "Popen"),
    ("subprocess", "run"), ("shutil", "rmtree"), ("os", "kill"), ("socket", "socket"),
    ("ctypes", "CDLL"), ("runpy", "run_path"), ("types", "FunctionType"), ("types", "CodeType"),
    ("sys", "modules"), ("sys", "path"), ("sys", "path.append"), ("builtins", "__dict__"),
    ("builtins", "object.__subclasses__"), ("builtins", "type.__call__"),
    ("copyreg", "dispatch_table"),
    ("copyreg", "add_extension"), ("copyreg", "pickle"), ("pickle", "loads"), ("joblib", "load"),
    ("joblib", "Memory"), ("numpy", "load"), ("numpy", "memmap"), ("numpy", "fromfile"),
    ("numpy", "loadtxt"), ("numpy", "save"), ("pandas", "read_csv"), ("pandas", "read_pickle"),
    ("pandas", "eval"), ("numpy.lib.npyio", "DataSource"), ("tempfile", "mkdtemp"),
    ("pathlib", "Path"), ("pathlib", "Path.touch"), ("pathlib", "Path.mkdir"),
    ("antigravity", "fly"),
    ("tests.fuzz.absent", "Missing"), ("webbrowser", "open"), ("logging", "FileHandler"),
)  # fmt: skip
DUNDERS = (
    "__dict__", "__builtins__", "__path__", "__getattr__", "__class__", "__init__", "__new__",
    "__globals__", "__subclasses__", "__reduce__", "__reduce_ex__", "__setstate__", "__getstate__",
    "__code__", "__self__", "__module__", "__name__", "__qualname__", "__loader__", "__spec__",
    "__call__", "__setitem__", "__setattr__", "__defaults__", "__wrapped__", "__func__",
    "__bases__",
    "__mro__", "__doc__", "__all__", "__annotations__", "__closure__", "__get__", "__closure__",
)  # fmt: skip
CONTAINERS = {dict: "dict", list: "list", set: "set"}


@dataclass(frozen=True, order=True)
class Name:
    """A module and an attribute of it, dotted or not, and what kind of object it is."""

    module: str
    attribute: str
    kind: str = field(default="unknown", compare=False)


def kind_of(thing: object) -> str:
    """What a program could do with an object: the container opcodes, a call, a state."""
    for container, kind in CONTAINERS.items():
        if isinstance(thing, container):
            return kind
    if isinstance(thing, type):
        return "class"
    if isinstance(thing, ModuleType):
        return "module"
    return "function" if callable(thing) else "instance"


def live_modules() -> dict[str, ModuleType]:
    """The loaded modules of the standard library's risky parts and of the scientific packages."""
    found = sorted(sys.modules.items())
    return {
        name: module
        for name, module in found
        if isinstance(module, ModuleType) and (name.split(".")[0] in ROOTS or name == OWN)
    }


class Inventory:
    """All names, by the groups that they are drawn from."""

    def __init__(self, used: Iterable[Contents]) -> None:
        """`used` is what the seeds do with names."""
        self.objects: dict[Name, object] = {}
        self.by_module: dict[str, list[Name]] = {}
        self.by_kind: dict[str, list[Name]] = {}
        self.accepted: dict[str, list[Name]] = {}
        for place, module in live_modules().items():
            names = []
            for attribute, thing in sorted(vars(module).items(), key=lambda pair: str(pair[0])):
                if isinstance(attribute, str) and "\n" not in attribute:
                    name = Name(place, attribute, kind_of(thing))
                    self.objects[name] = thing
                    self.by_kind.setdefault(name.kind, []).append(name)
                    names.append(name)
            if names:
                self.by_module[place] = names
        self.modules = list(self.by_module)
        self.needed = self._known(one.names for one in used)
        self.needed_by_kind = {
            "called": self._known(one.called for one in used),
            "class": self._known(one.made for one in used),
        }
        self.own = 0.0
        self.near = sorted({name.module for name in self.needed} & set(self.modules))

    def _known(self, groups: Iterable[set[tuple[str, str]]]) -> list[Name]:
        names = [Name(*pair) for pair in sorted(set().union(*groups))]
        return [Name(n.module, n.attribute, kind_of(self.objects.get(n))) for n in names]

    def accept(self, accepts: Callable[[Name], bool]) -> None:
        """Ask the loader which names it accepts: they are drawn more often than the others."""
        for name in self.objects:
            if accepts(name):
                self.accepted.setdefault(name.kind, []).append(name)

    def trusting(self) -> "Inventory":
        """The same for an operator who trusts `own.py`: its names are drawn often."""
        other = copy(self)
        other.own = 0.3
        return other

    def draw(self, chance: random.Random, strange: float, kind: str | None = None) -> Name:
        """Some name; `strange` is how often it is one that a loader should refuse."""
        if chance.random() < self.own:
            own = [name for name in self.by_module[OWN] if kind in (None, name.kind)]
            return chance.choice(own or self.by_module[OWN])
        if chance.random() >= strange:
            return self.usual(chance, kind)
        if kind is not None and chance.random() < 0.5:
            return chance.choice(self.by_kind["function" if kind == "called" else kind])
        drawn = chance.random()
        if drawn < 0.4:
            return chance.choice(self.by_module[chance.choice(self.near)])
        if drawn < 0.55:
            return chance.choice(self.by_module[chance.choice(self.modules)])
        if drawn < 0.7:
            return Name(*chance.choice(DANGEROUS))
        if drawn < 0.85:
            return Name(chance.choice(self.near), chance.choice(DUNDERS))
        return self.dotted(chance)

    def usual(self, chance: random.Random, kind: str | None = None) -> Name:
        """A name that the seeds import or that the loader accepts; of a kind, if there is one."""
        if kind is None:  # a value: only functions are values that models hold
            kind = "function" if chance.random() < 0.9 else chance.choice(list(self.accepted))
        if kind == "called" or (kind in self.needed_by_kind and chance.random() < 0.5):
            return chance.choice(self.needed_by_kind[kind])
        return chance.choice(self.accepted.get(kind) or self.needed)

    def dotted(self, chance: random.Random) -> Name:
        """A name that leads through an object: an attribute of an attribute."""
        group = self.by_module[chance.choice(self.near if chance.random() < 0.7 else self.modules)]
        name = chance.choice(group)
        thing = self.objects[name]
        inside = [*DUNDERS, *(key for key in vars(type(thing)) if isinstance(key, str))]
        if isinstance(thing, ModuleType | type):
            inside += [key for key in vars(thing) if isinstance(key, str)]
        return Name(name.module, f"{name.attribute}.{chance.choice(inside)}")
