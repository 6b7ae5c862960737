"""Trees of XGBoost are checked before its native code follows their indices."""

import json
import struct
from collections.abc import Callable
from typing import Any

import pytest

from service.model import ubjson, xgboost_trees
from service.model.companions import check_trees


def a_text(value: str) -> bytes:
    """A key: a text without its marker."""
    return b"L" + struct.pack(">q", len(value.encode())) + value.encode()


def stump() -> dict[str, Any]:
    """A tree of three nodes, as the schema in XGBoost's documentation has it."""
    return {
        "tree_param": {"num_nodes": "3", "num_feature": "2", "size_leaf_vector": "1"},
        "base_weights": [0.1, -0.5, 0.5],
        "left_children": [1, -1, -1],
        "right_children": [2, -1, -1],
        "parents": [2147483647, 0, 0],
        "default_left": [0, 0, 0],
        "split_indices": [1, 0, 0],
        "split_conditions": [0.5, -0.5, 0.5],
        "split_type": [1, 0, 0],
        "categories": [0, 2],
        "categories_nodes": [0],
        "categories_segments": [0],
        "categories_sizes": [2],
    }


def model(change: Callable[[dict[str, Any], dict[str, Any]], object] | None = None) -> bytes:
    """A model with that tree, after a change of its trees or of the tree, as JSON."""
    tree = stump()
    trees = {
        "gbtree_model_param": {"num_trees": "1", "num_parallel_tree": "1"},
        "tree_info": [0],
        "iteration_indptr": [0, 1],
        "trees": [tree],
    }
    if change is not None:
        change(trees, tree)
    return json.dumps({"Model": {"learner": {"gradient_booster": {"model": trees}}}}).encode()


def test_whole_trees_are_accepted() -> None:
    xgboost_trees.check(model())


CHANGES: dict[str, Callable[[dict[str, Any], dict[str, Any]], object]] = {
    "left_children": lambda _, tree: tree["left_children"].__setitem__(0, 3),
    "right_children": lambda _, tree: tree["right_children"].__setitem__(1, -2),
    "parents": lambda _, tree: tree["parents"].__setitem__(2, 3),
    "split_indices": lambda _, tree: tree["split_indices"].__setitem__(0, 2),
    "another length": lambda _, tree: tree["default_left"].pop(),
    "base_weights": lambda _, tree: tree["base_weights"].pop(),
    "number of trees": lambda trees, _: trees["tree_info"].append(0),
    "tree_info": lambda trees, _: trees["tree_info"].__setitem__(0, -1),
    "iteration_indptr has": lambda trees, _: trees["iteration_indptr"].__setitem__(1, 2),
    "descends": lambda trees, _: trees.update(iteration_indptr=[1, 0]),
    "without nodes": lambda _, tree: tree["tree_param"].update(num_nodes="0"),
    "categories has": lambda _, tree: tree["categories"].__setitem__(1, 2**24),
    "categories_nodes": lambda _, tree: tree["categories_nodes"].__setitem__(0, 3),
    "categories_segments": lambda _, tree: tree["categories_segments"].__setitem__(0, 1),
    "categories_sizes": lambda _, tree: tree.update(categories_segments=[2], categories_sizes=[-1]),
    "categories of a tree": lambda _, tree: tree["categories_sizes"].append(0),
    "split_type has": lambda _, tree: tree["split_type"].__setitem__(0, 2),
    "split_type of": lambda _, tree: tree["split_type"].pop(),
    "KeyError": lambda _, tree: tree.pop("parents"),
    "TypeError": lambda trees, _: trees.update(tree_info=1),
}


@pytest.mark.parametrize("problem", CHANGES)
def test_trees_are_refused_that_lead_out_of_themselves(problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        xgboost_trees.check(model(CHANGES[problem]))


def test_the_class_is_not_given_damaged_trees() -> None:
    damaged = bytearray(model(CHANGES["left_children"]))
    with pytest.raises(ValueError, match="is damaged: its trees cannot be read: left_children"):
        check_trees("xgboost.core.Booster", {"handle": damaged})
    check_trees("xgboost.core.Booster", {"handle": None})
    check_trees("lightgbm.basic.Booster", {"handle": damaged.decode()})


def test_ubjson_is_read_as_its_specification_has_it() -> None:
    content = (
        b"{" + a_text("text") + b"S" + a_text("ä")
        + a_text("none") + b"Z" + a_text("yes") + b"T" + a_text("no") + b"F"
        + a_text("int8") + b"i\xff" + a_text("uint8") + b"U\xff" + a_text("int16") + b"I\xff\xfe"
        + a_text("int64") + b"L" + struct.pack(">q", -(2**40))
        + a_text("float32") + b"d" + struct.pack(">f", 0.5)
        + a_text("list") + b"[#L" + struct.pack(">q", 2) + b"i\x01" + b"{}"
        + a_text("typed") + b"[$l#L" + struct.pack(">q", 2) + struct.pack(">ii", 1, -1)
        + b"}"
    )  # fmt: skip
    found = ubjson.loads(content)
    assert found.pop("typed").tolist() == [1, -1]
    assert found == {
        "text": "ä", "none": None, "yes": True, "no": False, "int8": -1, "uint8": 255,
        "int16": -2, "int64": -(2**40), "float32": 0.5, "list": [1, {}],
    }  # fmt: skip


EMPTY_LIST = b"[#L" + bytes(8)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "ends within"),
        (b"{", "ends within"),
        (b"{}}", "bytes follow"),
        (b"?", "not the type of a value"),
        (b"[$l#L" + struct.pack(">q", 2**60), "ends within"),
        (b"[$l#L" + struct.pack(">q", -1), "negative"),
        (b"[$S#L" + bytes(8), "not the type of an array"),
        (b"[i\x01]", "without a count"),
        (b"[#L\x00", "ends within"),
        (b"[#i\x01", "no length"),
        (b"S" + b"L" + struct.pack(">q", 3) + b"ab", "ends within"),
        (b"S" + b"L" + struct.pack(">q", 1) + b"\xff", "utf-8"),
        (b"I\x00", "ends within"),
        (b"{" + 2 * (a_text("a") + b"Z") + b"}", "twice"),
        (40 * (b"[#L" + struct.pack(">q", 1)) + EMPTY_LIST, "levels deep"),
    ],
)
def test_what_is_not_whole_is_no_ubjson(content: bytes, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        ubjson.loads(content)
