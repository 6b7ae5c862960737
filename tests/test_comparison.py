"""Measures of drift: those of SciPy, right for small samples, and silent without drift."""

from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.spatial import distance

from service.model.profile import Bins, Counter, Profile
from service.monitoring.comparison import (
    MIN_ROWS,
    chi_square_p_value,
    chi_square_tail,
    compare,
    corrected_psi,
    jensen_shannon,
    psi_of,
)
from tests.support.packed import packed

RANDOM = np.random.default_rng(0)
PAIRS = [
    (RANDOM.multinomial(500, share), RANDOM.multinomial(rows, RANDOM.dirichlet(np.ones(bins))))
    for bins, rows in [(2, 50), (3, 300), (12, 2000), (23, 400)]
    for share in [RANDOM.dirichlet(np.ones(bins))]
] + [(np.array([400, 100, 0, 0]), np.array([300, 0, 60, 0]))]


@pytest.mark.parametrize(("sample", "counts"), PAIRS)
def test_the_measures_are_those_of_scipy(sample: Any, counts: Any) -> None:
    one, other = sample + 0.5, counts + 0.5
    psi = stats.entropy(one, other) + stats.entropy(other, one)
    assert psi_of(sample, counts) == pytest.approx(psi, rel=1e-9)
    expected = distance.jensenshannon(sample, counts, base=2)
    assert jensen_shannon(sample, counts) == pytest.approx(expected, rel=1e-9)
    used = sample + counts > 0
    test = stats.chi2_contingency([sample[used], counts[used]], correction=False)
    assert chi_square_p_value(sample, counts) == pytest.approx(test.pvalue, rel=1e-9, abs=1e-200)


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 9, 12, 22])
@pytest.mark.parametrize("statistic", [0.0, 0.1, 1.0, 10.0, 60.0, 900.0])
def test_the_tail_of_chi_square_is_scipys(freedom: int, statistic: float) -> None:
    expected = stats.chi2.sf(statistic, freedom)
    assert chi_square_tail(statistic, freedom) == pytest.approx(expected, rel=1e-9, abs=1e-300)


@pytest.mark.parametrize(("sample_rows", "rows"), [(300, 300), (3000, 250), (600, 1000)])
def test_without_drift_the_corrected_psi_is_zero_on_average(sample_rows: int, rows: int) -> None:
    """Before it is cut off at 0: half of the time it is, then."""
    random, shares = np.random.default_rng(1), np.full(10, 0.1)
    pairs = [
        (random.multinomial(sample_rows, shares), random.multinomial(rows, shares))
        for _ in range(2000)
    ]
    plain = np.mean([psi_of(*pair) for pair in pairs])
    assert plain == pytest.approx(9 * (1 / sample_rows + 1 / rows), rel=0.06)
    assert np.median([corrected_psi(*pair) for pair in pairs]) == 0
    assert 0.35 < np.mean([corrected_psi(*pair) > 0 for pair in pairs]) < 0.5


def numbers(edges: Any, sample: Any) -> Bins:
    empty = Bins(by="numbers", edges=tuple(edges), counts=())
    counts = Counter(empty).count(sample)
    return Bins(by="numbers", edges=tuple(edges), counts=tuple(counts.tolist()))


def deciles(sample: Any) -> Bins:
    return numbers(np.quantile(sample, np.linspace(0, 1, 11), method="inverted_cdf"), sample)


def test_few_rows_raise_no_alarm_and_more_of_the_same_do() -> None:
    bins = deciles(np.random.default_rng(2).normal(size=1000))
    shifted = np.random.default_rng(3).normal(3, 1, MIN_ROWS)
    before = compare(bins, Counter(bins).count(shifted[:-1]), 1)
    after = compare(bins, Counter(bins).count(shifted), 1)
    assert (before.rows, before.reasons) == (MIN_ROWS - 1, ())
    assert (after.rows, after.reasons) == (MIN_ROWS, ("psi", "above"))
    assert before.psi > 1


def test_a_significant_but_small_difference_is_no_drift() -> None:
    bins = deciles(np.random.default_rng(4).normal(size=100_000))
    found = compare(bins, Counter(bins).count(np.random.default_rng(5).normal(0.1, 1, 100_000)), 1)
    assert found.p_value < 1e-9
    assert 0 < found.psi < 0.1
    assert found.reasons == ()


def test_a_large_difference_that_chance_explains_is_no_drift() -> None:
    """A category of 4 % that is not among 60 rows of the sample."""
    bins = Bins(by="categories", categories=("a",), counts=(60, 0, 0, 0))
    found = compare(bins, [288, 0, 12, 0], 1)
    assert found.shares["unknown"].now == 0.04
    assert stats.chi2_contingency([[60, 0], [288, 12]], correction=False).pvalue > 0.1
    assert found.reasons == ()


@pytest.mark.parametrize(("place", "reason"), [(0, "below"), (11, "above"), (12, "null")], ids=str)
def test_a_changed_share_is_a_reason_of_its_own(place: int, reason: str) -> None:
    counts = np.array([0, *[100] * 10, 0, 0])
    bins = Bins(by="numbers", edges=tuple(map(float, range(11))), counts=tuple(counts.tolist()))
    counts[place] += 40
    found = compare(bins, counts, 1)
    assert reason in found.reasons
    assert found.shares[reason].now == pytest.approx(40 / 1040)
    assert found.shares[reason].sample == 0


def test_nothing_was_asked_yet() -> None:
    bins = deciles(np.random.default_rng(6).normal(size=300))
    found = compare(bins, np.zeros(13), 1)
    assert (found.rows, found.psi, found.jensen_shannon, found.p_value) == (0, 0, 0, 1)


WINDOWS, ROWS = 200, 1000


def alarms(profile: Profile) -> int:
    """Of 200 windows of 1,000 rows drawn from the sample, those in which some column drifts."""
    random, bins = np.random.default_rng(7), [*profile.inputs.values(), *profile.outputs.values()]
    shares = [np.array(one.counts) / profile.rows for one in bins]
    return sum(
        any(
            compare(one, random.multinomial(ROWS, share), len(bins)).reasons
            for one, share in zip(bins, shares, strict=True)
        )
        for _ in range(WINDOWS)
    )


@pytest.mark.parametrize("name", ["sensors", "mixed table, open categories"])
def test_of_200_windows_without_drift_at_most_two_raise_an_alarm(name: str) -> None:
    profile = packed(name)[1].manifest.profile
    assert profile is not None
    assert alarms(profile) <= 2


@pytest.mark.parametrize("sample_rows", [100, 300, 3000])
def test_fresh_samples_of_one_distribution_raise_no_alarm(sample_rows: int) -> None:
    """Both the sample of packing and the rows in use are drawn each time: normal numbers, which
    have no ends, and skewed ones."""
    random, found = np.random.default_rng(8), 0
    for window in range(WINDOWS):
        draw = random.normal if window % 2 else random.exponential
        size = max(2, min(10, sample_rows // 20))
        sample = draw(size=sample_rows)
        edges = np.quantile(sample, np.linspace(0, 1, size + 1), method="inverted_cdf")
        bins = numbers(edges, sample)
        found += bool(compare(bins, Counter(bins).count(draw(size=ROWS)), 1).reasons)
    assert found <= 2
