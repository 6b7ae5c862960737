"""Rebuild pandas' indexes, blocks and arrays, and check every argument.

pandas is imported only if a model has one of them.
"""

import datetime
import zoneinfo
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import numpy as np

from service.model.pickled_tokens import Argument, Named, Pending, Rebuilder

INDEXES = (
    "pandas.Index", "pandas.RangeIndex", "pandas.MultiIndex", "pandas.DatetimeIndex",
    "pandas.TimedeltaIndex", "pandas.CategoricalIndex",
)  # fmt: skip
INDEX_KEYS = frozenset(
    {"data", "name", "start", "stop", "step", "levels", "codes", "names", "sortorder", "freq"}
)
ARRAYS = (
    "pandas.arrays.StringArray", "pandas.arrays.DatetimeArray", "pandas.arrays.TimedeltaArray",
    "pandas.arrays.NumpyExtensionArray", "pandas.Categorical",
)  # fmt: skip
SINGLE_MANAGER = "pandas.core.internals.managers.SingleBlockManager"
ARROW_STRINGS = "pandas.arrays.ArrowStringArray"
MANAGER = "pandas.core.internals.managers.BlockManager"


def damaged(what: str) -> ValueError:
    """The error for content that pandas would not have written. `inspect` does not find it."""
    return ValueError(f"is damaged: {what}")


def name_of(value: Any, *full_names: str) -> str:
    """The full name of a `Named` argument, which must be one of these."""
    if isinstance(value, Named) and value.full_name in full_names:
        return value.full_name
    raise damaged(f"an argument is not {full_names[0]}")


class ArrayOf(Rebuilder):
    """`__pyx_unpickle_NDArrayBacked`: an extension array; its state has its dtype and values."""

    takes_state = True

    def build(self, made: Any, state: Any) -> None:
        """Set the state: `(dtype, values)`, or the same with further attributes."""
        if type(state) is not tuple or len(state) not in (2, 3):
            raise damaged("the state of a pandas array")
        extension_type = private("core.dtypes.base", "ExtensionDtype")
        if not isinstance(state[0], np.dtype | extension_type):
            raise damaged("the dtype of a pandas array")
        if not isinstance(state[1], np.ndarray):
            raise damaged("the values of a pandas array")
        made.__setstate__(state)


class Manager(Rebuilder):
    """The manager of a Series: one block. pandas reads its state itself."""

    takes_state = True

    def build(self, made: Any, state: Any) -> None:
        """Check the outer shape of the state, and set it."""
        if type(state) is not tuple or len(state) != 4 or type(state[3]) is not dict:
            raise damaged("the state of a pandas series")
        made.__setstate__(state)


class Strings(Rebuilder):
    """Text that pandas held in Arrow's format; `arrow_rebuilding.py` has already converted it."""

    takes_state = waits = True

    def call(self, arguments: tuple[Any, ...]) -> Any:
        """Make an array of Python's strings from the state; it does not need pyarrow."""

        def finish(state: Any) -> Any:
            content = state.get("_pa_array", state.get("_data")) if type(state) is dict else None
            if type(content) is not np.ndarray or content.dtype != object:
                raise damaged("the content of pandas' strings")
            import pandas as pd

            kind = state.get("_dtype")
            if not isinstance(kind, pd.StringDtype):
                raise damaged("the type of pandas' strings")
            return pd.array(content, dtype=kind)

        return Pending(finish)


def private(module: str, name: str) -> Any:
    """An object of a private module of pandas, which its pickles name."""
    return getattr(import_module(f"pandas.{module}"), name)


def found(full_name: str) -> Any:
    """An object of pandas by its full name, in `pandas` or `pandas.arrays`."""
    import pandas as pd  # slow to import, and few models have such objects

    name = full_name.removeprefix("pandas.")
    return getattr(pd.arrays, name.removeprefix("arrays.")) if "." in name else getattr(pd, name)


def new_index(kind: Any, content: Any) -> Any:
    """`pandas.core.indexes.base._new_Index`."""
    name = name_of(kind, *INDEXES)
    if type(content) is not dict or not content.keys() <= INDEX_KEYS:
        raise damaged("the content of a pandas index")
    parts = [content["data"]] if "data" in content else []
    for key in ("levels", "codes"):
        if type(content.get(key, [])) is not list:
            raise damaged("the content of a pandas index")
        parts += content.get(key, [])
    if not all(_is_one_dimensional(one) for one in parts):
        raise damaged("the content of a pandas index")
    return private("core.indexes.base", "_new_Index")(found(name), content)


def _is_one_dimensional(values: Any) -> bool:
    """Whether these are an array or an index. Of nested lists pandas would walk every level."""
    import pandas as pd

    kinds = np.ndarray | pd.Index | pd.api.extensions.ExtensionArray
    return isinstance(values, kinds) and values.ndim == 1


