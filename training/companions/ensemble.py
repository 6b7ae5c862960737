"""A tree ensemble, in the form that is common to XGBoost, LightGBM and CatBoost."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from training.onnx.trees import Numbers, Tree, Trees

Link = Literal["identity", "sigmoid", "softmax", "exp", "signed_square"]


@dataclass(frozen=True, slots=True)
class Ensemble:
    """Trees, in the order in which the library adds their values, and how it uses the sums.

    `base` has the initial value of each sum. `targets` has for each tree the sum that it adds to,
    or None where each leaf has a value for each sum. `dtype` is the type in which the library
    compares and adds, float32 or float64; `rounded` is whether it first rounds the inputs to
    float32, for either type. A row goes left if its value is `<=` the threshold. `divisor` divides
    the sums, and `link` is then applied to them. `missing` and NaN are missing values, and so are
    numbers of the inputs `zeros` that are at most `zero` away from 0. `classes` are the labels, or
    None for numbers.
    """

    trees: list[Tree]
    targets: list[int | None]
    base: list[float]
    link: Link
    dtype: type[np.floating[Any]] = np.float64
    rounded: bool = False
    base_last: bool = False
    divisor: float = 1.0
    slope: float = 1.0
    zeros: frozenset[int] = frozenset()
    zero: float = 0.0
    missing: float = np.nan
    classes: Numbers | None = None

    def written(self) -> Trees:
        """The attributes of the ONNX node that computes the sums, before they are divided."""
        summed = Trees(len(self.base), dtype=self.dtype)
        if not self.base_last:
            self._add_base(summed)
        for one, target in zip(self.trees, self.targets, strict=True):
            if target is not None:
                summed.add(one, one.value[:, 0], np.full(len(one.leaf), target))
                continue
            for place in range(len(self.base)):
                summed.add(one, one.value[:, place], np.full(len(one.leaf), place))
        if self.base_last:
            self._add_base(summed)
        return summed

    def _add_base(self, summed: Trees) -> None:
        for target, number in enumerate(self.base):
            summed.constant(number, target)

    def thresholds(self) -> dict[int, Numbers]:
        """The thresholds of its comparisons, by input."""
        inner = [_comparing(one) for one in self.trees]
        features = np.concatenate([features for features, _ in inner])
        values = np.concatenate([values for _, values in inner])
        found = {int(one): np.unique(values[features == one]) for one in np.unique(features)}
        return {one: values.astype(np.float64) for one, values in found.items()}


def _comparing(one: Tree) -> tuple[Numbers, Numbers]:
    """The input and the threshold of each node that has one."""
    chosen = ~one.leaf
    chosen[list(one.members)] = False
    return one.feature[chosen], one.threshold[chosen]
