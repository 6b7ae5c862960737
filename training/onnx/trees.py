"""Tree ensembles as ONNX nodes that compute in float64, as scikit-learn does.

skl2onnx's own converters sum in float32, which breaks ties between labels in another way.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, numpy_helper

# ONNX Runtime computes one tree of an ensemble for many rows, then the next. The nodes of a small
# ensemble stay in the processor's caches meanwhile: a forest of 134,000 nodes is 1.4 times as fast
# for 10,000 rows in parts of this size. For a few rows each part takes 1 µs more.
MOST_NODES = 12_000
LEQ, MEMBER = 0, 6  # modes of a node: go left if x <= threshold, or if x is one of its members
Numbers = NDArray[Any]


@dataclass(slots=True)
class Trees:
    """Attributes of one TreeEnsemble node, filled tree by tree in the order of the sum.

    `dtype` is the type of its inputs, thresholds and sums.
    """

    targets: int
    dtype: type[np.floating[Any]] = np.float64
    roots: list[int] = field(default_factory=list)
    first_leaves: list[int] = field(default_factory=list)  # of each tree
    features: list[int] = field(default_factory=list)
    splits: list[float] = field(default_factory=list)
    children: tuple[list[int], list[int]] = field(default_factory=lambda: ([], []))
    leaf_children: tuple[list[int], list[int]] = field(default_factory=lambda: ([], []))
    missing_left: list[int] = field(default_factory=list)
    modes: list[int] = field(default_factory=list)
    members: list[float] = field(default_factory=list)
    leaf_targets: list[int] = field(default_factory=list)
    leaf_weights: list[float] = field(default_factory=list)

    @classmethod
    def summed(cls, trees: Sequence["Tree"]) -> "Trees":
        """The sums of the numbers of the trees' leaves.

        A leaf of an ONNX tree has one target, so a tree is repeated once per target of its leaf
        with the most targets. A fully grown tree of a classifier is there once.
        """
        made = cls(trees[0].value.shape[1])
        for one in trees:
            order = np.argsort(one.value == 0, axis=1, kind="stable")  # targets not 0 first
            given = np.take_along_axis(one.value, order, axis=1)
            copies = max(int((one.value[one.leaf] != 0).sum(axis=1).max()), 1)
            for copy in range(copies):
                made.add(one, given[:, copy], order[:, copy])
        return made

    def add(self, one: "Tree", weights: Numbers, targets: Numbers) -> None:
        """Add a tree whose leaf at node i gives `weights[i]` to `targets[i]`."""
        inner = np.flatnonzero(~one.leaf)
        if not len(inner):  # the tree is one leaf
            self.constant(float(weights[0]), int(targets[0]))
            return
        place = np.full(len(one.leaf), -1)
        place[inner] = len(self.features) + np.arange(len(inner))
        leaves = np.flatnonzero(one.leaf)
        place[leaves] = len(self.leaf_targets) + np.arange(len(leaves))
        self.roots.append(int(place[0]))
        self.first_leaves.append(len(self.leaf_targets))
        self.features += one.feature[inner].tolist()
        self.missing_left += one.missing_left[inner].astype(int).tolist()
        for node in inner.tolist():
            members = one.members.get(node)
            # ONNX Runtime 1.28 crashes on an empty list, where null alone goes left.
            is_empty = members is not None and not members
            self.splits.append(-np.inf if is_empty else float(one.threshold[node]))
            self.modes.append(MEMBER if members else LEQ)
            if members:
                self.members += [*members, np.nan]  # NaN ends the list of a node
        for side, child in enumerate((one.left, one.right)):
            self.children[side].extend(place[child[inner]].tolist())
            self.leaf_children[side].extend(one.leaf[child[inner]].astype(int).tolist())
        self.leaf_targets += targets[leaves].tolist()
        self.leaf_weights += weights[leaves].tolist()

    def constant(self, weight: float, target: int) -> None:
        """Add a tree with the same value for every row: a split with two leaves of one weight.

        ONNX Runtime 1.28 sums wrongly if both branches of a split lead to the same leaf.
        """
        self.roots.append(len(self.features))
        self.first_leaves.append(len(self.leaf_targets))
        self.features.append(0)
        self.splits.append(0.0)
        self.missing_left.append(0)
        self.modes.append(LEQ)
        for side in range(2):
            self.children[side].append(len(self.leaf_targets))
            self.leaf_children[side].append(1)
            self.leaf_targets.append(target)
            self.leaf_weights.append(weight)

    def parts(self) -> list["Trees"]:
        """Ensembles of at most MOST_NODES nodes, or one tree, which together give the same sums.

        One part, unless the order of the sum does not matter: all weights are whole, as in a forest
        of fully grown trees.
        """
        is_exact = not self.members and all(weight.is_integer() for weight in self.leaf_weights)
        if not is_exact or len(self.features) <= MOST_NODES:
            return [self]
        ends = [*self.roots[1:], len(self.features)]
        cuts = [0]
        for tree, end in enumerate(ends):
            if end - self.roots[cuts[-1]] > MOST_NODES and tree > cuts[-1]:
                cuts.append(tree)
        return [self._part(*trees) for trees in pairwise([*cuts, len(self.roots)])]

    def _part(self, first: int, end: int) -> "Trees":
        """The trees from `first` to before `end`."""
        nodes = slice(*([*self.roots, len(self.features)][tree] for tree in (first, end)))
        leaves = slice(
            *([*self.first_leaves, len(self.leaf_targets)][tree] for tree in (first, end))
        )

        def moved(children: list[int], are_leaves: list[int]) -> list[int]:
            return [
                child - (leaves.start if is_leaf else nodes.start)
                for child, is_leaf in zip(children[nodes], are_leaves[nodes], strict=True)
            ]

        left, right = map(moved, self.children, self.leaf_children)
        return replace(
            self,
            roots=[root - nodes.start for root in self.roots[first:end]],
            first_leaves=[leaf - leaves.start for leaf in self.first_leaves[first:end]],
            features=self.features[nodes],
            splits=self.splits[nodes],
            children=(left, right),
            leaf_children=(self.leaf_children[0][nodes], self.leaf_children[1][nodes]),
            missing_left=self.missing_left[nodes],
            modes=self.modes[nodes],
            leaf_targets=self.leaf_targets[leaves],
            leaf_weights=self.leaf_weights[leaves],
        )

    def write(self, rows: str, scope: Any, container: Any) -> str:
        """Add the nodes and return the name of their output, of shape (rows, targets)."""
        sums = [one._write(rows, scope, container) for one in self.parts()]
        if len(sums) == 1:
            return sums[0]
        summed = str(scope.get_unique_variable_name("summed"))
        name = scope.get_unique_operator_name("Sum")
        container.add_node("Sum", sums, [summed], name=name, op_version=13)
        return summed

    def _write(self, rows: str, scope: Any, container: Any) -> str:
        summed = str(scope.get_unique_variable_name("summed"))
        members = {}
        if self.members:
            values = np.array(self.members, self.dtype)
            members["membership_values"] = numpy_helper.from_array(values, "members")
        container.add_node(
            "TreeEnsemble",
            [rows],
            [summed],
            op_domain="ai.onnx.ml",
            op_version=1,  # skl2onnx supports no later version; `convert.py` sets the right one
            name=scope.get_unique_operator_name("TreeEnsemble"),
            n_targets=self.targets,
            aggregate_function=1,  # sum
            post_transform=0,  # none
            tree_roots=self.roots,
            nodes_featureids=self.features,
            nodes_modes=numpy_helper.from_array(np.array(self.modes, np.uint8), "modes"),
            nodes_splits=numpy_helper.from_array(np.array(self.splits, self.dtype), "splits"),
            nodes_truenodeids=self.children[0],
            nodes_falsenodeids=self.children[1],
            nodes_trueleafs=self.leaf_children[0],
            nodes_falseleafs=self.leaf_children[1],
            nodes_missing_value_tracks_true=self.missing_left,
            leaf_targetids=self.leaf_targets,
            leaf_weights=numpy_helper.from_array(
                np.array(self.leaf_weights, self.dtype), "weights"
            ),
            **members,
        )
        return summed


@dataclass(frozen=True, slots=True)
class Tree:
    """The nodes of one tree, column by column.

    A node with `members` has no threshold: a row goes left if its value is one of them.
    """

    leaf: Numbers
    left: Numbers
    right: Numbers
    feature: Numbers
    threshold: Numbers
    missing_left: Numbers
    value: Numbers  # (nodes, numbers)
    members: Mapping[int, Sequence[float]] = field(default_factory=dict)  # by node

    @classmethod
    def of(cls, one: Any, value: Numbers | None = None) -> "Tree":
        """From scikit-learn's `tree_`, or a predictor of histogram boosting.

        `value` are other numbers of the nodes of a `tree_`.
        """
        if not hasattr(one, "nodes"):
            if value is None and one.n_outputs > 1 and one.max_n_classes > 1:
                raise NotImplementedError("several labels in one tree")
            if value is None:
                value = one.value[:, 0, :] if one.n_outputs == 1 else one.value[:, :, 0]
            missing = one.missing_go_to_left.astype(bool)
            left, right = one.children_left, one.children_right
            return cls(left < 0, left, right, one.feature, one.threshold, missing, value)
        nodes = one.nodes
        return cls(
            nodes["is_leaf"].astype(bool),
            nodes["left"].astype(np.int64),
            nodes["right"].astype(np.int64),
            nodes["feature_idx"].astype(np.int64),
            nodes["num_threshold"],
            nodes["missing_go_to_left"].astype(bool),
            nodes["value"][:, None],
            _members(one),
        )


def _members(one: Any) -> dict[int, list[float]]:
    """By node, the codes of the categories that go left, of a predictor of histogram boosting."""
    nodes = one.nodes
    splits = np.flatnonzero(nodes["is_categorical"].astype(bool) & ~nodes["is_leaf"].astype(bool))
    found = {}
    for node in splits.tolist():
        words = one.raw_left_cat_bitsets[nodes["bitset_idx"][node]].tolist()
        bits = range(32 * len(words))
        found[node] = [float(bit) for bit in bits if words[bit // 32] >> bit % 32 & 1]
    return found


def forest(trees: Sequence[Any]) -> Trees:
    """The trees of a forest, whose sums are scikit-learn's before the division by their number."""
    return Trees.summed([Tree.of(one) for one in trees])