def single_manager(*arguments: Any) -> Any:
    """The manager of a Series, without its state."""
    if arguments:
        raise damaged("arguments of a pandas series")
    cls = private("core.internals.managers", "SingleBlockManager")
    return cls.__new__(cls)


def array(kind: Any, checksum: Any, state: Any) -> Any:
    """`pandas._libs.arrays.__pyx_unpickle_NDArrayBacked`, without its state."""
    name = name_of(kind, *ARRAYS)
    if state is not None:
        raise damaged("the state of a pandas array")
    cls = found(name)
    return cls.__new__(cls)


def block(values: Any, placement: Any, dimensions: Any) -> Any:
    """`pandas._libs.internals._unpickle_block`."""
    if type(dimensions) is not int or type(placement) not in (slice, np.ndarray):
        raise damaged("a block of a pandas frame")
    return private("_libs.internals", "_unpickle_block")(values, placement, dimensions)


def manager(blocks: Any, axes: Any) -> Any:
    """The BlockManager of pandas, whose blocks must lie exactly in its columns."""
    kind = private("_libs.internals", "Block")
    if type(blocks) is not tuple or not all(isinstance(one, kind) for one in blocks):
        raise damaged("the blocks of a pandas frame")
    index = private("core.indexes.base", "Index")
    if type(axes) is not list or len(axes) != 2 or not all(isinstance(one, index) for one in axes):
        raise damaged("the axes of a pandas frame")
    if sum(len(one.mgr_locs) for one in blocks) != len(axes[0]):
        raise damaged("the places of blocks in a pandas frame")
    placed = [place for one in blocks for place in one.mgr_locs.as_array.tolist()]
    if sorted(placed) != list(range(len(axes[0]))):
        raise damaged("the places of blocks in a pandas frame")
    return private("core.internals.managers", "BlockManager")(blocks, axes)


def string_type(storage: Any = None, missing: Any = None) -> Any:
    """`pandas.StringDtype`, always with Python's strings: the service may lack pyarrow."""
    if storage not in ("python", "pyarrow"):
        raise damaged("a string type of pandas")
    import pandas as pd

    return pd.StringDtype("python", na_value=np.nan if missing is not pd.NA else pd.NA)


def interval(left: Any, right: Any, closed: Any) -> Any:
    """`pandas.Interval`."""
    import pandas as pd

    return pd.Interval(left, right, closed)


def timestamp(value: Any, freq: Any, zone: Any, resolution: Any = 10) -> Any:
    """`pandas._libs.tslibs.timestamps._unpickle_timestamp`."""
    if type(value) is not int or type(resolution) is not int:
        raise damaged("a timestamp of pandas")
    if not isinstance(
        zone, datetime.timezone | zoneinfo.ZoneInfo | None
    ):  # pandas would open a text as a path
        raise damaged("the time zone of a timestamp of pandas")
    return private("_libs.tslibs.timestamps", "_unpickle_timestamp")(value, freq, zone, resolution)


def timedelta(value: Any, resolution: Any) -> Any:
    """`pandas._libs.tslibs.timedeltas._timedelta_unpickle`."""
    if type(value) is not int or type(resolution) is not int:
        raise damaged("a time difference of pandas")
    return private("_libs.tslibs.timedeltas", "_timedelta_unpickle")(value, resolution)


def not_a_time(*_: Any) -> Any:
    """`pandas._libs.tslibs.nattype._nat_unpickle`."""
    import pandas as pd

    return pd.NaT


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "pandas.core.indexes.base._new_Index": new_index,
    "pandas._libs.internals._unpickle_block": block,
    "pandas.core.internals.blocks.new_block": block,
    MANAGER: manager,
    "pandas.StringDtype": string_type,
    "pandas.Interval": interval,
    "pandas._libs.tslibs.timestamps._unpickle_timestamp": timestamp,
    "pandas._libs.tslibs.timedeltas._timedelta_unpickle": timedelta,
    "pandas._libs.tslibs.nattype._nat_unpickle": not_a_time,
}
ARRAY = "pandas._libs.arrays.__pyx_unpickle_NDArrayBacked"
ARGUMENTS = frozenset({*INDEXES, *ARRAYS})


def named(full_name: str) -> Named | None:
    """The token of a name of pandas; None if this module does not rebuild it."""
    if full_name == ARRAY:
        return ArrayOf(full_name, array)
    if full_name == SINGLE_MANAGER:
        return Manager(full_name, single_manager)
    if full_name == ARROW_STRINGS:
        return Strings(full_name, damaged)
    if full_name in FUNCTIONS:
        return Rebuilder(full_name, FUNCTIONS[full_name])
    return Argument(full_name) if full_name in ARGUMENTS else None
