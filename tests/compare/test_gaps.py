"""The gap between slices and its change: against scipy, and error rates on drawn studies."""

import numpy as np
import pytest
from scipy import stats

from harness.compare.by_slice import base, measure_slices
from harness.compare.gaps import Profile, Trust, gap_change, gap_interval
from harness.targets.classification import ClassificationAnswers
from harness.targets.metrics import ACCURACY

STUDIES = 300


def drawn(rng, reference, tuned, size=100, group=1):
    """Right answers with these shares by slice, alike between the two: [2, items] and slices."""
    of = np.repeat(np.arange(len(tuned)), size)
    groups = np.arange(len(of)) // group
    shared = rng.normal(size=groups.max() + 1)[groups]
    right = [(shared + rng.normal(size=len(of))) / np.sqrt(2) < stats.norm.ppf(shares)[of]
             for shares in (np.array(reference), np.array(tuned))]
    return np.stack(right), of, groups


def profiles(right, of, groups):
    targets = np.zeros(len(of), dtype=int)
    data = ClassificationAnswers([np.eye(2)[np.where(r, targets, 1)] for r in right], targets,
                                 groups)
    inside = [of == k for k in np.unique(of)]
    found = measure_slices(data, [[i] for i in range(len(right))], inside)
    trust = Trust(ACCURACY, [base(data, mask, None) for mask in inside])
    return [Profile(np.stack([s.points["accuracy"][[i]] for s in found], axis=1),
                    np.stack([s.shifts["accuracy"][i] for s in found]))
            for i in range(len(right))], trust


def test_two_slices_far_apart_have_the_interval_of_welch_s_test():
    right, of, groups = drawn(np.random.default_rng(0), [0.5, 0.9], [0.6, 0.9], size=300)
    (first, _), trust = profiles(right, of, groups)
    theirs = stats.ttest_ind(right[0][of == 1], right[0][of == 0], equal_var=False
                             ).confidence_interval()
    assert gap_interval(first, trust) == pytest.approx((theirs.low, theirs.high), abs=0.003)


def test_of_three_slices_the_widest_pair_is_shown_as_far_as_its_picking_leaves():
    """The lower end at a third of the level: any of three pairs might have been the widest."""
    right, of, groups = drawn(np.random.default_rng(1), [0.3, 0.6, 0.95], [0.3, 0.6, 0.95],
                              size=300)
    (first, _), trust = profiles(right, of, groups)
    welch = stats.ttest_ind(right[0][of == 2], right[0][of == 0], equal_var=False)
    low, high = gap_interval(first, trust)
    assert low == pytest.approx(welch.confidence_interval(1 - 0.05 / 3).low, abs=0.002)
    assert high == pytest.approx(welch.confidence_interval(0.95).high, abs=0.002)


def test_the_change_of_two_slices_far_apart_is_welch_s_test_of_the_paired_differences():
    right, of, groups = drawn(np.random.default_rng(3), [0.6, 0.8], [0.5, 0.9], size=300)
    (reference, tuned), trust = profiles(right, of, groups)
    paired = right[1].astype(int) - right[0]
    test = stats.ttest_ind(paired[of == 1], paired[of == 0], equal_var=False)
    theirs = test.confidence_interval()
    found = gap_change(tuned, reference, trust)
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=0.004)
    assert np.log10(found.p_value) == pytest.approx(np.log10(test.pvalue), abs=0.3)
    assert found.p_rise < found.p_fall
    back = gap_change(reference, tuned, trust)
    assert (back.low, back.high, back.p_fall) == pytest.approx(
        (-found.high, -found.low, found.p_rise))


def test_seeds_that_differ_widen_what_is_known():
    right, of, groups = drawn(np.random.default_rng(0), [0.7, 0.7], [0.6, 0.8], size=300)
    (reference, tuned), trust = profiles(right, of, groups)
    alike, apart = (Profile(tuned.points + np.array([[-s, s], [0, 0], [s, -s]]), tuned.shifts)
                    for s in (0.0, 0.1))
    narrow, wide = (gap_change(p, reference, trust) for p in (alike, apart))
    assert wide.difference == pytest.approx(narrow.difference)
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)
    assert wide.p_value > 10 * narrow.p_value


def test_slices_that_all_agree_prove_little():
    right = np.stack([np.ones(60, bool), np.arange(60) >= 3])
    (first, second), trust = profiles(right, np.repeat([0, 1], 30), np.arange(60))
    low, high = gap_interval(first, trust)
    assert low == 0
    assert high > 0.1
    assert gap_change(second, first, trust).p_value > 0.05


@pytest.mark.parametrize(("reference", "tuned", "group"), [
    ([0.8, 0.8], [0.8, 0.8], 1),
    ([0.85, 0.7], [0.85, 0.7], 1),
    ([0.85, 0.7], [0.7, 0.85], 1),
    ([0.95, 0.95], [0.5, 0.5], 1),
    ([0.9, 0.75, 0.8], [0.8, 0.9, 0.75], 4),
    ([0.9] * 5, [0.6] * 5, 1)])
def test_without_a_true_change_hardly_ever_one_is_claimed(reference, tuned, group):
    """Of 300 drawn studies at most 5% may claim a rise, give or take what 300 studies show."""
    rng, rises, falls = np.random.default_rng(5), 0, 0
    for _ in range(STUDIES):
        (floor, own), trust = profiles(*drawn(rng, reference, tuned, group=group))
        found = gap_change(own, floor, trust)
        rises += found.p_value < 0.05 and found.p_rise < found.p_fall
        falls += found.p_value < 0.05 and found.p_fall < found.p_rise
    most = stats.binom.ppf(0.999, STUDIES, 0.05)
    assert rises <= most
    assert falls <= most


def test_picking_the_widest_pair_and_testing_it_would_claim_too_much():
    """What the care is for: five equal slices, Welch's test of the pair picked on the method."""
    rng, claims = np.random.default_rng(5), 0
    for _ in range(200):
        right, of, _ = drawn(rng, [0.9] * 5, [0.6] * 5)
        shares = [right[1][of == k].mean() for k in range(5)]
        paired = right[1].astype(int) - right[0]
        test = stats.ttest_ind(paired[of == np.argmax(shares)], paired[of == np.argmin(shares)],
                               equal_var=False)
        claims += test.pvalue < 0.05 and test.statistic > 0
    assert claims > 25


@pytest.mark.parametrize(("reference", "tuned"), [([0.8, 0.8], [0.9, 0.7]),
                                                  ([0.8, 0.75, 0.85], [0.95, 0.5, 0.8])])
def test_a_true_rise_is_found_and_intervals_hold_it(reference, tuned):
    rng, found, held = np.random.default_rng(6), 0, 0
    true = np.ptp(tuned) - np.ptp(reference)
    for _ in range(100):
        (floor, own), trust = profiles(*drawn(rng, reference, tuned, size=250))
        change = gap_change(own, floor, trust)
        found += change.p_value < 0.05 and change.p_rise < change.p_fall
        held += change.low <= true <= change.high
    assert found > 85
    assert held > 88
