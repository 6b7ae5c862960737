"""Check the attributes that name a method which scikit-learn calls on another attribute.

If that other attribute were a DataFrame and the method `eval`, a request could execute code. So
these attributes may name only methods that predict, and no estimator of scikit-learn may hold a
DataFrame.
"""

import sys
from collections.abc import Iterator, Set
from typing import Any

from service.model.trust import UntrustedError

ATTRIBUTES = frozenset(
    {
        "chain_method", "chain_method_", "response_method", "_response_method", "stack_method",
        "stack_method_",
    }
)  # fmt: skip
GETTERS = frozenset({"importance_getter"})  # a dotted path of attributes
NAMING = ATTRIBUTES | GETTERS
METHODS = frozenset(
    {
        "auto", "decision_function", "predict", "predict_log_proba", "predict_proba",
        "score_samples",
    }
)  # fmt: skip
FRAMES = frozenset({"pandas.DataFrame", "pandas.Series"})


def named_in(state: Any) -> Iterator[tuple[str, Any]]:
    """The attributes in a state that name methods. A list among them may still grow: the caller
    checks them when the whole pickle has been read.
    """
    for part in state if type(state) is tuple else (state,):
        if type(part) is dict and not NAMING.isdisjoint(part):
            for name in NAMING & part.keys():
                yield name, part[name]


def check(name: str, value: Any) -> None:
    """UntrustedError if an attribute names a method that does not predict."""
    if name in GETTERS:
        if isinstance(value, str) and any(part.startswith("__") for part in value.split(".")):
            raise UntrustedError(f"the attribute {value[:60]!r} as {name}")
        return
    for one in value if type(value) in (list, tuple) else (value,):
        if one is not None and (type(one) is not str or one not in METHODS):
            text = repr(one[:60]) if type(one) is str else f"an object of {type(one).__qualname__}"
            raise UntrustedError(f"the method {text} as {name}")


def has_frame(kinds: Set[type]) -> bool:
    """Whether one of these types is a DataFrame or a Series. It does not import pandas."""
    pandas = sys.modules.get("pandas") if kinds else None
    return pandas is not None and not kinds.isdisjoint((pandas.DataFrame, pandas.Series))
