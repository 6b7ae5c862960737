"""Makes a pandas DataFrame whose columns have the types that the model was fitted on."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.model import dates
from service.model.signature import Input

Column = NDArray[Any]
BITS = (8, 16, 32, 64)
MASKED = {  # pandas' types whose null is NA, and the type of their values
    **{f"Int{bits}": f"int{bits}" for bits in BITS},
    **{f"UInt{bits}": f"uint{bits}" for bits in BITS},
    "Float32": "float32",
    "Float64": "float64",
    "boolean": "bool",
}


def frame(inputs: Sequence[Input], columns: Sequence[Column]) -> Any:
    """A DataFrame of the inputs in order, from columns of `predictor.as_column`."""
    import pandas as pd  # heavy, and only models that were fitted on a frame need it

    data: dict[str, Any] = {}
    for one, values in zip(inputs, columns, strict=True):
        data[one.name] = values
        if one.dtype == "object" and one.null == "none":
            data[one.name] = pd.Series(with_none(values), dtype=object)  # else None becomes NaN
        elif one.dtype in MASKED:
            data[one.name] = _masked(values, one.dtype)
        elif one.dtype.startswith("datetime64"):
            data[one.name] = _moments(values, one.dtype)
        elif one.dtype == "category":
            data[one.name] = _categories(values, one.categories)
        elif one.dtype == "object":
            data[one.name] = pd.Series(values, dtype=object)  # else pandas makes text of it
        elif values.dtype.name != one.dtype:  # astype of the frame would take ten times as long
            dtype: Any = one.dtype
            data[one.name] = pd.array(values, dtype=dtype)
    return pd.DataFrame(data, copy=False)


def with_none(values: Column) -> Column:
    """The values with None in place of NaN."""
    made = np.empty(len(values), dtype=object)
    made[:] = [None if value != value else value for value in values.tolist()]
    return made


def _masked(values: Column, dtype: str) -> Any:
    """An array of a type whose null is NA. Integers stay exact."""
    import pandas as pd

    missing = np.array([value != value for value in values.tolist()], dtype=bool)
    filled = [0 if gone else value for gone, value in zip(missing, values.tolist(), strict=True)]
    present = np.array(filled, dtype=MASKED[dtype])
    kinds = {"b": pd.arrays.BooleanArray, "f": pd.arrays.FloatingArray}
    return kinds.get(present.dtype.kind, pd.arrays.IntegerArray)(present, missing)


def _moments(values: Column, dtype: str) -> Any:
    import pandas as pd

    zone = dates.zone_of(dtype)
    found: Any = pd.Series(values)
    return found if zone is None else found.dt.tz_localize("UTC").dt.tz_convert(zone)


def _categories(values: Column, known: Sequence[Any] | None) -> Any:
    """Known categories keep their positions and so their codes; others are appended."""
    import pandas as pd

    if known is None:
        return pd.Series(values).astype("category")
    listed = list(known)
    places = set(listed)
    others = [value for value in dict.fromkeys(values.tolist()) if value == value]
    listed += [value for value in others if value not in places]
    return pd.Categorical(values, categories=listed)
