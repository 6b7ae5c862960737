"""The parts of a fitted estimator, and copies of it with other parts."""

import copy
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from training.errors import PackError


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
    is_catboost = type(estimator).__module__.split(".")[0] == "catboost"
    found = getattr(estimator, f"feature_names_{'' if is_catboost else 'in_'}", None)
    if found is None:
        return None
    names = [str(name) for name in found]
    made_up = "{}" if is_catboost else "Column_{}" if _are_of_lightgbm(estimator, names) else ""
    if made_up and names == [made_up.format(place) for place in range(len(names))]:
        return None
    return names


def columns_of(estimator: Any, header: Iterable[str]) -> list[str] | None:
    """Its feature names as a table with these columns spells them; None as `feature_names`.

    LightGBM replaces spaces in names by underscores, and does not compare names when it predicts.
    PackError if several columns may be meant.
    """
    names = feature_names(estimator)
    if names is None or not _are_of_lightgbm(estimator, names):
        return names
    spelled: dict[str, list[str]] = {}
    for column in header:
        spelled.setdefault(column.replace(" ", "_"), []).append(column)
    several = next((name for name in names if len(spelled.get(name, ())) > 1), None)
    if several is not None:
        raise PackError(f"the sample has several columns that may be {several!r}")
    return [spelled.get(name, [name])[0] for name in names]


def _are_of_lightgbm(estimator: Any, names: list[str]) -> bool:
    """Whether a model of LightGBM has these names, which estimators around it repeat."""
    models = (one for one in parts(estimator) if type(one).__module__ == "lightgbm.sklearn")
    return any(getattr(one, "feature_name_", None) == names for one in models)


def feature_count(estimator: Any) -> int | None:
    """The number of columns that it was fitted on; None if unknown.

    That of a loaded CatBoost model is 0, which estimators around it repeat.
    """
    count: int | None = getattr(estimator, "n_features_in_", None)
    if count:
        return count
    names = (getattr(one, "feature_names_", None) for one in parts(estimator))
    return next((len(one) for one in names if one), count)


def is_parallel(part: Any) -> bool:
    """Whether a part would use more than one core; XGBoost and LightGBM do by default."""
    one = (1,) if type(part).__module__.split(".")[0] in ("lightgbm", "xgboost") else (None, 1)
    return hasattr(part, "n_jobs") and part.n_jobs not in one


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
    own = list(parts(estimator))
    if not any(map(is_parallel, own)):
        return estimator
    shared = {
        id(value): value
        for part in own
        for value in vars(part).values()
        if type(value).__name__ == "Tree"
        or (isinstance(value, np.ndarray) and not value.dtype.hasobject)
    }
    made = copy.deepcopy(estimator, shared)
    for part in filter(is_parallel, parts(made)):
        part.n_jobs = 1
    return made
