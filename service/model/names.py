"""The names that a model file may use: classes, what rebuilds them, and functions that they hold.

Lists of what is allowed, by package, because in a large library something always opens a file, or
runs a text. What is not here can be allowed by its module: SERVICE_TRUSTED_MODULES.
"""

from collections.abc import Collection

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
    "functools": {"partial"},
    "joblib.numpy_pickle": {"NumpyArrayWrapper"},
}  # fmt: skip

# Functions that a pickle calls to rebuild an object.
REBUILDING = {
    "_codecs": {"encode"},
    "copyreg": {"__newobj__"},
    "numpy._core.multiarray": {"_reconstruct", "scalar"},
    "numpy.core.multiarray": {"_reconstruct", "scalar"},
    "numpy._core.numeric": {"_frombuffer"},
    "numpy.core.numeric": {"_frombuffer"},
    "numpy.ma.core": {"_mareconstruct"},
    "numpy.random._pickle": {"__bit_generator_ctor", "__generator_ctor", "__randomstate_ctor"},
    "pandas._libs.internals": {"_unpickle_block"},
    "pandas.core.indexes.base": {"_new_Index"},
    "pandas.core.internals.blocks": {"new_block"},
    "sklearn.neighbors._ball_tree": {"newObj"},
    "sklearn.neighbors._kd_tree": {"newObj"},
    "sklearn.metrics._dist_metrics": {"newObj"},
}

# NumPy: what arrays and random states are; `numpy` itself has the scalar types and the ufuncs.
NUMPY = ("numpy.dtypes", "numpy.ma", "numpy.random", "numpy.matrixlib.defmatrix")
NUMPY_FORBIDDEN = {
    "DataSource", "eval", "frombuffer", "fromfile", "fromstring", "genfromtxt", "load", "loadtxt",
    "memmap", "nditer", "open_memmap", "save", "savetxt", "savez", "savez_compressed", "vectorize",
}  # fmt: skip

# pandas: frames, what they are made of, and their types.
PANDAS = (
    "pandas._libs.arrays", "pandas._libs.internals", "pandas._libs.interval",
    "pandas._libs.missing", "pandas._libs.tslibs", "pandas.arrays", "pandas.core.arrays",
    "pandas.core.dtypes.dtypes", "pandas.core.frame", "pandas.core.indexes",
    "pandas.core.internals", "pandas.core.series",
)  # fmt: skip
PANDAS_TYPES = {"Categorical", "DataFrame", "Interval", "Series", "Timedelta", "Timestamp"}

# SciPy: matrices, trees, splines, distances and ufuncs. Not its distributions: they run a text that
# is part of their state.
SCIPY = (
    "scipy._lib.array_api_compat", "scipy.interpolate", "scipy.linalg", "scipy.sparse",
    "scipy.spatial", "scipy.special",
)  # fmt: skip

# scikit-learn: its estimators, and the functions that these hold.
SKLEARN_FORBIDDEN = ("sklearn.datasets", "sklearn.externals", "sklearn.utils._testing")
SKLEARN_UTILITIES = {
    "sklearn.utils._bunch.Bunch", "sklearn.utils.Bunch", "sklearn.utils.validation.check_array",
}  # fmt: skip


def within(dotted: str, modules: Collection[str]) -> bool:
    """Whether a dotted name is one of these, or inside one of these."""
    return any(dotted == module or dotted.startswith(f"{module}.") for module in modules)


def is_extension(kind: type) -> bool:
    """Whether a class is compiled: its constructor is how it is rebuilt, and does no more."""
    return not kind.__flags__ & 1 << 9  # Py_TPFLAGS_HEAPTYPE: made by a class statement


def allowed(module: str, name: str, trusted: Collection[str] = (), also: str = "") -> bool:
    """Whether a model file may use this name, judged by the names alone; nothing is imported.

    `also` is the module where it was looked for, if it is at home in another.
    """
    if within(module, trusted) or within(also, trusted):
        return True
    for place in filter(None, (module, also)):
        if name in BUILTINS.get(place, ()) or name in REBUILDING.get(place, ()):
            return True
    if "." in name or ".tests" in module:
        return False
    package = module.split(".")[0]
    return package in BY_PACKAGE and BY_PACKAGE[package](module, name)


def _in_numpy(module: str, name: str) -> bool:
    if name in NUMPY_FORBIDDEN or (name.islower() and module == "numpy.random"):
        return False
    return module in ("numpy", "numpy._core._multiarray_umath") or within(module, NUMPY)


def _in_pandas(module: str, name: str) -> bool:
    if module == "pandas":
        return name in PANDAS_TYPES or name.endswith(("Dtype", "Index"))
    return within(module, PANDAS) and (name[0].isupper() or name.startswith("__pyx_unpickle_"))


def _in_scipy(module: str, name: str) -> bool:
    return within(module, SCIPY)


def _in_sklearn(module: str, name: str) -> bool:
    if within(module, SKLEARN_FORBIDDEN):
        return False
    if within(module, ("sklearn.utils",)):
        return f"{module}.{name}" in SKLEARN_UTILITIES or name.startswith("__pyx_unpickle_")
    return True


BY_PACKAGE = {
    "numpy": _in_numpy,
    "pandas": _in_pandas,
    "scipy": _in_scipy,
    "sklearn": _in_sklearn,
}
