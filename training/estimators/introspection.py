"""What a fitted estimator is made of, and what its encoders know of each input column."""

import copy
from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from training.companions import readers

Names = Sequence[str]


def parts(estimator: Any) -> Iterator[Any]:
    """Every estimator inside a fitted one, itself first, each once."""
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
            waiting.extend(vars(part).values())  # such as a calibrated classifier's folds


def feature_names(estimator: Any) -> list[str] | None:
    """The names of the columns of the frame that it was fitted on; None if it was an array.

    LightGBM and CatBoost make up names where there were none.
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
    """How many columns it was fitted on, or None if it does not say."""
    if type(estimator).__module__.split(".")[0] == "catboost":  # n_features_in_ is 0 once loaded
        return len(estimator.feature_names_)
    count: int | None = getattr(estimator, "n_features_in_", None)
    return count


def runs_a_pool(part: Any) -> bool:
    """Whether a part asks for more than one core; XGBoost and LightGBM do by default."""
    one = (1,) if type(part).__module__.split(".")[0] in ("lightgbm", "xgboost") else (None, 1)
    return hasattr(part, "n_jobs") and part.n_jobs not in one


def pools(estimator: Any) -> list[str]:
    """Names of the parts that would compute in several processes or threads."""
    return sorted({type(part).__name__ for part in filter(runs_a_pool, parts(estimator))})


def without_samplers(estimator: Any) -> Any:
    """A pipeline of scikit-learn in the place of one of imbalanced-learn: its samplers do something
    only while it is fitted. Any other estimator as it is.
    """
    kind = type(estimator)
    if f"{kind.__module__}.{kind.__qualname__}" != "imblearn.pipeline.Pipeline":
        return estimator
    steps = [one for one in estimator.steps if not hasattr(one[1], "fit_resample")]
    return Pipeline(steps, memory=estimator.memory)


def with_one_job(estimator: Any) -> Any:
    """The estimator with `n_jobs=1` in each of its parts; the given one is not changed.

    If a part has to change, the result is a copy. It shares the arrays of numbers and the trees
    with the original, so that the copy of a large forest needs little memory.
    """
    if not any(map(runs_a_pool, parts(estimator))):
        return estimator
    shared = {
        id(value): value
        for part in parts(estimator)
        for value in vars(part).values()
        if type(value).__name__ == "Tree"
        or (isinstance(value, np.ndarray) and not value.dtype.hasobject)
    }
    made = copy.deepcopy(estimator, shared)
    for part in filter(runs_a_pool, parts(made)):
        part.n_jobs = 1
    return made


def known_values(estimator: Any, names: Names) -> dict[str, set[Any]]:
    """The categories that encoders inside learned, by input column."""
    known: dict[str, set[Any]] = {}
    for part, columns in _fed(estimator, list(names)):
        categories = getattr(part, "categories_", None)
        if isinstance(categories, list) and len(categories) == len(columns):
            for name, values in zip(columns, categories, strict=True):
                known.setdefault(name, set()).update(_listed(np.asarray(values)))
        for place, own in readers.categories(part).items():
            if place < len(columns):
                known.setdefault(columns[place], set()).update(own)
    return known


def known_types(estimator: Any, names: Names) -> dict[str, str]:
    """The type in which encoders inside keep the categories of each input column."""
    known: dict[str, str] = {}
    for part, columns in _fed(estimator, list(names)):
        categories = getattr(part, "categories_", None)
        if isinstance(categories, list) and len(categories) == len(columns):
            for name, values in zip(columns, categories, strict=True):
                known.setdefault(name, str(np.asarray(values).dtype))
    return known


def known_edges(estimator: Any, names: Names) -> dict[str, set[float]]:
    """The edges of the bins that discretizers inside learned, by input column."""
    known: dict[str, set[float]] = {}
    for part, columns in _fed(estimator, list(names)):
        edges = getattr(part, "bin_edges_", None)
        if isinstance(edges, np.ndarray) and len(edges) == len(columns):
            for name, values in zip(columns, edges, strict=True):
                known.setdefault(name, set()).update(np.asarray(values).tolist())
    return known


def _listed(values: Any) -> list[Any]:
    """Plain values; dates stay what they are, for as plain values they would be numbers."""
    return list(values) if values.dtype.kind in "mM" else values.tolist()


def imputed(estimator: Any, names: Names) -> dict[str, tuple[Any, Any]]:
    """What imputers take for missing and what they put there, by input column."""
    found: dict[str, tuple[Any, Any]] = {}
    for part, columns in _fed(estimator, list(names)):
        statistics = getattr(part, "statistics_", None)
        if isinstance(statistics, np.ndarray) and len(statistics) == len(columns):
            for name, value in zip(columns, statistics.tolist(), strict=True):
                found.setdefault(name, (getattr(part, "missing_values", None), value))
    return found


def closed_columns(estimator: Any, names: Names) -> dict[str, list[Any]]:
    """The categories of the input columns that take no others.

    XGBoost refuses a frame with an unknown category, but does not find it in every frame, and then
    answers by chance (3.2.0).
    """
    return {
        columns[place]: sorted(own)
        for part, columns in _fed(estimator, list(names))
        if type(part).__module__ == "xgboost.sklearn"
        for place, own in readers.categories(part).items()
    }


def text_columns(estimator: Any, names: Names) -> set[str]:
    """The input columns that text vectorizers read."""
    return {
        columns[0]
        for part, columns in _fed(estimator, list(names))
        if hasattr(part, "build_analyzer") and len(columns) == 1
    }


def reads_texts(estimator: Any) -> bool:
    """Whether a text vectorizer reads all that the estimator is given: a list of texts."""
    return bool(text_columns(estimator, ["any"]))


def fed_alike(estimator: Any, names: Names) -> list[list[str]]:
    """The input columns in groups, each of which the same parts of the estimator read."""
    readers: dict[str, list[int]] = {name: [] for name in names}
    for number, (_, columns) in enumerate(_fed(estimator, list(names))):
        for name in columns if len(columns) < len(names) else ():
            readers[name].append(number)
    groups: dict[tuple[int, ...], list[str]] = {}
    for name, parts_of_it in readers.items():
        groups.setdefault(tuple(parts_of_it), []).append(name)
    return list(groups.values())


def _fed(part: Any, columns: list[str]) -> Iterator[tuple[Any, list[str]]]:
    """Each part inside that is fed input columns as they are, with their names."""
    yield part, columns
    steps = getattr(part, "steps", None)  # of a pipeline
    if steps and not (yield from _fed_steps(steps, columns)):
        return
    for _, transformer, choice in getattr(part, "transformers_", ()):
        if not isinstance(transformer, str):
            yield from _fed(transformer, chosen(choice, columns))
    for _, transformer in getattr(part, "transformer_list", ()):  # a union
        if not isinstance(transformer, str):
            yield from _fed(transformer, columns)
    for attribute in ("best_estimator_", "estimator_", "regressor_", "estimator", "_preprocessor"):
        inner = getattr(part, attribute, None)
        if hasattr(inner, "get_params"):
            yield from _fed(inner, columns)
    inner = getattr(part, "estimators_", None)
    if isinstance(inner, list):
        for one in inner:
            yield from _fed(one, columns)
    for one in getattr(part, "calibrated_classifiers_", ()):
        yield from _fed(one.estimator, columns)


def _fed_steps(
    steps: list[Any], columns: list[str]
) -> Generator[tuple[Any, list[str]], None, bool]:
    """The steps of a pipeline as `_fed`, up to the first that changes the columns; whether none."""
    for _, step in steps:
        if step is None or isinstance(step, str):
            continue
        yield from _fed(step, columns)
        if getattr(step, "n_features_in_", None) != len(columns) or not _keeps(step):
            return False
    return True


def _keeps(step: Any) -> bool:
    """Whether a step gives out the columns it was given, one by one, such as an imputer."""
    if type(step).__name__ == "FunctionTransformer":
        return step.func is None
    return type(step).__name__ in {
        "SimpleImputer",
        "StandardScaler",
        "MinMaxScaler",
        "RobustScaler",
    }


def chosen(choice: Any, columns: list[str]) -> list[str]:
    """The names behind a ColumnTransformer's choice: names, positions, a slice or a mask."""
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
