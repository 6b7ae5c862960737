"""The modules that an artifact brings for its model: source files in its folder `code/`.

They are imported only if the operator trusts their digest (`SERVICE_TRUSTED_CODE`), from the bytes
that were compared with the manifest, never from a path. The import is outside of the guard.
"""

import ast
import hashlib
import importlib.util
import re
import sys
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.abc import MetaPathFinder, SourceLoader
from importlib.machinery import ModuleSpec
from types import ModuleType

from service.model import audit_imports, trust
from service.model.errors import one_line

FOLDER = "code/"  # of an artifact
FILE = re.compile(r"code/(?:[^\W\d]\w*/)*[^\W\d]\w*\.py", re.ASCII)
SLIPWAY = frozenset({"service", "training", "slipway"})


class CodeError(Exception):
    """Code cannot be imported; the text is one line."""


@dataclass(frozen=True, slots=True)
class OwnCode:
    """The full names of a model's own modules that its pickle may use.

    The pickle may create objects of `classes`. Estimators may hold `functions`, and the pickle may
    not call them. `renamed` maps names of `__main__` to the module and name in the artifact.
    """

    classes: frozenset[str] = frozenset()
    functions: frozenset[str] = frozenset()
    renamed: Mapping[tuple[str, str], tuple[str, str]] = field(default_factory=dict)


NONE = OwnCode()


def digest(files: Mapping[str, str]) -> str:
    """The digest of code, from the SHA-256 of each file: the digest of the output of `sha256sum`
    for the sorted files. Empty without code.
    """
    lines = [f"{sha256}  {name}\n" for name, sha256 in sorted(files.items()) if is_code(name)]
    return f"sha256:{hashlib.sha256(''.join(lines).encode()).hexdigest()}" if lines else ""


def is_code(name: str) -> bool:
    """Whether this is the name of a file of code in an artifact."""
    return FILE.fullmatch(name) is not None


def modules(names: Collection[str]) -> list[str]:
    """The dotted names of the modules in these files."""
    return sorted(_module(name)[0] for name in names if is_code(name))


def _module(file: str) -> tuple[str, bool]:
    """The dotted name of a module, and whether it is a package."""
    dotted = file.removeprefix(FOLDER).removesuffix(".py").replace("/", ".")
    package = dotted.removesuffix(".__init__")
    return package, package != dotted


def defined(sources: Mapping[str, bytes]) -> OwnCode:
    """The classes and functions that the modules define; CodeError if one cannot be parsed.

    It imports nothing.
    """
    classes, functions = set(), set()
    for file, source in sources.items():
        module, _ = _module(file)
        try:
            body = ast.parse(source, file).body
        except (SyntaxError, ValueError) as error:
            raise CodeError(f"{file} is no Python that this version reads ({error})") from error
        for node in body:
            if isinstance(node, ast.ClassDef):
                classes.add(f"{module}.{node.name}")
            elif isinstance(node, ast.FunctionDef):
                functions.add(f"{module}.{node.name}")
    return OwnCode(frozenset(classes), frozenset(functions))


class _Loader(SourceLoader):
    """Loads modules from bytes in memory; nothing of them is cached on disk."""

    def __init__(self, sources: Mapping[str, bytes]) -> None:
        self.sources = dict(sources)
        self.files = {}
        for file in sources:
            name, is_package = _module(file)
            self.files[name] = (file, is_package)
        for name in list(self.files):  # folders without __init__.py
            for parent in _parents(name):
                self.files.setdefault(parent, (f"{FOLDER}{parent}", True))

    def get_filename(self, fullname: str) -> str:
        """The name of the module's file in the artifact."""
        return self.files[fullname][0]

    def get_data(self, path: str) -> bytes:
        """The source of the module."""
        return self.sources.get(path, b"")

    def is_package(self, fullname: str) -> bool:
        """Whether the module is a package."""
        return self.files[fullname][1]


class _Finder(MetaPathFinder):
    """Finds the modules of an artifact, before modules of the same name on the path."""

    def __init__(self, loader: _Loader) -> None:
        self.loader = loader

    def find_spec(
        self, fullname: str, path: object = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec of a module; None if the artifact does not have it."""
        if fullname not in self.loader.files:
            return None
        is_package = self.loader.is_package(fullname)
        return importlib.util.spec_from_loader(fullname, self.loader, is_package=is_package)


def _parents(name: str) -> Iterator[str]:
    while "." in name:
        name = name.rpartition(".")[0]
        yield name


def install(sources: Mapping[str, bytes]) -> OwnCode:
    """Import all modules, which the operator trusts. Return the names that the pickle may use.

    CodeError if a module cannot be imported, or has the name of another library.
    """
    found = defined(sources)
    loader = _Loader(sources)
    _forget_others(loader)
    for name in sorted({name.split(".")[0] for name in loader.files}):
        _check_name(name, loader)
    if not any(isinstance(one, _Finder) and _same(one.loader, loader) for one in sys.meta_path):
        sys.meta_path.insert(0, _Finder(loader))
    for name in sorted(loader.files):
        try:
            import_module(name)
        except Exception as error:
            raise CodeError(f"its module {name} cannot be imported ({one_line(error)})") from error
    return found


def _forget_others(loader: _Loader) -> None:
    """Remove modules of the same names that came from another artifact, as in `slipway diff`.

    Objects that were loaded with them keep their classes.
    """
    for one in list(sys.meta_path):
        if not isinstance(one, _Finder) or _same(one.loader, loader):
            continue
        if one.loader.files.keys() & loader.files.keys():
            sys.meta_path.remove(one)
            for name in one.loader.files:
                sys.modules.pop(name, None)


def _same(one: _Loader, other: _Loader) -> bool:
    return one.sources == other.sources


def _check_name(name: str, loader: _Loader) -> None:
    """CodeError if a library or another loaded module has this name."""
    taken = trust.INTERPRETER | trust.PICKLERS | trust.LISTED_PACKAGES | SLIPWAY
    if name in taken or is_library(name):
        raise CodeError(f"its module {name} has the name of a library that is installed: rename it")
    loaded = sys.modules.get(name)
    if loaded is not None and not isinstance(getattr(loaded, "__loader__", None), _Loader):
        raise CodeError(f"another module {name} is loaded already")


def is_library(name: str) -> bool:
    """Whether an installed package has this name."""
    for finder in sys.meta_path:
        found = None if isinstance(finder, _Finder) else finder.find_spec(name, None)
        if found is not None:
            places = [*(found.submodule_search_locations or ()), found.origin]
            return any(audit_imports.is_below(one, audit_imports.libraries()) for one in places)
    return False
