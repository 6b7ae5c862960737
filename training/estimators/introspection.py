"""The parts of a fitted estimator, and copies of it with other parts."""

import copy
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline


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
