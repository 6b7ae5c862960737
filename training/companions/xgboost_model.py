"""Read a fitted model of XGBoost (the `XGB*` estimators of `xgboost.sklearn`).

XGBoost rounds inputs to float32, goes left if a value is less than the threshold, and adds the
values of the leaves in float32, tree after tree. A node has the side for missing values.
See https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html for the format.
"""

import json
from itertools import pairwise
from typing import Any

import numpy as np

from training.companions.ensemble import Ensemble, Link
from training.onnx.trees import Tree

LINKS: dict[str, Link] = {
    **dict.fromkeys(
        (
            *("reg:squarederror", "reg:squaredlogerror", "reg:absoluteerror", "binary:logitraw"),
            *("reg:pseudohubererror", "reg:quantileerror", "rank:ndcg", "rank:map"),
            "rank:pairwise",
        ),
        "identity",
    ),
    **dict.fromkeys(("binary:logistic", "reg:logistic"), "sigmoid"),
    **dict.fromkeys(("multi:softprob", "multi:softmax"), "softmax"),
    **dict.fromkeys(("count:poisson", "reg:gamma", "reg:tweedie"), "exp"),
}


def ensemble(model: Any) -> Ensemble:
    """The trees that `model.predict` uses, with early stopping those up to the best iteration."""
    learner = json.loads(bytes(model.get_booster().save_raw("json")))["learner"]
    objective = learner["objective"]["name"]
    if objective not in LINKS:
        raise NotImplementedError(f"XGBoost's objective {objective}")
    classes = getattr(model, "classes_", None)
    if classes is not None and int(learner["learner_model_param"]["num_target"]) > 1:
        raise NotImplementedError("XGBoost's classifiers with several labels")
    booster, drops = learner["gradient_booster"], None
    if booster["name"] == "dart":
        drops, booster = booster["weight_drop"], booster["gbtree"]
    elif booster["name"] != "gbtree":
        raise NotImplementedError(f"XGBoost's booster {booster['name']}")
    kept = booster["model"]
    first, last = _tree_range(model, kept)
    weights = np.ones(len(kept["trees"])) if drops is None else np.array(drops)
    link = LINKS[objective]
    return Ensemble(
        trees=[
            _tree(kept["trees"][place], np.float32(weights[place])) for place in range(first, last)
        ],
        targets=kept["tree_info"][first:last],
        base=_base(learner["learner_model_param"], link),
        link=link,
        dtype=np.float32,
        missing=float(model.missing),
        classes=classes,
    )


def _tree_range(model: Any, kept: Any) -> tuple[int, int]:
    """The trees that predictions use, by `XGBModel._get_iteration_range`."""
    ends = kept["iteration_indptr"]
    try:
        last = model.best_iteration + 1
    except AttributeError:  # without early stopping
        last = len(ends) - 1
    return 0, ends[last]


def _base(parameters: dict[str, str], link: Link) -> list[float]:
    """The initial value of each sum, in float32, as XGBoost computes it from `base_score`."""
    count = max(int(parameters["num_class"]), int(parameters["num_target"]), 1)
    kept = np.array(json.loads(parameters["base_score"].lower()), dtype=np.float32)
    one = np.float32(1.0)
    if link == "sigmoid":
        kept = -np.log(one / kept - one)
    elif link == "exp":
        kept = np.log(kept)
    return [float(number) for number in np.broadcast_to(kept, count)]


def categories(model: Any) -> dict[int, list[Any]]:
    """The categories of each input that has some, by the position of the input."""
    learner = json.loads(bytes(model.get_booster().save_raw("json")))["learner"]
    kept = learner["gradient_booster"].get("model", {}).get("cats", {}).get("enc", [])
    return {place: _decoded(one) for place, one in enumerate(kept) if one["values"]}


def numbers(model: Any) -> set[int]:
    """The positions of the inputs that were columns of numbers or booleans in a DataFrame."""
    kinds = model.get_booster().feature_types or []
    return {place for place, kind in enumerate(kinds) if kind in ("int", "float", "i", "q")}


def _decoded(kept: dict[str, Any]) -> list[Any]:
    """The categories: stored as numbers, or as the bytes of all texts and the start of each."""
    if "offsets" not in kept:
        return list(kept["values"])
    text, ends = bytes(byte % 256 for byte in kept["values"]), kept["offsets"]
    return [text[start:end].decode() for start, end in pairwise(ends)]


def _tree(one: dict[str, Any], weight: np.float32) -> Tree:
    if int(one["tree_param"]["size_leaf_vector"]) > 1:
        raise NotImplementedError("XGBoost's trees with several values in a leaf")
    left, right = np.array(one["left_children"]), np.array(one["right_children"])
    missing_left = np.array(one["default_left"]).astype(bool)
    numbers = np.array(one["split_conditions"], dtype=np.float32)
    members = {}
    for node, start, size in zip(
        one["categories_nodes"], one["categories_segments"], one["categories_sizes"], strict=True
    ):  # a row goes right if its category is one of these, so the sides are swapped
        members[node] = one["categories"][start : start + size]
        left[node], right[node] = right[node], left[node]
        missing_left[node] = not missing_left[node]
    return Tree(
        leaf=left < 0,
        left=left,
        right=right,
        feature=np.array(one["split_indices"]),
        # `x < t` is `x <= the next float32 below t`.
        threshold=np.nextafter(numbers, np.float32(-np.inf)),
        missing_left=missing_left,
        value=(numbers * weight)[:, None],
        members=members,
    )
