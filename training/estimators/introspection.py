"""The parts of a fitted estimator, and what its encoders learned about each input column."""

import copy
from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from training.companions import encoders, readers

Names = Sequence[str]


def parts(estimator: Any) -> Iterator[Any]:
    """Every estimator within a fitted one, each once; the first is the estimator itself."""
    seen: set[int] = set()
    waiting = [estimator]
    while waiting:
        part = waiting.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        if hasattr(part, "get_params") and not isinstance(part, type):
            yield part
            waiting.extend(vars(part).values())
        elif isinstance(part, Mapping):
            waiting.extend(part.values())
        elif isinstance(part, list | tuple):
            waiting.extend(part)
        elif isinstance(part, np.ndarray) and part.dtype == object:
            waiting.extend(part.ravel().tolist())
        elif type(part).__module__.startswith("sklearn.") and hasattr(part, "__dict__"):
            waiting.extend(vars(part).values())  # such as the folds of a calibrated classifier


def feature_names(estimator: Any) -> list[str] | None:
    """The column names of the DataFrame that it was fitted on; None if that was an array.

    For an array, LightGBM and CatBoost invent names.
    """
    package = type(estimator).__module__.split(".")[0]
    found = getattr(estimator, f"feature_names_{'' if package == 'catboost' else 'in_'}", None)
    if found is None:
        return None
    made_up = {"lightgbm": "Column_{}", "catboost": "{}"}.get(package, "")
    names = [str(name) for name in found]
    if made_up and names == [made_up.format(place) for place in range(len(names))]:
        return None
    return names


def feature_count(estimator: Any) -> int | None:
    """The number of columns that it was fitted on; None if unknown."""
    if type(estimator).__module__.split(".")[0] == "catboost":  # n_features_in_ is 0 once loaded
        return len(estimator.feature_names_)
    count: int | None = getattr(estimator, "n_features_in_", None)
    return count


def is_parallel(part: Any) -> bool:
    """Whether a part would use more than one core; XGBoost and LightGBM do by default."""
    one = (1,) if type(part).__module__.split(".")[0] in ("lightgbm", "xgboost") else (None, 1)
    return hasattr(part, "n_jobs") and part.n_jobs not in one


def parallel_parts(estimator: Any) -> list[str]:
    """Class names of the parts that would compute in several processes or threads."""
    return sorted({type(part).__name__ for part in filter(is_parallel, parts(estimator))})


def without_samplers(estimator: Any) -> Any:
    """The estimator; a pipeline of imbalanced-learn becomes one of scikit-learn without samplers,
    which only work while a pipeline is fitted.
    """
    kind = type(estimator)
    if f"{kind.__module__}.{kind.__qualname__}" != "imblearn.pipeline.Pipeline":
        return estimator
    steps = [one for one in estimator.steps if not hasattr(one[1], "fit_resample")]
    return Pipeline(steps, memory=estimator.memory)


def with_one_job(estimator: Any) -> Any:
    """The estimator with `n_jobs=1` in each of its parts.

    If a part has to change, the result is a copy. The copy shares numeric arrays and trees with the
    original, so that the copy of a large forest needs little memory.
    """
    if not any(map(is_parallel, parts(estimator))):
        return estimator
    shared = {
        id(value): value
        for part in parts(estimator)
        for value in vars(part).values()
        if type(value).__name__ == "Tree"
        or (isinstance(value, np.ndarray) and not value.dtype.hasobject)
    }
    made = copy.deepcopy(estimator, shared)
    for part in filter(is_parallel, parts(made)):
        part.n_jobs = 1
    return made


def known_values(estimator: Any, names: Names) -> dict[str, set[Any]]:
    """The categories that encoders learned, by input column."""
    known: dict[str, set[Any]] = {}
    for part, columns in _input_parts(estimator, list(names)):
        categories = getattr(part, "categories_", None)
        if isinstance(categories, list) and len(categories) == len(columns):
            for name, values in zip(columns, categories, strict=True):
                known.setdefault(name, set()).update(_listed(np.asarray(values)))
        for place, own in readers.categories(part).items():
            if place < len(columns):
                known.setdefault(columns[place], set()).update(own)
        for name, own in encoders.known(part).items():
            if name in columns:
                known.setdefault(name, set()).update(own)
    return known


def known_types(estimator: Any, names: Names) -> dict[str, str]:
    """The dtype of the categories that encoders learned, by input column."""
    known: dict[str, str] = {}
    for part, columns in _input_parts(estimator, list(names)):
        categories = getattr(part, "categories_", None)
        if isinstance(categories, list) and len(categories) == len(columns):
            for name, values in zip(columns, categories, strict=True):
                known.setdefault(name, str(np.asarray(values).dtype))
    return known


def known_edges(estimator: Any, names: Names) -> dict[str, set[float]]:
    """The bin edges that discretizers learned, by input column."""
    known: dict[str, set[float]] = {}
    for part, columns in _input_parts(estimator, list(names)):
        edges = getattr(part, "bin_edges_", None)
        if isinstance(edges, np.ndarray) and len(edges) == len(columns):
            for name, values in zip(columns, edges, strict=True):
                known.setdefault(name, set()).update(np.asarray(values).tolist())
    return known


def _listed(values: Any) -> list[Any]:
    """Plain values. Dates stay datetime64: `tolist` would turn some of them into integers."""
    return list(values) if values.dtype.kind in "mM" else values.tolist()


def imputed(estimator: Any, names: Names) -> dict[str, tuple[Any, Any]]:
    """The missing value of imputers, and the value that they insert, by input column."""
    found: dict[str, tuple[Any, Any]] = {}
    for part, columns in _input_parts(estimator, list(names)):
        statistics = getattr(part, "statistics_", None)
        if isinstance(statistics, np.ndarray) and len(statistics) == len(columns):
            for name, value in zip(columns, statistics.tolist(), strict=True):
                found.setdefault(name, (getattr(part, "missing_values", None), value))
    return found


def closed_columns(estimator: Any, names: Names) -> dict[str, list[Any]]:
    """The categories of the input columns that accept no others.

    XGBoost 3.2.0 does not detect every unknown category, and then its prediction is arbitrary.
    """
    return {
        columns[place]: sorted(own)
        for part, columns in _input_parts(estimator, list(names))
        if type(part).__module__ == "xgboost.sklearn"
        for place, own in readers.categories(part).items()
    }


def text_columns(estimator: Any, names: Names) -> set[str]:
    """The input columns that text vectorizers read."""
    return {
        columns[0]
        for part, columns in _input_parts(estimator, list(names))
        if hasattr(part, "build_analyzer") and len(columns) == 1
    }


def reads_texts(estimator: Any) -> bool:
    """Whether the estimator's whole input is a list of texts, which a vectorizer reads.

    Vectorizers record no number of columns; what records one takes a table.
    """
    return feature_count(estimator) is None and bool(text_columns(estimator, ["any"]))


def columns_by_readers(estimator: Any, names: Names) -> list[list[str]]:
    """The input columns in groups: the same parts of the estimator read all columns of a group."""
    readers: dict[str, list[int]] = {name: [] for name in names}
    for number, (_, columns) in enumerate(_input_parts(estimator, list(names))):
        for name in columns if len(columns) < len(names) else ():
            readers[name].append(number)
    groups: dict[tuple[int, ...], list[str]] = {}
    for name, parts_of_it in readers.items():
        groups.setdefault(tuple(parts_of_it), []).append(name)
    return list(groups.values())


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
