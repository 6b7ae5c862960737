"""AdaBoost by SAMME.R, which scikit-learn 1.6 removed, as gradient boosting with the same answers.

SAMME.R adds up logarithms of the probabilities of its estimators. Where these are trees, each leaf
adds constants: gradient boosting over trees with the same nodes and these constants as values gives
the same sums, and makes probabilities of them in the same way.
"""

from typing import Any

import numpy as np
import sklearn
from sklearn._loss import loss as losses
from sklearn.ensemble import AdaBoostClassifier
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from sklearn.tree._tree import Tree

from service.model.pickled_objects import VERSION

State = dict[str, Any]
KEPT = ("n_features_in_", "feature_names_in_", "classes_")


def is_boosting(cls: Any, state: State) -> bool:
    """Whether an object that was AdaBoost has become gradient boosting."""
    return cls is AdaBoostClassifier and "_loss" in state


def migrate(state: State) -> None:
    """Make the state of AdaBoost by SAMME.R that of gradient boosting.

    NotImplementedError if its estimators are no trees of all classes.
    """
    if state.get("algorithm") != "SAMME.R" or "estimators_" not in state:
        return
    several, trees = len(state["classes_"]), state["estimators_"]
    if any(type(one) is not DecisionTreeClassifier or one.n_outputs_ != 1 for one in trees):
        raise NotImplementedError("SAMME.R over other estimators than trees")
    if any(one.tree_.value.shape[2] != several for one in trees):
        raise NotImplementedError("SAMME.R over trees of some of the classes")
    features = trees[0].tree_.n_features
    stages = np.array(
        [[_regressor(one.tree_, values, features) for values in _sums(one.tree_)] for one in trees],
        dtype=object,
    )
    kept = {name: state[name] for name in KEPT if name in state}
    state.clear()
    state.update(
        kept,
        estimators_=stages,
        n_estimators=len(trees),
        n_estimators_=len(trees),
        learning_rate=1.0 / len(trees),
        init="zero",
        init_="zero",
        loss="log_loss",
        _loss=losses.HalfBinomialLoss()
        if several == 2
        else losses.HalfMultinomialLoss(n_classes=several),
        n_classes_=several,
        n_trees_per_iteration_=stages.shape[1],
        n_features_in_=features,
        max_features_=features,
        **{VERSION: sklearn.__version__},
    )


def _sums(tree: Tree) -> list[Any]:
    """What each node adds for each class; for two classes, for the second one of them alone."""
    logarithms = np.log(np.clip(tree.value[:, 0, :], np.finfo(float).eps, None))
    centred = logarithms - logarithms.mean(axis=1, keepdims=True)
    return [centred[:, 1] - centred[:, 0]] if centred.shape[1] == 2 else list(centred.T)


def _regressor(tree: Tree, values: Any, features: int) -> DecisionTreeRegressor:
    """A tree with the same nodes that gives these values."""
    made = DecisionTreeRegressor()
    made.n_features_in_, made.n_outputs_, made.max_features_ = features, 1, features
    made.tree_ = Tree(features, np.array([1], dtype=np.intp), 1)
    made.tree_.__setstate__(tree.__getstate__() | {"values": values.reshape(-1, 1, 1).copy()})
    return made
