"""Counts the values of a sample by bin: the profile that the service compares requests with."""

from collections import Counter as Tally
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.model.profile import (
    MAX_CATEGORIES,
    MAX_COLUMNS,
    MIN_CATEGORY_ROWS,
    Binned,
    Bins,
    Confidence,
    Counter,
    Profile,
    as_numbers,
    highest,
    known_categories,
)
from service.model.signature import Input, Output, Signature

MIN_ROWS = 100  # fewer rows show no distribution
INTERVALS = 10  # as is usual for the population stability index
MIN_INTERVAL_ROWS = 20


def made(
    signature: Signature,
    encoded: Mapping[str, Collection[Any]],
    columns: Mapping[str, NDArray[Any]],
    answer: Mapping[str, Any],
) -> Profile | None:
    """The profile of a sample; None if it has fewer than `MIN_ROWS` rows.

    `encoded` are `Manifest.known`. `columns` and `answer` are those of `Predictor.predict`.
    """
    rows = len(columns[signature.names[0]])
    if rows < MIN_ROWS:
        return None
    known = known_categories(signature, encoded)
    outputs = signature.outputs[:MAX_COLUMNS]
    return Profile(
        rows=rows,
        inputs={
            one.name: _bins(columns[one.name], _by(one, known), known.get(one.name), _lists(one))
            for one in signature.inputs[:MAX_COLUMNS]
        },
        outputs={
            output.name: _bins(np.asarray(answer[output.name]), _by(output, {}), output.labels)
            for output in outputs
        },
        confidence={
            name: Confidence(mean=float(top.mean()), deviation=float(top.std()))
            for name, top in highest(answer, signature).items()
        },
    )


def _by(column: Input | Output, known: Mapping[str, Any]) -> Binned:
    if (isinstance(column, Output) and column.labels is not None) or column.name in known:
        return "categories"
    if column.kind in ("number", "integer"):
        return "numbers"
    return "lengths" if column.kind == "text" else "categories"


def _lists(column: Input) -> bool:
    """Whether its categories may be listed: dates and times grow by themselves."""
    return column.kind not in ("date", "datetime")


def _bins(
    values: NDArray[Any], by: Binned, known: Collection[Any] | None, lists: bool = True
) -> Bins:
    """The bins of a column of the sample; categories only if `lists`."""
    edges: tuple[float, ...] = ()
    categories: tuple[Any, ...] = ()
    if by == "categories":
        if lists:
            frequent = Tally(one for one in values.tolist() if one is not None and one == one)
            categories = tuple(
                value
                for value, times in frequent.most_common(MAX_CATEGORIES)
                if times >= MIN_CATEGORY_ROWS
            )
    else:
        edges = _edges(as_numbers(values, by))
    empty = Bins(by=by, edges=edges, categories=categories, counts=())
    counts = Counter(empty, known).count(values).tolist()
    return Bins(by=by, edges=edges, categories=categories, counts=tuple(counts))


def _edges(numbers: NDArray[np.float64]) -> tuple[float, ...]:
    """The smallest and the largest number, and quantiles between them."""
    present = numbers[np.isfinite(numbers)]
    if not len(present):
        return (0.0, 0.0)  # no number is expected
    intervals = max(2, min(INTERVALS, len(present) // MIN_INTERVAL_ROWS))
    shares = np.linspace(0, 1, intervals + 1)[1:-1]
    inner = np.unique(np.quantile(present, shares, method="inverted_cdf"))
    least, most = present.min(), present.max()
    return (float(least), *inner[inner < most].tolist(), float(most))
