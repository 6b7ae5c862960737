"""The classes of XGBoost, LightGBM and CatBoost that a pickled model may hold.

Their pickles have attributes, and the trees in the library's own format, which its native code
reads. While a model is loaded and tried, `audit_rules.py` allows these libraries to call their own
native code, and no other.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from service.model import xgboost_trees

PACKAGES = ("catboost", "lightgbm", "xgboost")
# Distributions with the same package; xgboost-cpu is without GPU support.
DISTRIBUTIONS = {"xgboost": ("xgboost", "xgboost-cpu")}

# Classes whose state is attributes, with scikit-learn's interface.
INSTANCES = {
    "lightgbm.sklearn": "LGBMClassifier LGBMModel LGBMRanker LGBMRegressor",
    "xgboost.sklearn": (
        "XGBClassifier XGBModel XGBRanker XGBRegressor XGBRFClassifier XGBRFRegressor"
    ),
}

# Classes that pass values of their state to native code: the key of each, and its allowed types.
NATIVE: Mapping[str, Mapping[str, tuple[type, ...]]] = {
    "catboost.core.CatBoost": {"__model": (bytes,)},
    "catboost.core.CatBoostClassifier": {"__model": (bytes,)},
    "catboost.core.CatBoostRanker": {"__model": (bytes,)},
    "catboost.core.CatBoostRegressor": {"__model": (bytes,)},
    # LightGBM 4 has the model under `_handle`, earlier versions under `handle`.
    "lightgbm.basic.Booster": dict.fromkeys(("_handle", "handle"), (str, type(None))),
    "xgboost.core.Booster": {"handle": (bytearray, type(None))},
}


def check_trees(full_name: str, state: Mapping[str, Any]) -> None:
    """ValueError if trees are damaged that native code would read without checks of its own.

    CatBoost checks its own format, and LightGBM's is lines of text.
    """
    content = state.get("handle") if full_name == "xgboost.core.Booster" else None
    if content is not None:
        try:
            xgboost_trees.check(content)
        except ValueError as error:
            raise ValueError(f"is damaged: its trees cannot be read: {error}") from error


_allowed = ContextVar("native code may read bytes of the file", default=True)


class NativeCodeError(Exception):
    """Native code would read bytes of the file, and could crash: use a forked process first."""


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
    """The version of a library, from any distribution that has it; PackageNotFoundError."""
    *others, last = DISTRIBUTIONS.get(name, (name,))
    for one in others:
        try:
            return version(one)
        except PackageNotFoundError:
            continue
    return version(last)
