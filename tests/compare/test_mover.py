"""Ends of differences from those of two figures: against the formula, and its limits."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import optimize, stats
from sklearn.metrics import roc_auc_score
from statsmodels.stats.proportion import proportion_confint

from harness.compare.few import of_area
from harness.compare.jackknife import jackknife
from harness.compare.mover import arms, dear
from harness.compare.pairs import Sample, differences
from harness.compare.pool import Pool
from harness.compare.uncertainty import figure
from harness.targets.classification import ClassificationAnswers
from harness.targets.metrics import LOG_LOSS, MACRO_F1, MICRO_F1, ROC_AUC, TOKEN_F1

POOL = Pool.even(60)


def samples(*points, seed=0, shared=0.8):
    rng = np.random.default_rng(seed)
    common = rng.normal(size=60)
    return [Sample(str(i), [p], 0.004 * (shared * common + rng.normal(size=60)))
            for i, p in enumerate(points)]


def test_ends_are_those_of_zou_and_donner_as_far_as_figures_are_alone():
    one, other = samples(0.97, 0.93)
    a, b = (figure(ROC_AUC, s.points, s.shifts, POOL) for s in (one, other))
    r = one.shifts @ other.shifts / np.sqrt((one.shifts @ one.shifts)
                                            * (other.shifts @ other.shifts))
    together = max((a.mean - a.low - b.mean + b.low) ** 2, (a.high - a.mean - b.high + b.mean) ** 2)

    def reach(first, second):
        alone = first ** 2 + second ** 2 - 2 * r * first * second
        return np.sqrt(alone - r ** 2 * max((first - second) ** 2 - together, 0.0))

    low, high = 0.04 - reach(0.97 - a.low, b.high - 0.93), 0.04 + reach(a.high - 0.97, 0.93 - b.low)
    (found,) = differences(ROC_AUC, [one, other], POOL).values()
    assert (found.low, found.high) == pytest.approx((low, high))
    assert 0.04 - low != pytest.approx(high - 0.04, rel=0.02), "near 1 the arms differ"


def test_of_figures_that_do_not_go_together_they_are_just_those():
    one, other = samples(0.97, 0.93, shared=0.0)
    other = replace(other, shifts=other.shifts - one.shifts * (one.shifts @ other.shifts)
                    / (one.shifts @ one.shifts))
    a, b = (figure(ROC_AUC, s.points, s.shifts, POOL) for s in (one, other))
    own = arms(ROC_AUC, [one, other], POOL, 0.95)
    assert own.down == pytest.approx([np.hypot(0.97 - a.low, b.high - 0.93)])
    assert own.up == pytest.approx([np.hypot(a.high - 0.97, 0.93 - b.low)])


def with_ends(name, shifts, below, above):
    """A figure whose interval is so uneven."""
    return Sample(name, [0.5], shifts, ends=lambda _: (0.5 - below, 0.5 + above))


@pytest.mark.parametrize("shared", [0.5, 1.0, 2.0, 4.0])
def test_what_is_a_figure_s_own_keeps_its_unevenness(shared):
    """Two figures' errors are what they share, gamma of this shape, and an exponential each. Their
    ends are quantiles of gamma, and the difference's error is Laplace's, whatever they share."""
    errors, needed = stats.gamma(1 + shared), 0.01 * stats.laplace.ppf(0.95)
    below, above = (0.01 * abs(errors.ppf(q) - 1 - shared) for q in (0.95, 0.05))
    r = shared / (1 + shared)
    one, other = np.linalg.qr(np.random.default_rng(7).normal(size=(60, 2)))[0].T
    own = arms(TOKEN_F1, [with_ends("a", one, below, above), with_ends(
        "b", r * one + np.sqrt(1 - r**2) * other, below, above)], POOL, 0.9)
    assert own.up == pytest.approx(own.down)
    assert 0.999 * needed < own.up[0] < 1.02 * needed
    alone = below**2 + above**2 - 2 * r * below * above
    assert np.sqrt(alone - r * (above - below)**2) < 0.999 * needed, "too short with r for r²"
    assert np.sqrt(alone) > own.up[0]


@pytest.mark.parametrize("metric", [TOKEN_F1, MICRO_F1])
def test_two_that_answer_all_items_alike_may_differ_on_others(metric):
    """As of shares: by what a score interval leaves open where none of 60 groups shows a change."""
    one = Sample("a", [0.97], 0.004 * np.random.default_rng(0).exponential(size=60) - 0.004)
    (found,) = differences(metric, [one, Sample("b", [0.97], one.shifts)], POOL).values()
    z = stats.norm.ppf(0.975)
    assert (found.low, found.high) == (pytest.approx(-z**2 / (60 + z**2)),
                                       pytest.approx(z**2 / (60 + z**2)))


@pytest.mark.parametrize("metric", [ROC_AUC, LOG_LOSS])
def test_a_model_beside_itself_differs_by_next_to_nothing(metric):
    """Its own ends are uneven; answered again in other batches its answers differ by noise."""
    one = Sample("a", [0.97], 0.004 * np.random.default_rng(0).exponential(size=60) - 0.004)
    again = Sample("b", [0.97 + 1e-10], one.shifts + 1e-10)
    (found,) = differences(metric, [one, again], POOL).values()
    assert abs(found.low) < 1e-3
    assert abs(found.high) < 1e-3


def test_where_both_ends_are_symmetric_it_is_the_paired_t_test_s():
    """In the middle of the scale, two figures as uncertain as each other."""
    rng = np.random.default_rng(1)
    one, other = rng.normal(0, 0.001, (2, 60))
    both = [Sample("a", [0.5], one), Sample("b", [0.5], other)]
    own = arms(TOKEN_F1, both, POOL, 0.95)
    even = stats.t.ppf(0.975, 59) * np.sqrt(((one - other) ** 2).sum())
    assert own.down == pytest.approx([even], rel=0.05)
    assert own.up == pytest.approx([even], rel=0.05)


@pytest.mark.parametrize("metric", [ROC_AUC, LOG_LOSS, TOKEN_F1])
def test_p_is_below_5_of_100_where_the_interval_leaves_0_out(metric):
    for seed in range(20):
        for found in differences(metric, samples(0.97, 0.95, 0.90, seed=seed), POOL).values():
            assert (found.p_value < 0.05) == (found.low > 0 or found.high < 0)


def test_an_area_leaves_open_what_newcombe_s_least_variance_does():
    pool = Pool.of(np.arange(30), np.eye(2, dtype=bool)[np.arange(30) % 3 // 2])
    low, high = of_area(0.98, pool, 1.96)

    def score(theta):
        return (0.98 - theta) ** 2 - 1.96**2 * theta * (1 - theta) / (20 * 10)
    assert low == pytest.approx(optimize.brentq(score, 0.5, 0.98))
    assert high == pytest.approx(optimize.brentq(score, 0.98, 1))
    assert of_area(0.98, Pool.even(30), 1.96) is None


def test_a_mean_of_areas_leaves_open_what_its_classes_pairs_do():
    """By drawn samples of three classes: the least variance of the mean, of groups that are items,
    lies below what it is, and its own is solved by the score interval."""
    classes = np.repeat([0, 1, 2], [4, 6, 20])
    actual = np.eye(3, dtype=bool)[classes]
    low, high = of_area(0.98, Pool.of(np.arange(30), actual), 1.96)
    least = sum(1 / (n * (30 - n)) for n in (4, 6, 20)) / 9

    def score(theta):
        return (0.98 - theta) ** 2 - 1.96**2 * theta * (1 - theta) * least
    assert low == pytest.approx(optimize.brentq(score, 0.5, 0.98))
    assert high == pytest.approx(optimize.brentq(score, 0.98, 1))
    rng, areas = np.random.default_rng(4), []
    for _ in range(400):
        scores = rng.normal(size=(30, 3)) + 2.5 * actual
        areas.append(roc_auc_score(actual, scores, average="macro"))
    assert np.var(areas) > np.mean(areas) * (1 - np.mean(areas)) * least
    grouped = Pool.of(np.where(classes == 1, 0, np.arange(30)), actual)
    assert of_area(0.98, grouped, 1.96)[0] < low, "a class of one group"
    assert of_area(0.98, Pool.of(np.arange(30), np.c_[actual, actual[:, 0] & False]), 1.96
                   ) == pytest.approx((low, high)), "a class without items has no part"


def test_of_two_classes_of_which_items_may_have_both_there_are_two_areas():
    rng = np.random.default_rng(5)
    several = rng.random((40, 2)) < 0.4
    either = Pool.of(np.arange(40), several)
    n = [several[:, c].sum() * (~several[:, c]).sum() for c in range(2)]
    low, high = of_area(0.95, either, 1.96)
    assert (low, high) == pytest.approx(proportion_confint(
        0.95 * 4 / (1 / n[0] + 1 / n[1]), 4 / (1 / n[0] + 1 / n[1]), method="wilson"), abs=1e-4)


def test_items_that_count_unlike_leave_two_classes_one_area():
    actual, weights = np.eye(2, dtype=bool)[np.arange(30) % 3 // 2], np.linspace(1, 3, 30)
    pool = Pool.of(np.arange(30), actual, weights=weights)
    n = np.prod([weights[own].sum() ** 2 / (weights[own] ** 2).sum() for own in actual.T])
    assert of_area(0.95, pool, 1.96) == pytest.approx(
        proportion_confint(0.95 * n, n, method="wilson"), abs=1e-4)


def test_an_area_s_variance_is_no_less_than_its_pairs_of_items_leave():
    """The bound that `of_area` rests on, by drawn samples whose true area is known."""
    rng, m, n = np.random.default_rng(2), 6, 9
    for shift in (0.5, 1.5, 3.0):
        x, y = rng.normal(shift, 1, (4000, m, 1)), rng.normal(0, 1, (4000, 1, n))
        true = stats.norm.cdf(shift / np.sqrt(2))
        assert (x > y).mean(axis=(1, 2)).var() > true * (1 - true) / (m * n)


def test_areas_near_1_on_few_groups_are_not_told_to_be_near_each_other():
    """A study of ten groups where one answer of either is out of order."""
    rng = np.random.default_rng(3)
    groups, targets = np.repeat(np.arange(10), 10), np.repeat(np.arange(10) % 2, 10)
    sides = []
    for odd in (3, 47):
        score = np.where(targets == 1, 0.9, 0.1) + rng.uniform(-0.05, 0.05, 100)
        score[odd] = 0.5 + np.where(targets[odd] == 1, -0.45, 0.45)
        sides.append(np.c_[1 - score, score])
    found = jackknife(ClassificationAnswers(sides, targets, groups))
    pair = [Sample(str(i), [float(v)], found.shifts["roc_auc"][i])
            for i, v in enumerate(found.points["roc_auc"])]
    (gap,) = differences(ROC_AUC, pair, found.pool).values()
    assert abs(gap.difference) < 0.02
    assert gap.low < -0.05
    assert gap.high > 0.05


def test_equal_probabilities_have_equal_losses():
    one, _ = samples(0.3, 0.3)
    same = Sample("same", one.points, one.shifts)
    (found,) = differences(LOG_LOSS, [one, same], POOL).values()
    assert (found.low, found.high, found.p_value) == (0.0, 0.0, 1.0)
    dear = figure(LOG_LOSS, one.points, one.shifts, POOL,
                  if_wrong=0.3 + one.shifts.max() * 60)
    alone = arms(LOG_LOSS, [one, Sample("b", [0.2], np.zeros(60))], POOL, 0.95)
    assert alone.up == pytest.approx([dear.high - 0.3], abs=1e-3)


@pytest.mark.parametrize(("groups", "chance"), [(10, 0.05), (10, 0.025), (60, 0.025),
                                                (3, 0.02)])
def test_the_next_group_is_dearer_with_no_more_than_the_chance(groups, chance):
    """By drawn losses that fall off as exponentials."""
    drawn = np.random.default_rng(6).exponential(size=(4000, groups + 1))
    seen, pool = drawn[:, :-1], Pool.even(groups)
    means = seen.mean(axis=1)
    # A group moves the mean of so many by its distance from it over their number.
    ends = [mean + dear((own - mean) / groups, pool, chance)
            for own, mean in zip(seen, means, strict=True)]
    expected = min(chance, 1 / (groups + 1))
    beyond = (drawn[:, -1] > ends).mean()
    assert beyond == pytest.approx(expected, abs=4 * (expected / 4000)**0.5)


def test_what_no_group_showed_is_not_stretched_near_1():
    """Macro F1 of 0.998: a class of 100 groups without an error is not as low as one half."""
    targets = np.repeat([0, 1, 2], 100)
    answered = targets.copy()
    answered[0] = 1
    found = jackknife(ClassificationAnswers([np.eye(3)[answered] * 0.8 + 0.2 / 3], targets,
                                            np.arange(300)))
    own = figure(MACRO_F1, [float(found.points["macro_f1"][0])], found.shifts["macro_f1"][0],
                 found.pool)
    assert 0.95 < own.low < 0.99
