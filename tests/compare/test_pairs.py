"""Paired comparisons against scipy and statsmodels, where they have the same test."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar as their_mcnemar
from statsmodels.stats.multitest import multipletests

from harness.compare.jackknife import jackknife
from harness.compare.pairs import Sample, differences, holm, mcnemar
from harness.compare.pool import Pool
from harness.compare.uncertainty import figure, freedom, satterthwaite
from harness.measure.intervals import paired_proportions
from harness.targets.classification import ClassificationAnswers
from harness.targets.metrics import (
    ACCURACY,
    HAMMING_LOSS,
    LOG_LOSS,
    MACRO_F1,
    RANKING_PRECISION,
    SUBSET_ACCURACY,
    TOKEN_F1,
)

GROUPS = 10_000
MANY = Pool.even(GROUPS)


def moved(error, seed=0):
    """What so many groups move a figure by whose standard error over them is this."""
    each = np.random.default_rng(seed).normal(size=GROUPS)
    return each / np.sqrt((each**2).sum()) * error


def coin(right):
    return np.where(right[:, None], [[0.1, 0.9]], [[0.9, 0.1]])


def accuracies(*runs, groups=None):
    """Runs of right and wrong answers, each a method with one seed."""
    items = len(runs[0])
    found = jackknife(ClassificationAnswers([coin(r) for r in runs], np.ones(items, dtype=int),
                              np.arange(items) if groups is None else groups))
    return differences(ACCURACY, [
        Sample(str(i), [float(r.mean())], found.shifts["accuracy"][i], r.astype(float))
        for i, r in enumerate(runs)], found.pool)


@settings(max_examples=20)  # statsmodels collects garbage at every call
@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_holm_is_statsmodels_s(raw):
    assert holm(np.array(raw)) == pytest.approx(multipletests(raw, method="holm")[1])


def test_mcnemar_is_statsmodels_s():
    right = np.random.default_rng(0).random((4, 90)) < np.array([[0.5], [0.6], [0.8], [0.8]])
    found = iter(mcnemar(right))
    for i in range(4):
        for j in range(i + 1, 4):
            table = [[(right[i] & right[j]).sum(), (right[i] & ~right[j]).sum()],
                     [(~right[i] & right[j]).sum(), (~right[i] & ~right[j]).sum()]]
            ours = next(found)
            assert ours.p_value == pytest.approx(their_mcnemar(table, exact=True).pvalue)
            assert (ours.only_first, ours.only_second) == (table[0][1], table[1][0])
            most = max(ours.only_first, ours.only_second)
            assert ours.effect == pytest.approx(most / (ours.only_first + ours.only_second) - 0.5)


def test_few_groups_prove_little_though_they_show_no_error():
    sure, guess = np.ones(4, dtype=bool), np.zeros(4, dtype=bool)
    (four,) = accuracies(sure, guess).values()
    assert (four.difference, four.high) == (1.0, 1.0)
    assert four.low == pytest.approx(paired_proportions(4, 0, 4)[0])
    assert four.p_value == 0.125
    (one,) = accuracies(np.arange(50) > 9, np.arange(50) > 10, groups=np.zeros(50, int)).values()
    assert one.p_value == 1.0, "one group leaves no degree of freedom"


def test_two_copies_differ_in_nothing():
    right = np.random.default_rng(0).random(50) < 0.5
    (only,) = accuracies(right, right).values()
    assert (only.difference, only.p_value) == (0, 1)
    assert (only.low, only.high) == pytest.approx(paired_proportions(0, 0, 50), abs=1e-6)
    assert not only.significant
    assert mcnemar(np.stack([right, right]))[0].effect == 0.0


def test_independent_items_give_the_paired_t_test():
    rng = np.random.default_rng(2)
    first, second = rng.random(400) < 0.75, rng.random(400) < 0.68
    (ours,) = accuracies(first, second).values()
    theirs = stats.ttest_rel(first.astype(float), second.astype(float))
    interval = theirs.confidence_interval()
    assert ours.p_value == pytest.approx(theirs.pvalue, rel=0.05)
    assert [ours.low, ours.high] == pytest.approx([interval.low, interval.high], abs=0.003)


def test_seeds_alone_give_welch_s_test():
    """With hardly an error over items only the seeds speak."""
    first, second = [0.80, 0.84, 0.79, 0.83], [0.70, 0.78, 0.74]
    (ours,) = differences(ACCURACY, [Sample("a", first, moved(1e-4)),
                           Sample("b", second, moved(0.0))], MANY).values()
    theirs = stats.ttest_ind(first, second, equal_var=False)
    interval = theirs.confidence_interval()
    assert ours.p_value == pytest.approx(theirs.pvalue, rel=1e-3)
    assert [ours.low, ours.high] == pytest.approx([interval.low, interval.high], rel=1e-3)


def test_the_detectable_difference_is_found_four_times_in_five():
    rng, items, found = np.random.default_rng(5), 200, []
    error = np.sqrt(2 * 0.25 / items)
    gap = (stats.norm.ppf(0.975) + stats.norm.ppf(0.8)) * error
    for _ in range(400):
        runs = rng.random(items) < 0.5 + gap / 2, rng.random(items) < 0.5 - gap / 2
        means = [float(r.mean()) for r in runs]
        (d,) = differences(ACCURACY, [Sample(str(i), [m], moved(np.sqrt(0.25 / items), i))
                            for i, m in enumerate(means)], MANY).values()
        found.append(d.p_value < 0.05)
        assert d.detectable == pytest.approx(gap, rel=0.2)
        assert d.items_share == 1.0
    assert np.mean(found) == pytest.approx(0.8, abs=0.06)


@pytest.mark.parametrize("seeds", [2, 3, 6])
def test_so_it_is_where_few_seeds_say_how_unlike_they_are(seeds):
    """Two methods of two that differ by so much, and then what studies of them find."""
    rng, drawn, items = np.random.default_rng(7), 0.02, 1e-4
    points = [rng.normal(0, 1, seeds) for _ in range(2)]
    # Seeds whose variance is seen as it is.
    points = [drawn * (each - each.mean()) / each.std(ddof=1) for each in points]
    own = moved(np.sqrt(items / 2), 1), moved(np.sqrt(items / 2), 2)
    (d,) = differences(ACCURACY, [Sample(str(i), points[i].tolist(), own[i])
                                  for i in range(2)], MANY).values()
    found = 0
    for _ in range(2000):
        shift = rng.normal(0, np.sqrt(items))
        one, other = rng.normal(0, drawn, (2, seeds))
        (seen,) = differences(ACCURACY, [
            Sample("a", (one + d.detectable + shift).tolist(), own[0]),
            Sample("b", other.tolist(), own[1])], MANY).values()
        found += seen.p_value < 0.05
    assert found / 2000 == pytest.approx(0.8, abs=0.04)


def test_the_correction_is_over_all_pairs():
    rng = np.random.default_rng(1)
    found = accuracies(*(rng.random(100) < p for p in (0.9, 0.8, 0.7, 0.6)))
    assert len(found) == 6
    raw = [d.p_value for d in found.values()]
    assert [d.adjusted for d in found.values()] == pytest.approx(
        multipletests(raw, method="holm")[1])


def test_turning_a_difference_around():
    (d,) = accuracies(np.arange(60) % 3 > 0, np.arange(60) % 2 > 0).values()
    turned = d.turned()
    assert (turned.difference, turned.low, turned.high) == (-d.difference, -d.high, -d.low)
    assert turned.turned() == d


@given(st.lists(st.tuples(st.floats(1e-6, 10), st.integers(1, 50)), min_size=1, max_size=4))
@settings(deadline=None)
def test_degrees_of_freedom_lie_between_the_least_and_the_sum(parts):
    df = float(satterthwaite([(np.array(v), np.array(float(f))) for v, f in parts]))
    assert min(f for _, f in parts) - 1e-6 <= df <= sum(f for _, f in parts) + 1e-6


@given(st.integers(2, 200), st.integers(0, 1000))
@settings(deadline=None)
def test_freedom_is_no_more_than_groups_of_equal_weight_leave_or_what_few_that_carry_all(n, seed):
    shifts = np.random.default_rng(seed).normal(size=n)
    assert 1 <= freedom(shifts, n) <= n - 1
    assert freedom(np.eye(n)[0], n) == min(n - 1, 3)
    assert freedom(shifts, 1.5) == 0.5


def test_one_seed_has_an_interval_over_items_alone_and_more_seeds_a_wider_one():
    one = figure(ACCURACY, [0.8], moved(0.02), MANY)
    assert one.sd is None
    assert one.high - one.low == pytest.approx(2 * 1.96 * 0.02, rel=0.05)
    three = figure(ACCURACY, [0.75, 0.80, 0.85], moved(0.02), MANY)
    assert three.sampling_error == pytest.approx(one.sampling_error)
    assert three.high - three.low > 2 * (one.high - one.low)


def test_an_interval_stays_within_the_metric_s_bounds():
    assert 0.99 < figure(ACCURACY, [0.99], moved(0.05), MANY).high < 1.0
    assert 0.0 < figure(ACCURACY, [0.01], moved(0.05), MANY).low < 0.01
    assert figure(LOG_LOSS, [0.99], moved(0.05), MANY).high > 1.0
    assert figure(LOG_LOSS, [0.01], moved(0.05), MANY).low > 0.0


def test_an_end_is_student_s_on_the_scale_of_log_odds():
    pool = Pool.of(np.repeat(np.arange(30), 2))
    shifts = np.random.default_rng(1).normal(0, 0.01, 30)
    found = figure(MACRO_F1, [0.7], shifts, pool)
    error, df = np.sqrt((shifts**2).sum()), float(freedom(shifts, 30))
    reach = stats.t.ppf(0.975, df) * error / (0.7 * 0.3)
    odds = np.exp(np.log(0.7 / 0.3) + np.array([-reach, reach]))
    assert (found.low, found.high) == pytest.approx(tuple(odds / (1 + odds)))


@pytest.mark.parametrize("first", [0.9, 0.5])
def test_an_error_that_is_not_known_is_not_zero(first):
    """All items of one group, or a metric that is not defined without one."""
    rng = np.random.default_rng(0)
    (grouped,) = accuracies(rng.random(60) < first, rng.random(60) < 0.5,
                            groups=np.zeros(60, int)).values()
    lacking = moved(0.02)
    lacking[7] = np.nan
    (other,) = differences(ACCURACY, [Sample("a", [first], lacking),
                                        Sample("b", [0.5], moved(0.02, 1))], MANY).values()
    for found in (grouped, other):
        assert (found.low, found.high, found.p_value) == (-np.inf, np.inf, 1.0)
        assert found.detectable == np.inf
        assert not found.significant
        assert not found.rules_out(0.5)
    assert type(grouped).model_validate_json(grouped.model_dump_json()) == grouped
    whole = figure(ACCURACY, [first], lacking, MANY)
    assert (whole.low, whole.high, whole.sampling_error) == (0.0, 1.0, np.inf)
    gap = dataclasses.replace(TOKEN_F1, name="gap", bounds=(-np.inf, np.inf))
    unknown = {metric.name: figure(metric, [-first], np.zeros(1), Pool.even(1))
               for metric in (LOG_LOSS, gap)}
    assert (unknown["log_loss"].low, unknown["log_loss"].high) == (0.0, np.inf)
    assert (unknown["gap"].low, unknown["gap"].high) == (-np.inf, np.inf)


@pytest.mark.parametrize("metric", [SUBSET_ACCURACY, RANKING_PRECISION, HAMMING_LOSS])
def test_shares_of_sets_stay_between_0_and_1(metric):
    points = [0.99, 0.97, 1.0]
    shifts = np.random.default_rng(0).normal(0, 0.005, 5)
    found = figure(metric, points, shifts, Pool.even(5))
    assert 0 < found.low < found.mean < found.high <= 1.0
