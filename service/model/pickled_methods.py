"""Check the attributes that name a method: scikit-learn calls it on what the file holds.

`getattr(estimator, "eval")` of a table would execute what a request says. So these attributes may
name the methods that predict, and no estimator of scikit-learn holds a table in the place of one.
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
GETTERS = frozenset({"importance_getter"})  # a path of attributes, with dots
NAMING = ATTRIBUTES | GETTERS
METHODS = frozenset(
    {
        "auto", "decision_function", "predict", "predict_log_proba", "predict_proba",
        "score_samples",
    }
)  # fmt: skip
FRAMES = frozenset({"pandas.DataFrame", "pandas.Series"})


def named_in(state: Any) -> Iterator[tuple[str, Any]]:
    """The attributes in a state that name methods. Their lists may change until the file ends."""
    for part in state if type(state) is tuple else (state,):
        if type(part) is dict and not NAMING.isdisjoint(part):
            for name in NAMING & part.keys():
                yield name, part[name]


def check(name: str, value: Any) -> None:
    """UntrustedError if an attribute names what is no method of predicting."""
    if name in GETTERS:
        if isinstance(value, str) and any(part.startswith("__") for part in value.split(".")):
            raise UntrustedError(f"the attribute {value[:60]!r} as {name}")
        return
    for one in value if type(value) in (list, tuple) else (value,):
        if one is not None and (type(one) is not str or one not in METHODS):
            text = repr(one[:60]) if type(one) is str else f"an object of {type(one).__qualname__}"
            raise UntrustedError(f"the method {text} as {name}")


def has_frame(kinds: Set[type]) -> bool:
    """Whether one is the type of a table or column of pandas, which is not imported for that."""
    pandas = sys.modules.get("pandas") if kinds else None
    return pandas is not None and not kinds.isdisjoint((pandas.DataFrame, pandas.Series))
