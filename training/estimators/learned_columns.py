"""What the parts of a fitted estimator learned about its input columns."""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from training.companions import encoders, readers


@dataclass(frozen=True, slots=True)
class LearnedColumns:
    """What the parts of an estimator learned about its input columns, by name.

    `categories` and their `dtypes` come from encoders, bin `edges` from discretizers. `imputed` has
    the missing value of imputers and the value that they insert. `closed` has the categories of
    columns that accept no others. `texts` are the columns that text vectorizers read, and `numbers`
    those that are known to have held numbers. `groups` are groups of columns that the same parts
    read.
    """

    groups: list[list[str]]
    categories: dict[str, set[Any]] = field(default_factory=dict)
    dtypes: dict[str, str] = field(default_factory=dict)
    edges: dict[str, set[float]] = field(default_factory=dict)
    imputed: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    closed: dict[str, list[Any]] = field(default_factory=dict)
    texts: set[str] = field(default_factory=set)
    numbers: set[str] = field(default_factory=set)


def learned_columns(estimator: Any, names: Sequence[str]) -> LearnedColumns:
    """What an estimator learned about its input columns, which are called `names`."""
    parts = list(_input_parts(estimator, list(names)))
    learned = LearnedColumns(_groups(names, [columns for _, columns in parts]))
    for part, columns in parts:
        _add_attributes(learned, part, columns)
        _add_codes(learned, part, columns)
        for name, values in encoders.known(part).items():
            if name in columns:
                learned.categories.setdefault(name, set()).update(values)
        if hasattr(part, "build_analyzer") and len(columns) == 1:
            learned.texts.add(columns[0])
    return learned


def _groups(names: Sequence[str], read: Sequence[Sequence[str]]) -> list[list[str]]:
    """The columns in groups that the same parts read; `read` are the columns of each part."""
    parts: dict[str, list[int]] = {name: [] for name in names}
    for number, columns in enumerate(read):
        for name in columns if len(columns) < len(names) else ():
            parts[name].append(number)
    groups: dict[tuple[int, ...], list[str]] = {}
    for name, numbers in parts.items():
        groups.setdefault(tuple(numbers), []).append(name)
    return list(groups.values())


def _add_attributes(learned: LearnedColumns, part: Any, columns: Sequence[str]) -> None:
    """Add what a transformer of scikit-learn learned; its attributes have an item per column."""
    for name, values in _by_column(part, "categories_", list, columns):
        array = np.asarray(values)
        learned.dtypes.setdefault(name, str(array.dtype))
        # `tolist` would turn some dates into integers.
        plain = list(array) if array.dtype.kind in "mM" else array.tolist()
        learned.categories.setdefault(name, set()).update(plain)
    for name, values in _by_column(part, "bin_edges_", np.ndarray, columns):
        learned.edges.setdefault(name, set()).update(np.asarray(values).tolist())
    missing = getattr(part, "missing_values", None)
    for name, value in _by_column(part, "statistics_", np.ndarray, columns):
        learned.imputed.setdefault(name, (missing, value))


def _by_column(
    part: Any, attribute: str, kind: Any, columns: Sequence[str]
) -> Iterator[tuple[str, Any]]:
    """Each column with its item of an attribute, if that is of this kind and has one for each."""
    values = getattr(part, attribute, None)
    if isinstance(values, kind) and len(values) == len(columns):
        yield from zip(columns, values.tolist() if kind is np.ndarray else values, strict=True)


def _add_codes(learned: LearnedColumns, part: Any, columns: Sequence[str]) -> None:
    """Add the categories that XGBoost or LightGBM learned, and the columns without, by position.

    XGBoost 3.2.0 does not detect every unknown category, and then its prediction is arbitrary: its
    columns are closed.
    """
    learned.numbers.update(columns[one] for one in readers.numbers(part) if one < len(columns))
    for place, values in readers.categories(part).items():
        if place < len(columns):
            learned.categories.setdefault(columns[place], set()).update(values)
            if type(part).__module__ == "xgboost.sklearn":
                learned.closed[columns[place]] = sorted(values)


def _input_parts(part: Any, columns: list[str]) -> Iterator[tuple[Any, list[str]]]:
    """Each part that gets input columns unchanged, with their names."""
    yield part, columns
    steps = getattr(part, "steps", None)  # of a pipeline
    if steps and not (yield from _input_steps(steps, columns)):
        return
    for _, transformer, choice in getattr(part, "transformers_", ()):
        if not isinstance(transformer, str):
            yield from _input_parts(transformer, resolve_columns(choice, columns))
    for _, transformer in getattr(part, "transformer_list", ()):  # of a union
        if not isinstance(transformer, str):
            yield from _input_parts(transformer, columns)
    for attribute in ("best_estimator_", "estimator_", "regressor_", "estimator", "_preprocessor"):
        inner = getattr(part, attribute, None)
        if hasattr(inner, "get_params"):
            yield from _input_parts(inner, columns)
    inner = getattr(part, "estimators_", None)
    if isinstance(inner, list):
        for one in inner:
            yield from _input_parts(one, columns)
    for one in getattr(part, "calibrated_classifiers_", ()):
        inner = one.estimator if hasattr(one, "estimator") else one.base_estimator  # before 1.2
        yield from _input_parts(inner, columns)


def _input_steps(
    steps: list[Any], columns: list[str]
) -> Generator[tuple[Any, list[str]], None, bool]:
    """`_input_parts` of the steps of a pipeline, up to the first that does not keep the columns.

    Return whether all steps keep them.
    """
    for _, step in steps:
        if step is None or isinstance(step, str):
            continue
        yield from _input_parts(step, columns)
        if getattr(step, "n_features_in_", None) != len(columns) or not _keeps(step):
            return False
    return True


def _keeps(step: Any) -> bool:
    """Whether each output column of a step comes from the input column at the same position."""
    if type(step).__name__ == "FunctionTransformer":
        return step.func is None
    if encoders.keeps_columns(step):
        return True
    return type(step).__name__ in {
        "SimpleImputer",
        "StandardScaler",
        "MinMaxScaler",
        "RobustScaler",
    }


def resolve_columns(choice: Any, columns: list[str]) -> list[str]:
    """The names that a ColumnTransformer selects by names, positions, a slice or a mask."""
    if isinstance(choice, str):
        return [choice]
    if isinstance(choice, slice) and isinstance(choice.start or choice.stop, str):
        first = 0 if choice.start is None else columns.index(choice.start)
        last = len(columns) if choice.stop is None else columns.index(choice.stop) + 1
        return columns[first:last]
    listed = list(choice) if not isinstance(choice, int | slice) else choice
    if isinstance(listed, list) and all(isinstance(one, str) for one in listed):
        return listed
    picked = np.array(columns, dtype=object)[listed]
    return [str(name) for name in np.atleast_1d(picked)]
