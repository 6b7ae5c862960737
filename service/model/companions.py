"""The estimators of XGBoost, LightGBM and CatBoost that a pickled model may hold, class by class.

Their pickles are data: attributes, and the trees in the library's own format, which the library
reads in native code. While a model is loaded and tried, `audit_rules.py` lets these libraries call
their own native code, and no other.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from importlib.metadata import PackageNotFoundError, version

PACKAGES = ("catboost", "lightgbm", "xgboost")
# Distributions that bring the same package; the second leaves out what graphics cards need.
DISTRIBUTIONS = {"xgboost": ("xgboost", "xgboost-cpu")}

# Classes whose state is attributes; how they predict is scikit-learn's way.
INSTANCES = {
    "lightgbm.sklearn": "LGBMClassifier LGBMModel LGBMRanker LGBMRegressor",
    "xgboost.sklearn": (
        "XGBClassifier XGBModel XGBRanker XGBRegressor XGBRFClassifier XGBRFRegressor"
    ),
}

# Classes that hand a value of their state to native code, by its key, and the types it may have.
NATIVE: Mapping[str, Mapping[str, tuple[type, ...]]] = {
    "catboost.core.CatBoost": {"__model": (bytes,)},
    "catboost.core.CatBoostClassifier": {"__model": (bytes,)},
    "catboost.core.CatBoostRanker": {"__model": (bytes,)},
    "catboost.core.CatBoostRegressor": {"__model": (bytes,)},
    # LightGBM 4 and later keep the model under `_handle`, those before under `handle`.
    "lightgbm.basic.Booster": dict.fromkeys(("_handle", "handle"), (str, type(None))),
    "xgboost.core.Booster": {"handle": (bytearray, type(None))},
}


_allowed = ContextVar("native code may read bytes of the file", default=True)


class NativeCodeError(Exception):
    """Native code would read bytes of the file, which could end this process: try a forked one."""


@contextmanager
def without_native_code() -> Iterator[None]:
    """Raise NativeCodeError in place of a call of native code that reads bytes of the file."""
    token = _allowed.set(False)
    try:
        yield
    finally:
        _allowed.reset(token)


def before_native_code() -> None:
    """NativeCodeError inside of `without_native_code`."""
    if not _allowed.get():
        raise NativeCodeError("native code reads a part of the model")


def installed_version(name: str) -> str:
    """The version of a library, by whatever distribution brings it; PackageNotFoundError."""
    *others, last = DISTRIBUTIONS.get(name, (name,))
    for one in others:
        try:
            return version(one)
        except PackageNotFoundError:
            continue
    return version(last)
