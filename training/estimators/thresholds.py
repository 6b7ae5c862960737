"""The values at which the trees of an estimator split its inputs."""

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer

from training.companions.readers import reader
from training.estimators import introspection

Found = dict[str, NDArray[np.float64]]


def thresholds(estimator: Any, names: Sequence[str]) -> Found:
    """The thresholds of each input that reaches the trees unchanged, or scaled by itself."""
    inner = getattr(estimator, "best_estimator_", estimator)
    steps = [step for _, step in getattr(inner, "steps", ())][:-1]
    features: list[str] = list(names)
    for step in steps:
        features = _features(step, features)
    found = [_splits(part) for part in introspection.parts(inner)]
    together: dict[int, list[NDArray[np.float64]]] = {}
    for feature, values in (one for splits in found for one in splits.items()):
        together.setdefault(feature, []).append(values)
    inputs = set(names)
    raw: Found = {}
    for feature, several in together.items():
        if feature < len(features) and features[feature] in inputs:
            values = np.unique(np.concatenate(several))
            for step in reversed(steps):
                values = _before(step, feature, values)
            raw[features[feature]] = values
    return raw


def _features(step: Any, features: list[str]) -> list[str]:
    """The names of a step's output columns; empty if they do not correspond to input columns."""
    if isinstance(step, ColumnTransformer):
        try:
            return [str(name).rpartition("__")[2] for name in step.get_feature_names_out()]
        except (AttributeError, ValueError):  # a part cannot name its output columns
            return []
    return features if getattr(step, "n_features_in_", None) == len(features) else []


def _before(step: Any, feature: int, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The values before a step that it turns into these, if it scales each column separately."""
    if isinstance(step, ColumnTransformer):
        for name, part, _ in step.transformers_:
            made = step.output_indices_[name]
            if made.start <= feature < made.stop:
                return _before(part, feature - made.start, values)
    for _, one in reversed(getattr(step, "steps", ())):
        values = _before(one, feature, values)
    scales = type(step).__name__ in ("StandardScaler", "MinMaxScaler", "RobustScaler")
    if not scales or feature >= step.n_features_in_:
        return values
    one = _of_one(step, feature)
    return np.asarray(one.inverse_transform(values[:, None])[:, 0], dtype=np.float64)


def _of_one(scaler: Any, feature: int) -> Any:
    """A scaler for one column: inverting it needs no rows of the whole, perhaps wide, table."""
    one = copy.copy(scaler)
    vars(one).pop("feature_names_in_", None)
    for name, value in vars(scaler).items():
        if np.shape(value) == (scaler.n_features_in_,) and name != "feature_names_in_":
            setattr(one, name, value[feature : feature + 1])
    one.n_features_in_ = 1
    return one


def _splits(part: Any) -> dict[int, NDArray[np.float64]]:
    """The thresholds by feature of a tree or of boosted trees; empty for any other part."""
    if hasattr(part, "tree_"):
        inner = part.tree_.children_left >= 0
        features, values = part.tree_.feature[inner], part.tree_.threshold[inner]
    elif hasattr(part, "_predictors"):
        nodes = np.concatenate([one.nodes for stage in part._predictors for one in stage])
        inner = ~nodes["is_leaf"].astype(bool) & ~nodes["is_categorical"].astype(bool)
        features, values = nodes["feature_idx"][inner], nodes["num_threshold"][inner]
    elif (read := reader(part)) is not None:
        return read(part).thresholds()
    else:
        return {}
    return {int(one): np.unique(values[features == one]) for one in np.unique(features)}
