"""Measures how the distribution of a column in use differs from that in the sample.

The population stability index (PSI) and the Jensen-Shannon distance say how much, a chi-square test
says whether chance explains it. A column has drifted only if the difference is both large and not
by chance: among many rows any difference is significant, among few rows a large one is common.

Bins without rows are usual, and the PSI of one would be endless: each bin gets half a row more (the
prior of Jeffreys). Of two samples with n and m rows of one distribution with k bins the expected
PSI is not 0 but (k - 1)(1/n + 1/m), so this is subtracted. The test compares counts of two samples
by Pearson's statistic, because the sample of packing is one, too. Its level is divided by the
number of tests, as Bonferroni did: that holds for dependent columns, too. Intervals by the
bootstrap would need many rounds of random numbers for each column, each time that somebody asks.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.model.profile import Bins

Numbers = NDArray[np.float64]
MIN_ROWS = 200  # in a window, to decide about
FALSE_ALARMS = 0.001  # the probability of one or more in a window without drift
MIN_PSI = 0.1  # less is usually taken as no change
MIN_SHARE = 0.03  # the least change of a share, such as that of null
PSI, NULL, UNKNOWN, BELOW, ABOVE = "psi", "null", "unknown", "below", "above"
TESTS_PER_COLUMN = 4  # PSI, null, and unknown or two ends


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """The share of rows with null, with an unknown category, or outside of the sample's range."""

    sample: float
    now: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A column in use compared with the sample.

    `psi` has its expected value without drift subtracted. `jensen_shannon` is the distance with
    logarithms of base 2, so from 0 to 1. `p_value` is that of the whole distribution. `reasons` are
    what has drifted: `psi`, or the names of shares; empty without drift or with too few rows.
    `sample` and `now` are the shares of rows in each bin.
    """

    rows: int
    psi: float
    jensen_shannon: float
    p_value: float
    shares: dict[str, Share]
    reasons: tuple[str, ...]
    sample: tuple[float, ...]
    now: tuple[float, ...]


def compare(bins: Bins, now: Sequence[float] | NDArray[Any], columns: int) -> Comparison:
    """Compare the counts of a window with those of the sample; `columns` are tested in all."""
    sample, counts = np.array(bins.counts, dtype=np.float64), np.asarray(now, dtype=np.float64)
    rows, level = int(counts.sum()), FALSE_ALARMS / (columns * TESTS_PER_COLUMN)
    psi, p_value = corrected_psi(sample, counts), chi_square_p_value(sample, counts)
    shares, reasons = {}, []
    if rows >= MIN_ROWS and psi >= MIN_PSI and p_value < level:
        reasons.append(PSI)
    for name, place in _shares(bins).items():
        share = shares[name] = Share(
            sample=float(sample[place] / sample.sum()),
            now=float(counts[place] / rows) if rows else 0.0,
        )
        is_large = rows >= MIN_ROWS and abs(share.now - share.sample) >= MIN_SHARE
        if is_large and chi_square_p_value(_two(sample, place), _two(counts, place)) < level:
            reasons.append(name)
    return Comparison(
        rows=rows,
        psi=psi,
        jensen_shannon=jensen_shannon(sample, counts) if rows else 0.0,
        p_value=p_value,
        shares=shares,
        reasons=tuple(reasons),
        sample=tuple((sample / sample.sum()).tolist()),
        now=tuple((counts / max(rows, 1)).tolist()),
    )


def psi_of(sample: NDArray[Any], counts: NDArray[Any]) -> float:
    """The population stability index of two distributions, each with half a row more per bin."""
    expected, actual = _smoothed(sample), _smoothed(counts)
    return float(((actual - expected) * np.log(actual / expected)).sum())


def corrected_psi(sample: NDArray[Any], counts: NDArray[Any]) -> float:
    """The PSI of the bins that have rows, without the part that chance explains; at least 0."""
    used = sample + counts > 0
    sample, counts = sample[used], counts[used]
    if not counts.sum():
        return 0.0
    by_chance = (len(counts) - 1) * (1 / sample.sum() + 1 / counts.sum())
    return max(0.0, psi_of(sample, counts) - float(by_chance))


def jensen_shannon(sample: NDArray[Any], counts: NDArray[Any]) -> float:
    """The Jensen-Shannon distance, from 0 to 1."""
    one, other = sample / sample.sum(), counts / counts.sum()
    middle = (one + other) / 2
    divergence = (_divergence(one, middle) + _divergence(other, middle)) / 2
    return math.sqrt(max(0.0, divergence))


def chi_square_p_value(sample: NDArray[Any], counts: NDArray[Any]) -> float:
    """The probability of at least such a difference between two samples of one distribution."""
    used = sample + counts > 0
    table = np.stack([sample[used], counts[used]])
    totals = table.sum(axis=1, keepdims=True)
    if table.shape[1] < 2 or not totals.all():
        return 1.0
    expected = totals * table.sum(axis=0) / totals.sum()
    return chi_square_tail(float(((table - expected) ** 2 / expected).sum()), table.shape[1] - 1)


def chi_square_tail(statistic: float, freedom: int) -> float:
    """The probability that a chi-square variable with `freedom` degrees is larger.

    A finite sum, because `freedom` is a whole number; SciPy is not installed everywhere.
    """
    half = statistic / 2
    if half <= 0:
        return 1.0
    found = math.erfc(math.sqrt(half)) if freedom % 2 else 0.0
    for place in range(freedom // 2):
        power = place + freedom % 2 / 2
        found += math.exp(power * math.log(half) - half - math.lgamma(power + 1))
    return min(1.0, found)


def _shares(bins: Bins) -> dict[str, int]:
    """The bins that are reported as a share."""
    if bins.by == "categories":
        return {UNKNOWN: bins.size - 2, NULL: bins.size - 1}
    return {BELOW: 0, ABOVE: bins.size - 2, NULL: bins.size - 1}


def _two(counts: Numbers, place: int) -> Numbers:
    return np.array([counts[place], counts.sum() - counts[place]])


def _smoothed(counts: NDArray[Any]) -> Numbers:
    more = counts + 0.5
    return more / float(more.sum())


def _divergence(one: Numbers, other: Numbers) -> float:
    used = one > 0
    return float((one[used] * np.log2(one[used] / other[used])).sum())
