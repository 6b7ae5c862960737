"""Read a fitted model of LightGBM (the `LGBM*` estimators of `lightgbm.sklearn`).

LightGBM compares and adds in float64, and goes left if a value is at most the threshold. The model
has for each input which values are missing: none (NaN counts as 0), NaN, or NaN and numbers near 0.
See `Tree::NumericalDecision` in include/LightGBM/tree.h of LightGBM.
"""

import re
from typing import Any

import numpy as np

from training.companions.ensemble import Ensemble, Link
from training.onnx.trees import Tree

LINKS: dict[str, Link] = {
    **dict.fromkeys(
        (
            *("regression", "regression_l1", "huber", "fair", "quantile", "mape"),
            *("lambdarank", "rank_xendcg", "custom"),
        ),
        "identity",
    ),
    **dict.fromkeys(("binary", "cross_entropy", "multiclassova"), "sigmoid"),
    "multiclass": "softmax",
    **dict.fromkeys(("poisson", "gamma", "tweedie"), "exp"),
}

INFINITE = 1e300
NEARLY_ZERO = float(np.float32(1e-35))  # LightGBM's kZeroThreshold


def ensemble(model: Any) -> Ensemble:
    """The trees that `model.predict` uses, with early stopping those up to the best iteration."""
    kept = model.booster_.dump_model(num_iteration=model.best_iteration_ or -1)
    objective, *options = kept.get("objective", "custom").split()
    link, slope = LINKS.get(objective), 1.0
    for option in options:
        name, _, value = option.partition(":")
        if name == "sigmoid":
            slope = float(value)
        elif name == "sqrt":
            link = "signed_square"
    if link is None:
        raise NotImplementedError(f"LightGBM's objective {objective}")
    sums = kept["num_tree_per_iteration"]
    trees: list[Tree] = []
    zeros: set[int] = set()
    for one in kept["tree_info"]:
        trees.append(_tree(one["tree_structure"], zeros))
    return Ensemble(
        trees=trees,
        targets=[place % sums for place in range(len(trees))],
        base=[0.0] * sums,
        link=link,
        slope=slope,
        divisor=float(len(trees) // sums) if kept["average_output"] else 1.0,
        zeros=frozenset(zeros),
        zero=NEARLY_ZERO,
        classes=getattr(model, "classes_", None),
    )


def categories(model: Any) -> dict[int, list[Any]]:
    """The categories of each input that has some, by the position of the input."""
    kept = model.booster_.pandas_categorical or []
    listed = re.search(r"^\[categorical_feature: (.*)\]$", model.booster_.model_to_string(), re.M)
    places = [int(place) for place in listed[1].split(",") if place] if listed else []
    if len(kept) != len(places):  # an ordered column is not categorical for LightGBM
        return {}
    return dict(zip(sorted(places), kept, strict=True))


def _tree(root: dict[str, Any], zeros: set[int]) -> Tree:
    """The nodes of a tree, its root first; `zeros` gets the inputs whose zeros are missing."""
    nodes: list[dict[str, Any]] = [root]
    for node in nodes:  # the loop appends to it
        nodes += [node[side] for side in ("left_child", "right_child") if side in node]
    places = {id(node): place for place, node in enumerate(nodes)}
    leaf = np.array(["leaf_value" in node for node in nodes])
    missing_left = np.zeros(len(nodes), dtype=bool)
    members = {}
    for place in np.flatnonzero(~leaf):
        node = nodes[place]
        if node["decision_type"] == "==":  # all other values go right
            members[int(place)] = [float(code) for code in node["threshold"].split("||")]
            node["threshold"] = 0.0
            continue
        if node["missing_type"] == "None":  # NaN counts as 0
            missing_left[place] = node["threshold"] >= 0.0
            continue
        missing_left[place] = node["default_left"]
        if node["missing_type"] == "Zero":
            zeros.add(node["split_feature"])
    if any("leaf_coeff" in node for node in nodes):
        raise NotImplementedError("LightGBM's trees with linear models in their leaves")

    def read(key: str, other: Any) -> Any:
        return np.array([node.get(key, other) for node in nodes])

    # The export writes 1e300 for infinity, which splits NaN from all numbers.
    threshold = read("threshold", 0.0).astype(float)
    threshold[np.abs(threshold) >= INFINITE] *= np.inf
    # It rounds a value that is nearly 0 to 0 before it compares.
    near = np.abs(threshold) <= NEARLY_ZERO
    threshold = np.where(near & (threshold >= 0.0), NEARLY_ZERO, threshold)
    threshold = np.where(near & (threshold < 0.0), np.nextafter(-NEARLY_ZERO, -1.0), threshold)

    def child(side: str) -> Any:
        return np.array([places.get(id(node.get(side)), -1) for node in nodes])

    return Tree(
        leaf=leaf,
        left=child("left_child"),
        right=child("right_child"),
        feature=read("split_feature", 0),
        threshold=threshold,
        missing_left=missing_left,
        value=read("leaf_value", 0.0)[:, None],
        members=members,
    )
