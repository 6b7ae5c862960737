"""Unpickle a model with what models are made of, and nothing else.

A pickle names things to import, calls some of them, and hands state to others. Here a name passes
only if it is on the lists of `names.py`, a call only if it rebuilds an object; functions that
estimators hold may be named, not called. The operator may add modules; an artifact cannot.
docs/trust.md says what this stops.
"""

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable, Collection
from functools import cache, partial
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

from service.model.names import BUILTINS, REBUILDING, allowed, is_extension, within

COMPRESSED: tuple[tuple[bytes, Callable[[bytes], bytes]], ...] = (
    (b"\x1f\x8b", gzip.decompress),
    (b"BZh", bz2.decompress),
    (b"\xfd7zXZ", lzma.decompress),
    (b"\x5d\x00", lzma.decompress),
    (b"x", zlib.decompress),  # no pickle starts with an x
)
PLAIN = (object, dict, list, set, tuple, str, int, float)


class UntrustedError(Exception):
    """A model file wants something that is not allowed: what, and the module to trust for it."""

    def __init__(self, wanted: str, module: str) -> None:
        super().__init__(wanted)
        self.module = module


def decompressed(content: bytes) -> bytes:
    """The pickle in a file that joblib may have compressed; ValueError if it is damaged."""
    for magic, decompress in COMPRESSED:
        if content.startswith(magic):
            try:
                return decompress(content)
            except (OSError, EOFError, lzma.LZMAError, zlib.error) as error:
                raise ValueError(f"cannot be decompressed ({error})") from error
    return content


def load(content: bytes, trusted: Collection[str] = ()) -> Any:
    """Unpickle what joblib dumped; UntrustedError names the first thing that is not allowed.

    `trusted` are modules that the operator allows on top, with all that is in them.
    """
    return _unpickler()(io.BytesIO(decompressed(content)), trusted).load()


def _reconstructor(cls: type, base: type, state: Any) -> Any:
    """copyreg's, but only for plain bases: it would run the constructor of another."""
    if base not in PLAIN or not isinstance(cls, type):
        name = getattr(base, "__name__", "something")
        raise UntrustedError(f"the constructor of {name}", getattr(base, "__module__", ""))
    if base is object:
        return object.__new__(cls)
    made: Any = base.__new__(cls, state)  # type: ignore[call-arg]
    base.__init__(made, state)  # type: ignore[call-arg]
    return made


def may_be_called(function: Any, trusted: Collection[str]) -> bool:
    """Whether a pickle may call this while it is loaded: only what rebuilds objects."""
    module = getattr(function, "__module__", None) or ""
    if function is _reconstructor or within(module, trusted):
        return True
    name = getattr(function, "__name__", "")
    if isinstance(function, type):
        package = module.split(".")[0]
        if (
            function is partial
            or name in BUILTINS.get(module, ())
            or package in ("numpy", "pandas")
        ):
            return True
        return package in ("sklearn", "scipy") and is_extension(function)
    return name in REBUILDING.get(module, ()) or name.startswith("__pyx_unpickle_")


@cache
def _unpickler() -> Any:
    from joblib import numpy_pickle as joblib  # heavy: only where a pickle is read

    class Wrapper(joblib.NumpyArrayWrapper):  # type: ignore[misc]  # joblib has no type hints
        """joblib's own, but what is inside an array of objects is unpickled as strictly."""

        def read_array(self, unpickler: Any, ensure_native_byte_order: bool) -> Any:
            if not self.dtype.hasobject:
                return super().read_array(unpickler, ensure_native_byte_order)
            return Unpickler(unpickler.file_handle, unpickler.trusted).load()

    class Unpickler(joblib.NumpyUnpickler):  # type: ignore[misc]
        """joblib's own, which is Python's in Python, with a look at each name and each call."""

        dispatch = joblib.NumpyUnpickler.dispatch.copy()

        def __init__(self, file: io.BytesIO, trusted: Collection[str]) -> None:
            super().__init__("", file, ensure_native_byte_order=True)
            self.trusted = trusted

        def find_class(self, module: str, name: str) -> Any:
            if (module, name) == ("copyreg", "_reconstructor"):
                return _reconstructor
            if (module, name) == ("joblib.numpy_pickle", "NumpyArrayWrapper"):
                return Wrapper
            if not allowed(module, name, self.trusted):
                raise UntrustedError(f"{module}.{name}", module)
            found = super().find_class(module, name)
            home = getattr(found, "__module__", None) or module
            if isinstance(found, ModuleType) or not allowed(home, name, self.trusted, also=module):
                raise UntrustedError(f"{module}.{name}", module)
            return found

        def load_reduce(self) -> None:
            self.check_call(self.stack[-2])
            joblib.NumpyUnpickler.load_reduce(self)

        dispatch[b"R"[0]] = load_reduce

        def load_build(self) -> None:
            if isinstance(self.stack[-2], type | FunctionType | BuiltinFunctionType):
                kind = self.stack[-2]
                raise UntrustedError(f"a change to {kind.__name__}", kind.__module__ or "")
            joblib.NumpyUnpickler.load_build(self)

        dispatch[b"b"[0]] = load_build

        def _instantiate(self, klass: Any, args: Any) -> None:
            self.check_call(klass)
            joblib.NumpyUnpickler._instantiate(self, klass, args)

        def check_call(self, function: Any) -> None:
            if not may_be_called(function, self.trusted):
                module = getattr(function, "__module__", None) or ""
                name = getattr(function, "__qualname__", type(function).__qualname__)
                raise UntrustedError(f"a call of {module}.{name}", module)

    return Unpickler
