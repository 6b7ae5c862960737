"""Check the trees of an XGBoost model before XGBoost's native code follows their indices.

XGBoost reads what its own `save_model` wrote. It compares neither the lengths of a tree's arrays
nor its indices with the tree's size, so a damaged or forged model would read memory outside of it.
The schema: https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html.
"""

import json
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from service.model import ubjson

NO_PARENT = (-1, 2**31 - 1)
NO_CHILD = -1
MAX_CATEGORY = 2**24  # XGBoost's own limit: it compares categories as float32
OF_EACH_NODE = (
    "left_children", "right_children", "parents", "default_left", "split_indices",
    "split_conditions",
)  # fmt: skip


def check(content: bytes | bytearray) -> None:
    """ValueError if these bytes, a `Booster`'s state, are damaged; other formats are let through.

    XGBoost wrote JSON before 1.6, and writes UBJSON since.
    """
    try:
        if content.startswith(b'{"'):
            document = json.loads(content)
        elif content.startswith(b"{"):
            document = ubjson.loads(content)
        else:
            return
        for model in _models(document):
            _check_model(model)
    except (TypeError, KeyError, OverflowError, RecursionError) as error:
        raise ValueError(f"an unexpected value ({type(error).__name__}: {error})") from error


def _models(document: Any) -> Iterator[dict[str, Any]]:
    """Every object with trees, at any depth: `dart` has it in a `gbtree`."""
    pending = [document]
    while pending:
        found = pending.pop()
        if isinstance(found, dict):
            if "trees" in found:
                yield found
            pending.extend(found.values())
        elif isinstance(found, list):
            pending.extend(one for one in found if isinstance(one, dict | list))


def _check_model(model: dict[str, Any]) -> None:
    trees = model["trees"]
    if not len(trees) == len(model["tree_info"]) == int(model["gbtree_model_param"]["num_trees"]):
        raise ValueError("the number of trees is not the one in the model")
    _check_range("tree_info", model["tree_info"], 0, len(trees) + 1)
    ends = [int(end) for end in model.get("iteration_indptr", ())]
    _check_range("iteration_indptr", ends, 0, len(trees) + 1)
    if any(first > second for first, second in pairwise(ends)):
        raise ValueError("iteration_indptr descends")
    if trees:
        _check_indices(trees)
    for tree in trees:
        _check_categories(tree)


def _check_indices(trees: list[dict[str, Any]]) -> None:
    """Indices of nodes and inputs are those of nodes and inputs that the tree has."""
    nodes = [_nodes(tree) for tree in trees]
    limits = np.repeat(nodes, nodes)
    inputs = np.repeat([max(int(tree["tree_param"]["num_feature"]), 1) for tree in trees], nodes)

    def each(name: str) -> Any:
        return np.concatenate([np.asarray(tree[name], "int64") for tree in trees])

    _check_range("left_children", each("left_children"), NO_CHILD, limits)
    # A leaf of several values stores their place here.
    _check_range("right_children", each("right_children"), NO_CHILD, limits)
    parents = each("parents")
    _check_range("parents", np.where(np.isin(parents, NO_PARENT), 0, parents), 0, limits)
    _check_range("split_indices", each("split_indices"), 0, inputs)


def _nodes(tree: dict[str, Any]) -> int:
    """The number of nodes of a tree, which is the length of each of its arrays."""
    nodes = int(tree["tree_param"]["num_nodes"])
    if nodes < 1:
        raise ValueError("a tree without nodes")
    for name in OF_EACH_NODE:
        if len(tree[name]) != nodes:
            raise ValueError(f"{name} of a tree has another length than the tree")
    if len(tree["base_weights"]) % nodes:
        raise ValueError("base_weights of a tree have another length than the tree")
    return nodes


def _check_categories(tree: dict[str, Any]) -> None:
    if not len(tree.get("categories", ())) and not len(tree.get("categories_nodes", ())):
        return
    nodes = len(tree["left_children"])
    if len(tree["split_type"]) != nodes:
        raise ValueError("split_type of a tree has another length than the tree")
    _check_range("split_type", tree["split_type"], 0, 2)
    _check_range("categories_nodes", tree["categories_nodes"], 0, nodes)
    _check_range("categories", tree["categories"], 0, MAX_CATEGORY)
    begins, sizes = (
        np.asarray(tree[name], "float64") for name in ("categories_segments", "categories_sizes")
    )
    if not len(begins) == len(sizes) == len(tree["categories_nodes"]):
        raise ValueError("categories of a tree differ in length")
    _check_range("categories_segments", begins, 0, len(tree["categories"]) + 1)
    _check_range("categories_segments", begins + sizes, 0, len(tree["categories"]) + 1)
    _check_range("categories_sizes", sizes, 0, len(tree["categories"]) + 1)


def _check_range(name: str, values: Any, low: int, high: Any) -> None:
    """Each is at least `low` and less than `high`, a number or one for each value."""
    values = np.asarray(values)
    if not np.all((values >= low) & (values < high)):
        raise ValueError(f"{name} has a value that the tree cannot have")
