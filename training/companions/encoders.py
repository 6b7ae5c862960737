"""Reads the categories that encoders of category_encoders and feature-engine learned.

Both are fitted on a DataFrame, and store the categories by the name of the column.
"""

from collections.abc import Iterable, Mapping
from typing import Any

PACKAGES = ("category_encoders", "feature_engine")
# Of feature-engine: their output has the columns of their input, in the same order.
IMPUTERS = (
    *("ArbitraryNumberImputer", "CategoricalImputer", "EndTailImputer", "MeanMedianImputer"),
    "RandomSampleImputer",
)


def is_encoder(part: Any) -> bool:
    """Whether it is a transformer of one of these libraries."""
    return type(part).__module__.split(".")[0] in PACKAGES


def keeps_columns(part: Any) -> bool:
    """Whether its output has the columns of its input, as that of an imputer."""
    return is_encoder(part) and type(part).__name__ in IMPUTERS


def known(part: Any) -> dict[str, list[Any]]:
    """The categories that an encoder learned, by column; none for any other estimator."""
    if not is_encoder(part):
        return {}
    if hasattr(part, "encoder_dict_"):  # of feature-engine
        return {str(name): list(values) for name, values in part.encoder_dict_.items()}
    inner = getattr(part, "ordinal_encoder", None) or part
    mapping = getattr(inner, "mapping", None)
    found = dict(_by_column(mapping))
    return {name: [one for one in values if one == one] for name, values in found.items()}


def _by_column(mapping: Any) -> Iterable[tuple[str, list[Any]]]:
    """Each column, and the index of its table of values."""
    if isinstance(mapping, Mapping):
        tables = list(mapping.items())
    elif isinstance(mapping, list):
        tables = [(one["col"], one["mapping"]) for one in mapping if "col" in one]
    else:
        return
    for name, table in tables:
        yield str(name), list(table.index if hasattr(table, "index") else table)
