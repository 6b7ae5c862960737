"""Unpickle a model with the classes that models are made of, and nothing else.

A pickle names what it wants imported and called. Here a name passes only if it is a class of
scikit-learn, NumPy, SciPy or pandas, or one of a short list of functions that rebuild objects and
compute. The operator may add modules; an artifact cannot. docs/trust.md says what this stops.
"""

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable, Collection
from functools import cache
from typing import Any

PACKAGES = {"sklearn", "numpy", "scipy", "pandas"}

# Within those packages: what opens files, runs commands or loads more code.
FORBIDDEN = (
    "numpy.ctypeslib", "numpy.distutils", "numpy.f2py", "numpy.lib", "numpy.memmap",
    "numpy.testing", "pandas.ExcelFile", "pandas.ExcelWriter", "pandas.HDFStore", "pandas.io",
    "pandas.util", "scipy.datasets", "scipy.io", "sklearn.datasets", "sklearn.externals",
    "sklearn.utils._testing",
)  # fmt: skip

BUILTINS = {
    "builtins": {
        "bool", "bytearray", "bytes", "complex", "dict", "float", "frozenset", "int", "list",
        "object", "range", "set", "slice", "str", "tuple",
    },
    "_codecs": {"encode"},
    "collections": {"Counter", "OrderedDict", "defaultdict", "deque"},
    "copyreg": {"_reconstructor", "__newobj__"},
    "datetime": {"date", "datetime", "timedelta", "timezone"},
    "decimal": {"Decimal"},
    "joblib.numpy_pickle": {"NumpyArrayWrapper"},
}  # fmt: skip

# Functions by module: those that rebuild objects, and those that estimators hold and call.
REBUILDING = {
    "numpy._core.multiarray": {"_reconstruct", "scalar"},
    "numpy.core.multiarray": {"_reconstruct", "scalar"},
    "numpy._core.numeric": {"_frombuffer"},
    "numpy.core.numeric": {"_frombuffer"},
    "functools": {"partial"},
    "numpy.ma.core": {"_mareconstruct"},
    "numpy.random._pickle": {"__bit_generator_ctor", "__generator_ctor", "__randomstate_ctor"},
    "pandas._libs.arrays": {"__pyx_unpickle_NDArrayBacked"},
    "pandas._libs.internals": {"_unpickle_block"},
    "pandas.core.indexes.base": {"_new_Index"},
    "pandas.core.internals.blocks": {"new_block"},
    "sklearn.neighbors._ball_tree": {"newObj"},
    "sklearn.neighbors._kd_tree": {"newObj"},
    "sklearn.metrics._dist_metrics": {"newObj"},
    "sklearn.utils.validation": {"check_array"},
}
COMPUTING = ("sklearn.metrics.", "sklearn.feature_selection._univariate_selection.")
FUNCTIONS_OF_TYPE = ("numpy.", "scipy.special.")  # ufuncs, as in FunctionTransformer(np.log1p)

COMPRESSED: tuple[tuple[bytes, Callable[[bytes], bytes]], ...] = (
    (b"\x1f\x8b", gzip.decompress),
    (b"BZh", bz2.decompress),
    (b"\xfd7zXZ", lzma.decompress),
    (b"\x5d\x00", lzma.decompress),
    (b"x", zlib.decompress),  # no pickle starts with an x
)


class UntrustedError(Exception):
    """A model file wants something that is not on the list; the text names it."""


def decompressed(content: bytes) -> bytes:
    """The pickle in a file that joblib may have compressed; ValueError if it is damaged."""
    for magic, decompress in COMPRESSED:
        if content.startswith(magic):
            try:
                return decompress(content)
            except (OSError, EOFError, lzma.LZMAError, zlib.error) as error:
                raise ValueError(f"cannot be decompressed ({error})") from error
    return content


def allowed(module: str, name: str, trusted: Collection[str] = ()) -> bool:
    """Whether a pickle may import this, judged by the names alone; nothing is imported."""
    dotted = f"{module}.{name}"
    if _within(module, trusted):
        return True
    if name in BUILTINS.get(module, ()) or name in REBUILDING.get(module, ()):
        return True
    if "." in name or module.split(".")[0] not in PACKAGES:
        return False
    if _within(dotted, FORBIDDEN) or ".tests" in dotted:
        return False
    # classes of these two are written in capitals; what is not is a function, and most are not ours
    in_capitals = module.split(".")[0] in ("sklearn", "pandas")
    return not in_capitals or name.strip("_")[0].isupper() or _computes(module, name)


def _within(dotted: str, modules: Collection[str]) -> bool:
    return any(dotted == module or dotted.startswith(f"{module}.") for module in modules)


def _found_as_allowed(found: Any, module: str, name: str) -> bool:
    """Whether an allowed name led to a class of those packages or a function of the list."""
    if name in BUILTINS.get(module, ()) or name in REBUILDING.get(module, ()):
        return True
    home = getattr(found, "__module__", None) or ""
    if isinstance(found, type):
        return home.split(".")[0] in PACKAGES and not _within(f"{home}.{name}", FORBIDDEN)
    if type(found).__name__ == "ufunc":
        return f"{module}.".startswith(FUNCTIONS_OF_TYPE)
    return _computes(home or module, name) and callable(found)


def _computes(module: str, name: str) -> bool:
    """Whether it is a function that rebuilds an object of ours or that estimators call."""
    if name.startswith("__pyx_unpickle_"):
        return module.split(".")[0] in PACKAGES
    return f"{module}.".startswith(COMPUTING)


def load(content: bytes, trusted: Collection[str] = ()) -> Any:
    """Unpickle what joblib dumped; UntrustedError names the first thing that is not allowed.

    `trusted` are modules that the operator allows on top, with all that is in them.
    """
    return _unpickler()(io.BytesIO(decompressed(content)), trusted).load()


@cache
def _unpickler() -> Any:
    from joblib.numpy_pickle import NumpyUnpickler  # heavy: only where a pickle is read

    class Unpickler(NumpyUnpickler):  # type: ignore[misc]  # joblib has no type hints
        """joblib's own, which reads arrays of objects through `find_class`, too."""

        def __init__(self, file: io.BytesIO, trusted: Collection[str]) -> None:
            super().__init__("", file, ensure_native_byte_order=True)
            self.trusted = trusted

        def find_class(self, module: str, name: str) -> Any:
            if not allowed(module, name, self.trusted):
                raise UntrustedError(f"{module}.{name}")
            found = super().find_class(module, name)
            if _within(module, self.trusted) or _found_as_allowed(found, module, name):
                return found
            raise UntrustedError(f"{module}.{name}")

    return Unpickler
