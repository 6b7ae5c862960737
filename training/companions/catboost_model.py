"""Read a fitted model of CatBoost (`CatBoostClassifier`, `CatBoostRegressor`, `CatBoostRanker`).

CatBoost rounds inputs to float32, goes right if a value is greater than the border, and adds the
values of the leaves in float64. For each input, the model has whether NaN is less or greater than
all numbers. See https://catboost.ai/docs/en/concepts/json-model-structure for the format.
"""

import atexit
import json
import tempfile
from functools import cache
from typing import IO, Any

import numpy as np

from training.companions.ensemble import Ensemble, Link
from training.onnx.trees import Tree

LINKS: dict[str, Link] = {
    **dict.fromkeys(
        (
            *("RMSE", "MAE", "Quantile", "Huber", "LogCosh", "Expectile", "MAPE", "Lq"),
            *("YetiRank", "YetiRankPairwise", "PairLogit", "PairLogitPairwise", "QueryRMSE"),
            *("QuerySoftMax", "StochasticRank", "StochasticFilter", "LambdaMart", "MultiRMSE"),
        ),
        "identity",
    ),
    **dict.fromkeys(("Logloss", "CrossEntropy", "MultiClassOneVsAll"), "sigmoid"),
    "MultiClass": "softmax",
    **dict.fromkeys(("Poisson", "Tweedie"), "exp"),
}


@cache
def export_file() -> IO[bytes]:
    """The file that CatBoost exports a model to; it is opened before a model is tried, and closed
    when the process ends."""
    file = tempfile.NamedTemporaryFile(suffix=".json")  # noqa: SIM115
    atexit.register(file.close)
    return file


def ensemble(model: Any) -> Ensemble:
    """The trees that `model.predict` uses: fitting drops those after the best iteration."""
    kept = _exported(model)
    loss = kept["model_info"]["params"]["loss_function"]["type"]
    if loss not in LINKS:
        raise NotImplementedError(f"CatBoost's loss {loss}")
    if kept["features_info"].keys() - {"float_features"}:
        raise NotImplementedError("CatBoost's categories, texts and embeddings")
    inputs = {one["feature_index"]: one for one in kept["features_info"]["float_features"]}
    scale, base = kept["scale_and_bias"]
    base = base if isinstance(base, list) else [base]
    if "oblivious_trees" in kept:
        trees = [_symmetric(one, inputs, len(base), scale) for one in kept["oblivious_trees"]]
    else:
        trees = [_any_shape(one, inputs, len(base), scale) for one in kept["trees"]]
    return Ensemble(
        trees=trees,
        targets=[0 if len(base) == 1 else None] * len(trees),
        base=[float(number) for number in base],
        base_last=True,
        link=LINKS[loss],
        rounded=True,
        classes=getattr(model, "classes_", None) if LINKS[loss] in ("sigmoid", "softmax") else None,
    )


def _exported(model: Any) -> dict[str, Any]:
    file = export_file()
    model.save_model(file.name, format="json")
    # CatBoost may replace the file, so that the open one would be empty; reading it by its name
    # would be refused while a model is tried.
    file.seek(0)
    return dict(json.loads(file.read()))


def _symmetric(one: dict[str, Any], inputs: dict[int, Any], sums: int, scale: float) -> Tree:
    """A tree with one split per level: split i is bit i of a leaf's number."""
    splits = (one["splits"] or [])[::-1]  # the last bit is the root
    depth = len(splits)
    count = 2 ** (depth + 1) - 1  # in the order of a heap: children of i are 2i + 1 and 2i + 2
    places = np.arange(count)
    level = np.floor(np.log2(places + 1)).astype(int)
    leaf = level == depth
    values = np.zeros((count, sums))
    values[leaf] = scale * np.array(one["leaf_values"]).reshape(-1, sums)
    feature, border, missing_left = _split_columns([*splits, None], inputs)
    return Tree(
        leaf=leaf,
        left=np.where(leaf, -1, 2 * places + 1),
        right=np.where(leaf, -1, 2 * places + 2),
        feature=feature[level],
        threshold=border[level],
        missing_left=missing_left[level],
        value=values,
    )


def _any_shape(root: dict[str, Any], inputs: dict[int, Any], sums: int, scale: float) -> Tree:
    nodes: list[dict[str, Any]] = [root]
    for node in nodes:  # the loop appends to it
        nodes += [node[side] for side in ("left", "right") if side in node]
    places = {id(node): place for place, node in enumerate(nodes)}
    values = np.zeros((len(nodes), sums))
    for place, node in enumerate(nodes):
        if "value" in node:
            values[place] = scale * np.array(node["value"])
    feature, border, missing_left = _split_columns([node.get("split") for node in nodes], inputs)
    return Tree(
        leaf=np.array(["value" in node for node in nodes]),
        left=np.array([places.get(id(node.get("left")), -1) for node in nodes]),
        right=np.array([places.get(id(node.get("right")), -1) for node in nodes]),
        feature=feature,
        threshold=border,
        missing_left=missing_left,
        value=values,
    )


def _split_columns(splits: list[Any], inputs: dict[int, Any]) -> tuple[Any, Any, Any]:
    """The input, the border, and whether NaN goes left, of each split; of None, anything."""
    feature, border = np.zeros(len(splits), dtype=np.int64), np.zeros(len(splits))
    missing_left = np.zeros(len(splits), dtype=bool)
    for place, one in enumerate(splits):
        if one is None:
            continue
        if one["split_type"] != "FloatFeature":
            raise NotImplementedError(f"CatBoost's split {one['split_type']}")
        about = inputs[one["float_feature_index"]]
        feature[place] = about["flat_feature_index"]
        border[place] = np.float32(one["border"])
        missing_left[place] = about["nan_value_treatment"] != "AsTrue"
    return feature, border, missing_left
