"""The names that a pickled model may use, by the way in which the unpickler uses them.

Every entry is one exact, full name; there are no prefixes or patterns. Any other name is refused,
unless the operator trusts it (`trust.py`).
"""

import collections
import datetime
import decimal
from collections.abc import Mapping
from typing import Any

import numpy as np

from service.model import companions, estimator_names, older_names


def _names(*blocks: Mapping[str, str]) -> frozenset[str]:
    return frozenset(
        f"{module}.{name}"
        for block in blocks
        for module, names in block.items()
        for name in names.split()
    )


# Python types that objects hold as values, such as `dtype=float` or a defaultdict's factory.
PLAIN_TYPES: dict[str, type] = {
    f"builtins.{kind.__name__}": kind
    for kind in (bool, bytearray, bytes, complex, dict, float, frozenset, int, list, object, range,
                 set, slice, str, tuple)
} | {
    f"{kind.__module__}.{kind.__name__}": kind
    for kind in (collections.Counter, collections.OrderedDict, collections.defaultdict,
                 collections.deque, datetime.date, datetime.datetime, datetime.time,
                 datetime.timedelta, datetime.timezone, decimal.Decimal)
}  # fmt: skip

# NumPy's scalar types and ufuncs, which objects hold as values. A pickle may name any module that
# exports a ufunc, so only the ufunc's own name is looked up.
SCALAR_TYPES: dict[str, Any] = {
    f"numpy.{name}": kind
    for name, kind in vars(np).items()
    if isinstance(kind, type) and issubclass(kind, np.generic)
}
UFUNCS: dict[str, np.ufunc] = {
    name: value for name, value in vars(np).items() if isinstance(value, np.ufunc)
}

NUMPY_FUNCTIONS = _names(
    {
        "numpy": (
            "all any argmax argmin argsort around asarray average array ascontiguousarray clip "
            "column_stack concatenate count_nonzero cumprod cumsum diff dot expand_dims fliplr "
            "flipud hstack interp isclose max mean median min nan_to_num nanmax nanmean nanmedian "
            "nanmin nanpercentile nanstd nansum nanvar ones_like outer percentile prod ptp "
            "quantile ravel real real_if_close reshape round select shape sort squeeze stack std "
            "sum swapaxes take tile transpose unique unwrap var vstack where zeros_like"
        ),
        "numpy.linalg": "norm",
    }
)

SCIPY_INSTANCES = _names(
    {
        "scipy.interpolate._bsplines": "BSpline",
        "scipy.interpolate._cubic": "Akima1DInterpolator CubicSpline PchipInterpolator",
        "scipy.interpolate._interpolate": "BPoly PPoly interp1d",
        "scipy.sparse._bsr": "bsr_array bsr_matrix",
        "scipy.sparse._coo": "coo_array coo_matrix",
        "scipy.sparse._csc": "csc_array csc_matrix",
        "scipy.sparse._csr": "csr_array csr_matrix",
        "scipy.sparse._dia": "dia_array dia_matrix",
        "scipy.sparse._lil": "lil_array lil_matrix",
    }
)
SCIPY_FUNCTIONS = _names(
    {"scipy._lib.array_api_compat.numpy._aliases": "asarray"},
    {
        f"scipy.special{module}": (
            "boxcox boxcox1p cbrt digamma entr erf erfc erfinv exp10 exp2 expit expm1 exprel gamma "
            "gammaln huber inv_boxcox inv_boxcox1p kl_div log1p log_expit log_ndtr loggamma logit "
            "ndtr ndtri pseudo_huber psi rel_entr xlog1py xlogy"
        )
        for module in ("", "._ufuncs", "._special_ufuncs")
    },
    {"scipy.special._logsumexp": "log_softmax logsumexp softmax"},
)

PANDAS_INSTANCES = _names(
    {
        "pandas": (
            "BooleanDtype CategoricalDtype DataFrame Float32Dtype Float64Dtype Int16Dtype "
            "Int32Dtype Int64Dtype Int8Dtype Series UInt16Dtype UInt32Dtype UInt64Dtype UInt8Dtype"
        ),
        "pandas.arrays": "BooleanArray FloatingArray IntegerArray",
    }
)

# joblib's `Memory`, which pipelines hold as `memory=`; predicting does not use it.
JOBLIB_INSTANCES = _names(
    {"joblib.memory": "Memory", "joblib._store_backends": "FileSystemStoreBackend"}
)

OLDER = older_names.is_older()
INSTANCES = (
    _names(estimator_names.INSTANCES, companions.INSTANCES)
    | _names(older_names.INSTANCES if OLDER else {})
    | SCIPY_INSTANCES
    | PANDAS_INSTANCES
    | JOBLIB_INSTANCES
)
NATIVE = frozenset(companions.NATIVE)
DICTS = frozenset({"sklearn.utils._bunch.Bunch"})
TUPLES = frozenset({"sklearn.impute._iterative._ImputerTriplet"})
EXTENSIONS = _names(estimator_names.EXTENSIONS, older_names.EXTENSIONS if OLDER else {})
BLANK_EXTENSIONS = _names(
    estimator_names.BLANK_EXTENSIONS, older_names.BLANK_EXTENSIONS if OLDER else {}
)
MODULES: Mapping[str, str] = older_names.MODULES if OLDER else {}
FUNCTIONS = (
    _names(estimator_names.FUNCTIONS) | NUMPY_FUNCTIONS | SCIPY_FUNCTIONS | frozenset({"pandas.NA"})
)


def ufunc(module: str, name: str) -> np.ufunc | None:
    """NumPy's ufunc of that name, if the module is one of NumPy's."""
    return UFUNCS.get(name) if module.split(".")[0] == "numpy" else None