def boosted(start: Iterable[float], stages: Sequence[Sequence[Any]], rate: float) -> Trees:
    """Boosted trees, whose sums are the raw predictions, added in scikit-learn's order."""
    starts = list(start)
    summed = Trees(len(starts))
    for target, first in enumerate(starts):
        summed.constant(float(first), target)
    for stage in stages:
        for target, one in enumerate(stage):
            read = Tree.of(one)
            summed.add(read, rate * read.value[:, 0], np.full(len(read.leaf), target))
    return summed


def as_float32(rows: str, scope: Any, container: Any) -> str:
    """Round inputs to float32: scikit-learn's trees round inputs, but not thresholds."""
    for kind in (TensorProto.FLOAT, TensorProto.DOUBLE):
        cast = str(scope.get_unique_variable_name("cast"))
        container.add_node(
            "Cast", [rows], [cast], to=kind, name=scope.get_unique_operator_name("Cast")
        )
        rows = cast
    return rows


def trees_of(model: Any) -> tuple[Callable[[], Trees], int, bool]:
    """A function that makes a model's trees, the divisor of their sum, and whether inputs are
    rounded to float32."""
    if hasattr(model, "_predictors"):  # histogram boosting
        start = np.ravel(model._baseline_prediction)
        return lambda: boosted(start, model._predictors, 1.0), 1, False
    if hasattr(model, "init_"):  # gradient boosting
        if not isinstance(model.init_, str) and not type(model.init_).__name__.startswith("Dummy"):
            raise NotImplementedError("boosting that begins with another model")
        start = model._raw_predict_init(np.zeros((1, model.n_features_in_)))[0]
        stages = [[one.tree_ for one in stage] for stage in model.estimators_]
        return lambda: boosted(start, stages, model.learning_rate), 1, True
    if hasattr(model, "tree_"):
        return lambda: forest([model.tree_]), 1, True
    return lambda: forest([one.tree_ for one in model.estimators_]), len(model.estimators_), True
