"""The profile of a model: how the values of each input and output are distributed in the sample.

It has counts of bins and no row. Numbers are binned at quantiles of the sample, texts by their
length. A category has a bin of its own only if at least `MIN_CATEGORY_ROWS` rows of the sample have
it. Dates and times grow by themselves, so only their null is counted.

The bins of numbers and lengths are, in this order: below the smallest one of the sample, the
intervals between the edges, above the largest one, null. Those of categories are: each listed
category, other categories that the model knows, unknown ones, null.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from service.model import parsing
from service.model.parsing import ShapeError
from service.model.signature import Label, Signature

Counts = NDArray[np.int64]
Binned = Literal["numbers", "lengths", "categories"]
MIN_CATEGORY_ROWS = 10  # statistical offices publish no smaller cells
MAX_CATEGORIES = 20
MAX_COLUMNS = 100  # inputs, and outputs; further ones are not in the profile


@dataclass(frozen=True, slots=True, kw_only=True)
class Bins:
    """The bins of one column, and the number of rows of the sample in each.

    `edges` are the smallest value, the ends of the intervals and the largest value. An interval
    contains its end.
    """

    by: Binned
    edges: tuple[float, ...] = ()
    categories: tuple[Label, ...] = ()
    counts: tuple[int, ...]

    @property
    def size(self) -> int:
        """The number of bins."""
        return (len(self.categories) if self.by == "categories" else len(self.edges) + 1) + (
            3 if self.by == "categories" else 1
        )

    def check(self, place: str) -> None:
        """Raise ShapeError unless edges, categories and counts belong together."""
        if self.by == "categories":
            right = not self.edges and len(set(self.categories)) == len(self.categories)
        else:
            ordered = all(one <= other for one, other in pairwise(self.edges))
            right = not self.categories and len(self.edges) >= 2 and ordered
        if not right or len(self.counts) != self.size or min(self.counts) < 0:
            raise ShapeError(f"{place} is not the bins of a column with their counts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Confidence:
    """Mean and standard deviation of the highest probability of each row."""

    mean: float
    deviation: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The distribution of each input and output over `rows` rows of the sample.

    `confidence` is by output, of models with probabilities.
    """

    rows: int
    inputs: Mapping[str, Bins]
    outputs: Mapping[str, Bins]
    confidence: Mapping[str, Confidence] = field(default_factory=dict)

    def check(self, signature: Signature) -> None:
        """Raise ShapeError unless it is the profile of a model with this signature."""
        outputs = {output.name for output in signature.outputs}
        if not (
            self.inputs.keys() <= set(signature.names)
            and self.outputs.keys() <= outputs
            and self.confidence.keys() <= outputs
        ):
            raise ShapeError("profile has columns that are not in the signature")
        for part, columns in (("inputs", self.inputs), ("outputs", self.outputs)):
            for name, bins in columns.items():
                place = parsing.inside(f"profile/{part}", name)
                bins.check(place)
                if sum(bins.counts) != self.rows:
                    raise ShapeError(f"{place} has not the rows of the profile")


class Counter:
    """Counts the values of one column by bin.

    `known` are all categories that the model knows; None if it is not known which.
    """

    def __init__(self, bins: Bins, known: Collection[Any] | None = None) -> None:
        self.size = bins.size
        self._by = bins.by
        if bins.by == "categories":
            self._places = _Places(bins.categories, known)
        else:
            first, *others = bins.edges
            self._edges = np.array([np.nextafter(first, -np.inf), *others])

    def count(self, values: NDArray[Any]) -> Counts:
        """The number of values in each bin; `values` are a checked column, or predictions."""
        return np.bincount(self._codes(values), minlength=self.size)

    def _codes(self, values: NDArray[Any]) -> NDArray[np.intp]:
        if self._by == "categories":
            found = map(self._places.__getitem__, values.tolist())
            return np.fromiter(found, np.intp, len(values))
        numbers = as_numbers(values, self._by)
        codes = np.searchsorted(self._edges, numbers)
        codes[np.isnan(numbers)] = self.size - 1
        return codes


class _Places(dict[Any, int]):
    """The bin of each category; those that are not listed are looked up among the known ones."""

    def __init__(self, categories: Sequence[Any], known: Collection[Any] | None) -> None:
        super().__init__({value: place for place, value in enumerate(categories)})
        self.known = None if known is None else frozenset(known)
        self.other = len(categories)

    def __missing__(self, value: Any) -> int:
        if value is None or value != value:
            return self.other + 2
        return self.other + (self.known is not None and value not in self.known)


def as_numbers(values: NDArray[Any], by: Binned) -> NDArray[np.float64]:
    """Numbers, or lengths of texts, as float64; null is NaN."""
    if by == "lengths":
        found = (len(one) if isinstance(one, str) else np.nan for one in values.tolist())
        return np.fromiter(found, np.float64, len(values))
    return values.astype(np.float64)


def known_categories(
    signature: Signature, encoded: Mapping[str, Collection[Any]]
) -> dict[str, Collection[Any]]:
    """All categories that the model knows, by input, as far as they are recorded."""
    listed = {one.name: one.categories for one in signature.inputs if one.categories is not None}
    return {**listed, **encoded}


def highest(answer: Mapping[str, Any], signature: Signature) -> dict[str, NDArray[np.float64]]:
    """The highest probability of each row, by output, if an answer has one per row and label."""
    found = answer.get("probabilities")
    if found is None:
        return {}
    by_name = found if len(signature.outputs) > 1 else {signature.outputs[0].name: found}
    arrays = {name: np.asarray(one, dtype=np.float64) for name, one in by_name.items()}
    return {name: one.max(axis=1) for name, one in arrays.items() if one.ndim == 2}
