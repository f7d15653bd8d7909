import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.optimize import minimize_scalar

from harness.measure.intervals import (
    mean_difference,
    mean_of,
    paired_proportions,
    ratio,
)


def score_statistic(gained, lost, items, delta):
    """Tango's statistic with the restricted maximum likelihood found by search, not by formula."""
    def loss(q):  # q = P(lost), P(gained) = q + delta
        counts = gained, lost, items - gained - lost
        shares = q + delta, q, 1 - 2 * q - delta
        return -sum(n * math.log(max(p, 1e-300)) for n, p in zip(counts, shares, strict=True) if n)

    low, high = max(0.0, -delta), (1 - delta) / 2
    q = minimize_scalar(loss, bounds=(low, high), method="bounded",
                        options={"xatol": 1e-12}).x
    return (gained - lost - items * delta) / math.sqrt(items * (2 * q + delta - delta**2))


@pytest.mark.parametrize(("gained", "lost", "items"),
                         [(3, 9, 40), (12, 2, 44), (1, 1, 20), (0, 5, 30), (20, 31, 500)])
def test_ends_of_the_interval_are_where_the_score_test_turns(gained, lost, items):
    low, high = paired_proportions(gained, lost, items)
    z = stats.norm.ppf(0.975)
    assert score_statistic(gained, lost, items, low) == pytest.approx(z, rel=2e-3)
    assert score_statistic(gained, lost, items, high) == pytest.approx(-z, rel=2e-3)


def test_no_change_is_not_certainty():
    low, high = paired_proportions(0, 0, 32)
    z2 = stats.norm.ppf(0.975) ** 2
    assert (low, high) == pytest.approx((-z2 / (32 + z2), z2 / (32 + z2)))


@given(st.integers(1, 60).flatmap(lambda n: st.tuples(
    st.integers(0, n), st.just(n)).flatmap(lambda t: st.tuples(
        st.just(t[0]), st.integers(0, n - t[0]), st.just(n)))))
def test_intervals_hold_the_difference_and_turn_around(counts):
    gained, lost, items = counts
    low, high = paired_proportions(gained, lost, items)
    assert -1 <= low <= (gained - lost) / items <= high <= 1
    assert paired_proportions(lost, gained, items) == pytest.approx((-high, -low), abs=1e-6)


@pytest.mark.parametrize(("p_gained", "p_lost"), [(0.03, 0.1), (0.05, 0.05), (0.01, 0.2)])
def test_intervals_cover_the_truth_as_often_as_they_say(p_gained, p_lost):
    rng, items, repeats = np.random.default_rng(0), 60, 800
    counts = rng.multinomial(items, [p_gained, p_lost, 1 - p_gained - p_lost], repeats)
    found = {tuple(c): paired_proportions(int(c[0]), int(c[1]), items) for c in counts}
    covered = [found[tuple(c)][0] <= p_gained - p_lost <= found[tuple(c)][1] for c in counts]
    assert 0.925 < np.mean(covered) < 0.985


def test_the_interval_of_a_mean_is_students():
    values = list(np.random.default_rng(1).normal(0.1, 0.3, 25))
    interval = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert mean_difference(values) == pytest.approx((interval.low, interval.high))
    assert mean_difference([0.5]) == (-1.0, 1.0)


def test_symmetric_intervals_combine_as_standard_errors_do():
    low, high = mean_of([0.1, 0.3], [(0.1 - 0.03, 0.1 + 0.03), (0.3 - 0.04, 0.3 + 0.04)])
    assert (low, high) == pytest.approx((0.2 - 0.025, 0.2 + 0.025))


def test_the_ratio_s_interval_agrees_with_the_bootstrap():
    rng = np.random.default_rng(2)
    sizes = rng.integers(40, 120, 80).astype(float)
    amounts = sizes * rng.normal(0.2, 0.1, 80)
    value, (low, high) = ratio(amounts, sizes)
    assert value == pytest.approx(amounts.sum() / sizes.sum())
    boot = stats.bootstrap((amounts, sizes), lambda a, s, axis: a.sum(axis) / s.sum(axis),
                           paired=True, vectorized=True, n_resamples=4000, random_state=3,
                           method="percentile").confidence_interval
    assert high - low == pytest.approx(boot.high - boot.low, rel=0.1)
    assert ratio([1.0], [2.0]) == (0.5, (-math.inf, math.inf))
