"""Calibration errors against models whose calibration is known, and by hand."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from harness.compare.binned import binned
from harness.compare.jackknife import jackknife
from harness.compare.pairs import Sample, differences
from harness.compare.pool import Pool
from harness.targets.classification import ClassificationAnswers
from harness.targets.marked import confidence_bins

STUDIES, SAFE = 100, 6
"""Of these studies, intervals that may miss: 2.5% do at each end; more than so many beyond what
5% would be has a chance of one in 100."""


def model(rng, items, group=1, off=0.0, alike=0.3):
    """Confidence, what came true and groups, whose items are alike in whether they are right. The
    model is right by `off` less often than it says."""
    groups = np.arange(items) // group
    sure = rng.uniform(0.4, 1.0, items)
    shared = rng.normal(size=groups.max() + 1)[groups] * (group > 1)
    part = alike if group > 1 else 0.0
    chance = norm.cdf(part**0.5 * shared + (1 - part)**0.5 * rng.normal(size=items))
    return sure, chance < sure - off, groups


def told(confidence, right, groups):
    return binned(confidence, right, groups, Pool.of(groups))


def test_a_bin_with_all_items_in_it_has_an_interval_though_its_share_is_rounded_up():
    items = 20
    one = told(np.full(items, 0.95), np.ones(items, dtype=bool), np.arange(items))
    rounded = dataclasses.replace(one, weights=np.nextafter(one.weights, 2.0))
    with np.errstate(invalid="raise"):
        assert rounded.interval(0.95) == pytest.approx(one.interval(0.95))


@pytest.mark.parametrize(("items", "group"), [(100, 1), (300, 1), (1000, 1), (1000, 10)])
@pytest.mark.parametrize("off", [0.0, 0.1])
def test_the_interval_holds_the_true_error(items, group, off):
    """A perfectly calibrated model, and one that is too sure by a tenth everywhere: the error that
    was found in the first is never 0."""
    rng, missed = np.random.default_rng(items + group), 0
    for _ in range(STUDIES):
        found = told(*model(rng, items, group, off))
        low, high = found.interval(0.95)
        assert low <= found.estimate <= high <= 1
        assert found.found > 0
        missed += not low <= off <= high
    assert missed <= 0.05 * STUDIES + SAFE


@pytest.mark.parametrize("group", [1, 10])
def test_the_test_of_perfect_calibration_is_as_sure_as_it_says(group):
    rng = np.random.default_rng(5)
    rejected = [told(*model(rng, 500, group)).p_value < 0.05 for _ in range(STUDIES)]
    assert sum(rejected) <= 0.05 * STUDIES + SAFE
    seen = [told(*model(rng, 500, group, 0.15)).p_value < 0.05 for _ in range(20)]
    assert sum(seen) >= 15, "and it sees a model that is too sure"


def test_the_estimate_is_nearer_than_what_is_found():
    rng = np.random.default_rng(6)
    for off in (0.0, 0.1):
        found = [told(*model(rng, 200, 1, off)) for _ in range(60)]
        ours, theirs = (np.mean([getattr(one, name) for one in found])
                        for name in ("estimate", "found"))
        assert abs(ours - off) < abs(theirs - off)


def test_one_bin_is_a_share_against_a_number():
    """By hand: 100 items at 0.9, of which 75 are right, so 0.15 apart by about five errors."""
    sure, right = np.full(100, 0.9), np.arange(100) < 75
    found = told(sure, right, np.arange(100))
    assert found.found == pytest.approx(0.15)
    assert found.estimate == pytest.approx(0.15, abs=0.004)
    assert found.p_value < 0.005
    low, high = found.interval(0.95)
    # Where the score tests of 0.75 against confidence less the error end.
    for end, sign in ((low, 1), (high, -1)):
        share = 0.9 - end
        assert (share - 0.75) / (share * (1 - share) / 100) ** 0.5 == pytest.approx(
            sign * 1.96, abs=0.2)


def test_gaps_are_as_uncertain_as_those_of_drawn_items():
    """Three bins, each too sure by a fifth: how many items fall into a bin is drawn as well."""
    rng = np.random.default_rng(9)
    gaps, told_of = [], []
    for _ in range(400):
        sure = rng.choice([0.5, 0.7, 0.9], 120, p=[0.6, 0.3, 0.1])
        found = told(sure, rng.random(120) < sure - 0.2, np.arange(120))
        if len(found.gaps) == 3:
            gaps.append(found.gaps)
            told_of.append(found._variance(-0.2 * found.weights))
    assert np.mean(told_of, axis=0) == pytest.approx(np.var(gaps, axis=0), rel=0.25)


def test_confidence_without_a_mistake_is_not_certain():
    """As sure as can be, and right on all of 20 items: up to a sixth may be wrong all the same."""
    found = told(np.ones(20), np.ones(20, dtype=bool), np.arange(20))
    assert found.interval(0.95) == (0.0, pytest.approx(1.96**2 / (20 + 1.96**2), abs=1e-3))


@given(st.integers(0, 10**6), st.integers(2, 60), st.integers(1, 9))
@settings(max_examples=25, deadline=None)
def test_any_answers_have_an_error_within_bounds(seed, items, group):
    rng = np.random.default_rng(seed)
    sure = rng.choice([0.0, 0.5, 0.99, 1.0, rng.random()], items)
    right, groups = rng.random(items) < rng.random(), np.arange(items) // group
    found = told(sure, right, groups)
    low, high = found.interval(0.9)
    assert 0 <= low <= found.estimate <= high <= 1
    assert 0 < found.p_value <= 1
    bins = confidence_bins(sure)
    assert found.found == pytest.approx(sum(
        abs((right - sure)[bins == b].sum()) for b in range(15)) / items)


def test_a_method_s_figure_is_of_the_estimate_that_is_told():
    rng = np.random.default_rng(7)
    targets = rng.integers(3, size=150)
    runs = [rng.dirichlet(np.ones(3) * 0.7, 150) for _ in range(3)]
    found = jackknife(ClassificationAnswers(runs, targets, np.arange(150)))
    own = [found.figure("calibration_error", [place]) for place in range(3)]
    assert [f.mean for f in own] == [run.estimate for run in found.calibration]
    assert [(f.low, f.high) for f in own] == [pytest.approx(run.interval(0.95))
                                              for run in found.calibration]
    seeds = found.figure("calibration_error", [0, 1, 2])
    assert seeds.mean == pytest.approx(np.mean([f.mean for f in own]))
    assert seeds.low <= np.mean([f.low for f in own])
    assert seeds.high >= np.mean([f.high for f in own]), "seeds add their spread"


def test_a_difference_s_ends_are_those_of_the_two_errors():
    """Zou and Donner's, of two models whose answers have nothing to do with each other."""
    rng = np.random.default_rng(8)
    targets = rng.integers(3, size=150)
    found = jackknife(ClassificationAnswers(
        [rng.dirichlet(np.ones(3) * 0.7, 150) for _ in range(2)], targets, np.arange(150)))
    metric = "calibration_error"
    shifts = found.shifts[metric]
    shifts[1] -= shifts[0] * (shifts[0] @ shifts[1]) / (shifts[0] @ shifts[0])
    samples = [Sample(str(i), [found.points[metric][i]], shifts[i],
                      ends=found.ends(metric, [i])) for i in range(2)]
    (gap,) = differences(found.metrics[metric], samples, found.pool).values()
    (a, b), (c, d) = (run.interval(0.95) for run in found.calibration)
    one, other = found.points[metric]
    assert gap.difference == pytest.approx(one - other)
    assert gap.low == pytest.approx(one - other - np.hypot(one - a, d - other))
    assert gap.high == pytest.approx(one - other + np.hypot(b - one, other - c))
    assert samples[0].ends(0.9) == pytest.approx(found.calibration[0].interval(0.9))
    assert found.ends("accuracy", [0]) is None
