"""Few items, all answered alike: no certainty, against statsmodels and by simulation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta, t
from statsmodels.stats.proportion import proportion_confint

from harness.compare.few import independent, of_area, of_pair, of_share, unseen
from harness.compare.jackknife import jackknife
from harness.compare.pairs import Sample, differences
from harness.compare.pool import Pool
from harness.compare.uncertainty import NORMAL, figure
from harness.measure.intervals import paired_proportions, wilson
from harness.targets.classification import ClassificationAnswers
from harness.targets.metric import Statistic
from harness.targets.metrics import ACCURACY, MACRO_F1, ROC_AUC


@given(st.integers(1, 400), st.integers(0, 400))
def test_wilson_is_statsmodels_s(items, right):
    right = min(right, items)
    assert wilson(right, items) == pytest.approx(
        proportion_confint(right, items, method="wilson"), abs=1e-9)


def few(targets, *runs):
    """Pairs and figures of runs of answers, each of one seed and every item a group."""
    sides = [np.eye(3)[run] * 0.8 + 0.2 / 3 for run in runs]
    found = jackknife(ClassificationAnswers(sides, targets, np.arange(len(targets))))
    scores = [(run == targets).astype(float) for run in runs]
    figures = {m: [figure(found.metrics[m], [float(v)], found.shifts[m][i], found.pool,
                          if_wrong=found.if_wrong[m][i] if m in found.if_wrong else None)
                   for i, v in enumerate(found.points[m])] for m in found.points}
    pairs = {m: differences(found.metrics[m], [
        Sample(str(i), [float(found.points[m][i])], found.shifts[m][i],
               scores[i] if found.metrics[m].statistic is Statistic.SHARE else None)
        for i in range(len(runs))], found.pool) for m in found.points}
    return figures, pairs


def test_a_class_that_no_item_has_leaves_nothing_open():
    groups, two = np.arange(12), np.eye(2, dtype=bool)[np.arange(12) % 2]
    three = np.column_stack([two, np.zeros(12, dtype=bool)])
    least = of_area(0.9, Pool.of(groups, three), NORMAL)
    assert least is not None
    assert least == of_area(0.9, Pool.of(groups, two), NORMAL)
    for metric in (MACRO_F1, ROC_AUC):
        for shifts in (np.zeros(12), np.where(two[:, 0], 0.1, 0.0)):
            assert unseen(metric, shifts, Pool.of(groups, three)) == pytest.approx(
                unseen(metric, shifts, Pool.of(groups, two)))


def test_all_right_on_fifteen_items_is_no_certainty():
    """Case certain-from-few: two methods right on all of 15 items, and the majority class."""
    targets = np.repeat([0, 1, 2], 5)
    figures, pairs = few(targets, targets, targets, np.zeros(15, dtype=int))
    for metric in ("accuracy", "micro_f1"):
        best, _, floor = figures[metric]
        assert (best.low, best.high) == pytest.approx((0.796, 1.0), abs=5e-4)
        assert floor.low < wilson(5, 15)[0] < wilson(5, 15)[1] < floor.high
        assert (floor.low, floor.high) == pytest.approx(wilson(5, 15), abs=0.05)
        same, above = pairs[metric]["0", "1"], pairs[metric]["0", "2"]
        assert (same.low, same.high) == pytest.approx((-0.204, 0.204), abs=5e-4)
        assert not same.rules_out(0.02)
        low, high = paired_proportions(10, 0, 15)
        assert above.low < low < high < above.high
        assert (above.low, above.high) == pytest.approx((low, high), abs=0.1)
        assert above.significant
    for metric in ("macro_f1", "roc_auc", "calibration_error"):
        assert all(f.high > f.low for f in figures[metric])
        assert pairs[metric]["0", "1"].high > 0.02, metric
    # As if one item in 16 had been answered as surely and wrong.
    sure, wrong = -np.log(0.8 + 0.2 / 3), -np.log(0.2 / 3)
    centre = (15 * sure + wrong) / 16
    assert figures["log_loss"][0].high == pytest.approx(
        centre + t.ppf(0.975, 14) * (wrong - sure) / 16)
    assert pairs["log_loss"]["0", "1"].high == 0, "the same probabilities"


@pytest.mark.parametrize("items", [15, 30, 100])
@pytest.mark.parametrize("share", [0.98, 0.8])
def test_an_interval_holds_what_it_says(items, share):
    """Accuracy, and a pair of methods alike, by 1,000 drawn test sets: at least 95 of 100 within
    three Monte-Carlo errors."""
    rng, studies = np.random.default_rng(items), 1_000
    inside = np.zeros(2)
    for _ in range(studies):
        one, other = rng.random((2, items)) < share
        right, gap = one.mean(), one.astype(float) - other
        inside[0] += np.less_equal(*_ordered(of_share(right, 0.0, Pool.even(items), NORMAL), share))
        ends, _ = of_pair((gap > 0).sum(), (gap < 0).sum(), 0.0, Pool.even(items), NORMAL)
        inside[1] += ends[0] <= 0 <= ends[1]
    # Wilson's coverage is 95% on the average of shares and below it at some (Brown, Cai and
    # DasGupta, Statistical Science 16, 2001, figure 11).
    assert (inside / studies >= (0.95 - 3 * (0.95 * 0.05 / studies) ** 0.5 - 0.03)).all()


def _ordered(ends, value):
    return (0, 1) if ends[0] <= value <= ends[1] else (1, 0)


def test_items_that_go_together_tell_less():
    pool = Pool.of(np.repeat(np.arange(20), 5))
    assert independent(0.01, 0.01, pool) == 100
    assert independent(0.01, 0.03, pool) == pytest.approx(100 / 3)
    assert independent(0.01, 0.2, pool) == 20
    assert independent(0.01, 0.001, pool) == 100
    assert independent(0.0, 0.0, pool) == 20
    assert Pool.of(np.repeat(np.arange(4), (17, 1, 1, 1))).alike < 2
    assert of_share(1.0, 0.0, pool, NORMAL) == wilson(20, 20)


def test_a_class_without_a_group_takes_no_part():
    actual = np.eye(3, dtype=bool)[np.repeat([0, 1], 15)]
    with_, without = (unseen(MACRO_F1, np.zeros(30), Pool.of(np.arange(30), each))
                      for each in (actual, actual[:, :2]))
    assert with_ == pytest.approx(without)


def test_a_mean_over_classes_is_no_surer_than_its_rare_classes():
    """A class with five groups, none of which changed: no bound of macro F1 is tight."""
    actual = np.eye(3, dtype=bool)[np.repeat([0, 1, 2], [150, 145, 5])]
    pool = Pool.of(np.arange(300), actual)
    changed = np.where(np.arange(300) < 295, 0.001, 0.0)
    rare = 1 - proportion_confint(5, 5, method="wilson")[0]
    assert unseen(MACRO_F1, changed, pool) == pytest.approx(beta(0.5, 5.5).var() / 3**2)
    assert NORMAL * unseen(MACRO_F1, np.zeros(300), pool) ** 0.5 > rare / 3
    two = Pool.of(np.arange(300), actual[:, 1:] | actual[:, [0, 0]])
    assert NORMAL * unseen(ROC_AUC, np.zeros(300), two) ** 0.5 < rare
    area = Pool.of(np.arange(300), np.c_[~actual[:, 2], actual[:, 2]])
    assert NORMAL * unseen(ROC_AUC, np.zeros(300), area) ** 0.5 == pytest.approx(rare)
    assert unseen(ACCURACY, changed, pool) == 0.0
