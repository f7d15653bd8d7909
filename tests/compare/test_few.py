"""Few items, all answered alike: no certainty, against statsmodels and by simulation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from harness.compare.bootstrap import Answers, Drawn, bootstrap
from harness.compare.few import independent, least_loss, least_reach, of_pair, of_share
from harness.compare.pairs import Sample, differences
from harness.compare.uncertainty import NORMAL, figure
from harness.measure.intervals import paired_proportions, wilson


@given(st.integers(1, 400), st.integers(0, 400))
def test_wilson_is_statsmodels_s(items, right):
    right = min(right, items)
    assert wilson(right, items) == pytest.approx(
        proportion_confint(right, items, method="wilson"), abs=1e-9)


def few(targets, *runs):
    """Pairs and figures of runs of answers, each of one seed and every item a group."""
    sides = [np.eye(3)[run] * 0.8 + 0.2 / 3 for run in runs]
    found = bootstrap(Answers(sides, targets, np.arange(len(targets))), 500)
    scores = [(run == targets).astype(float) for run in runs]
    figures = {m: [figure(m, [float(v)], found.values[m][[i]], found.drawn)
                   for i, v in enumerate(found.points[m])] for m in found.points}
    pairs = {m: differences(m, [
        Sample(str(i), [float(found.points[m][i])], found.values[m][i],
               scores[i] if m in found.drawn.shares else None)
        for i in range(len(runs))], found.drawn) for m in found.points}
    return figures, pairs


def test_all_right_on_fifteen_items_is_no_certainty():
    """Case certain-from-few: two methods right on all of 15 items, and the majority class."""
    targets = np.repeat([0, 1, 2], 5)
    figures, pairs = few(targets, targets, targets, np.zeros(15, dtype=int))
    for metric in ("accuracy", "micro_f1"):
        best, _, floor = figures[metric]
        assert (best.low, best.high) == pytest.approx((0.796, 1.0), abs=5e-4)
        assert (floor.low, floor.high) == pytest.approx(wilson(5, 15))
        same, above = pairs[metric]["0", "1"], pairs[metric]["0", "2"]
        assert (same.low, same.high) == pytest.approx((-0.204, 0.204), abs=5e-4)
        assert not same.rules_out(0.02)
        assert (above.low, above.high) == pytest.approx(paired_proportions(10, 0, 15))
        assert (above.low, above.high) == pytest.approx((0.33, 0.85), abs=0.03)
        assert above.significant
    for metric in ("macro_f1", "roc_auc", "calibration_error"):
        assert all(f.high > f.low for f in figures[metric])
        assert pairs[metric]["0", "1"].high > 0.02, metric
    assert figures["log_loss"][0].high == pytest.approx(
        figures["log_loss"][0].mean + least_loss(15, NORMAL))
    assert pairs["log_loss"]["0", "1"].high == pytest.approx(least_loss(15, NORMAL))
    assert 7 < least_loss(15, NORMAL) < 8


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
        inside[0] += np.less_equal(*_ordered(of_share(right, 0.0, items, items), share))
        ends, _ = of_pair((gap > 0).sum(), (gap < 0).sum(), 0.0, items, items)
        inside[1] += ends[0] <= 0 <= ends[1]
    # Wilson's coverage is 95% on the average of shares and below it at some (Brown, Cai and
    # DasGupta, Statistical Science 16, 2001, figure 11).
    assert (inside / studies >= (0.95 - 3 * (0.95 * 0.05 / studies) ** 0.5 - 0.03)).all()


def _ordered(ends, value):
    return (0, 1) if ends[0] <= value <= ends[1] else (1, 0)


def test_items_that_go_together_tell_less():
    assert independent(0.01, 0.01, 100, 20) == 100
    assert independent(0.01, 0.03, 100, 20) == pytest.approx(100 / 3)
    assert independent(0.01, 0.2, 100, 20) == 20
    assert independent(0.01, 0.001, 100, 20) == 100
    assert independent(0.0, 0.0, 100, 20) == 20
    assert Drawn(4, 1, (5, 5, 5, 5)).alike == 4
    assert Drawn(4, 1, (17, 1, 1, 1)).alike < 2
    assert of_share(1.0, 0.0, 100, 20) == wilson(20, 20)


def test_a_class_without_a_group_takes_no_part():
    assert least_reach("macro_f1", 30, (15, 15, 0), NORMAL) == pytest.approx(
        least_reach("macro_f1", 30, (15, 15), NORMAL))
