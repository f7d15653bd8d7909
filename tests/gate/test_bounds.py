"""One-sided bounds against independent implementations, and their error rates."""

import numpy as np
import pytest
from judged import judged
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from harness.compare.pairs import Sample, differences
from harness.compare.pool import Pool
from harness.compare.uncertainty import figure
from harness.gate.bounds import TWO_SIDED, Bounds, ratio_bounds, requests_needed
from harness.gate.checks import check
from harness.gate.evidence import quality_evidence
from harness.targets.metrics import ACCURACY
from harness.tasks.examples import Example


@pytest.mark.parametrize("groups", [10, 50, 323])
def test_nothing_changed_is_no_certainty(groups):
    """All of n right: Wilson's interval by statsmodels."""
    found = figure(ACCURACY, [1.0], np.zeros(groups), Pool.even(groups), TWO_SIDED)
    low, _ = proportion_confint(groups, groups, alpha=0.1, method="wilson")
    assert found.low == pytest.approx(low)


def margins(pool, gaps, margin):
    """How often accuracy lost by `gaps` [studies, items] is passed within the margin."""
    passed, groups = 0, pool.groups
    for gap in gaps:
        moved = gap / groups - gap.mean() / groups
        (found,) = differences(ACCURACY, [
            Sample("now", [gap.mean()], moved * (groups / (groups - 1)) ** 0.5,
                   np.clip(gap, 0, None)),
            Sample("before", [0.0], np.zeros(groups), np.clip(-gap, 0, None))],
            pool, TWO_SIDED).values()
        found = Bounds(found.difference, found.low, found.high)
        passed += check("a", "points", found, -margin, False).state == "passed"
    return passed / len(gaps)


def test_a_model_at_the_margin_passes_in_five_of_a_hundred():
    """Accuracy truly 3 points lower than the baseline's, margin 3 points, 1,000 items."""
    gaps = np.random.default_rng(1).choice([-1, 0, 1], size=(2_000, 1_000), p=[0.08, 0.87, 0.05])
    assert 0.03 < margins(Pool.even(1_000), gaps, 0.03) < 0.065  # three Monte-Carlo errors


def test_the_negative_of_a_figure_has_its_bounds_the_other_way_round():
    assert Bounds(1.0, -2.0, 5.0, "why").turned() == Bounds(-1.0, -5.0, 2.0, "why")


@pytest.mark.parametrize(("level", "drawn"), [
    (0.95, 10_000), (1 - 0.05 / 2, 10_000), (1 - 0.05 / 110, 60_000), (0.999999, 100_000)])
def test_the_stricter_a_level_the_more_is_drawn_for_its_tail(monkeypatch, level, drawn):
    """Of 10,000, at 1 - 0.05 / 110, four or five would lie beyond a bound: 25 do of 55,000."""
    rows, made = [], np.random.default_rng

    class Counting:
        def __init__(self, seed):
            self.rng = made(seed)

        def integers(self, high, size):
            rows.append(size[0])
            return self.rng.integers(high, size=size)

    monkeypatch.setattr(np.random, "default_rng", Counting)
    times = np.linspace(1, 2, requests_needed(50, level))
    found = ratio_bounds(times, times, 50, 0, level)
    assert sum(rows) == drawn
    assert (found.low, found.value, found.high) == (1, 1, 1), "pairs are drawn together"
    assert ratio_bounds(times[1:], times[1:], 50, 0, level) is None


def test_bounds_of_a_paired_difference_are_the_paired_t_test_s():
    """Items that are groups of their own; log loss is wider where its figures' ends are."""
    rng = np.random.default_rng(2)
    targets = np.arange(300) % 2
    sides = [_sure(rng.uniform(0.3, top, 300), targets) for top in (0.9, 0.8)]
    gaps = quality_evidence(judged(_examples(targets), *sides)).gaps
    each = [-np.log(p[np.arange(300), targets]) for p in sides]
    theirs = stats.ttest_rel(*each).confidence_interval(0.9)
    assert gaps["log_loss"].low < theirs.low + 1e-4
    assert gaps["log_loss"].high > theirs.high - 1e-4
    assert (gaps["log_loss"].low, gaps["log_loss"].high) == pytest.approx(
        (theirs.low, theirs.high), abs=0.05 * (theirs.high - theirs.low))


def _sure(share, targets):
    return np.where(np.eye(2, dtype=bool)[targets], share[:, None], 1 - share[:, None])


def _examples(targets, groups=None):
    return tuple(Example(str(i), "t", None, int(t), str(i if groups is None else groups[i]), {})
                 for i, t in enumerate(targets))


def test_ratio_of_medians_against_scipy():
    rng = np.random.default_rng(3)
    slow = rng.lognormal(0, 0.1, 200)
    mine, theirs = 1.3 * slow * rng.lognormal(0, 0.05, 200), slow
    found = ratio_bounds(mine, theirs, 50, 0)
    expected = stats.bootstrap(
        (mine, theirs), lambda a, b, axis=-1: np.median(a, axis=axis) / np.median(b, axis=axis),
        paired=True, confidence_level=0.9, method="percentile", rng=4, vectorized=True)
    assert found.value == pytest.approx(np.median(mine) / np.median(theirs))
    assert (found.low, found.high) == pytest.approx(expected.confidence_interval, abs=0.01)


def test_a_percentile_needs_its_requests():
    """Fewer than 59 requests lie all below the 95th percentile with a chance above 5%."""
    assert (requests_needed(50), requests_needed(95)) == (5, 59)
    assert 0.95**59 < 0.05 < 0.95**58
    assert ratio_bounds([1.0] * 58, [1.0] * 58, 95, 0) is None
    assert ratio_bounds([1.0] * 59, [1.0] * 59, 95, 0) == Bounds(1.0, 1.0, 1.0)


def test_a_rare_class_that_got_worse_is_not_passed():
    """Macro F1 truly 2.5 points lower by the rare class alone, margin 2: nominal 5%."""
    rng, passed, studies = np.random.default_rng(5), 0, 200
    targets = np.repeat([0, 1, 2], [150, 145, 5])
    base = np.eye(3)[targets] * 0.7 + 0.1
    for _ in range(studies):
        lost = (targets == 2) & (rng.random(300) < 0.12)
        worse = np.where(lost[:, None], np.eye(3)[0] * 0.7 + 0.1, base)
        gaps = quality_evidence(judged(_examples(targets), worse, base)).gaps
        passed += gaps["macro_f1"].low >= -0.02
    assert passed == 0


def test_one_group_proves_nothing():
    targets = np.arange(20) % 2
    right = _sure(np.full(20, 0.9), targets)
    found = quality_evidence(judged(_examples(targets, np.zeros(20, int)), right, right))
    own, gaps = found.own, found.gaps
    assert (own["accuracy"].low, own["accuracy"].high) == (0.0, 1.0)
    assert (gaps["log_loss"].low, gaps["log_loss"].high) == (-np.inf, np.inf)


def test_no_bound_of_a_share_leaves_what_a_share_can_be():
    """Case certain-from-few: right on all of 15 items is at least 0.847, and never above 1."""
    targets = np.repeat([0, 1, 2], 5)
    examples = tuple(Example(str(i), "t", None, int(t), str(i), {})
                     for i, t in enumerate(targets))
    right = np.eye(3)[targets] * 0.7 + 0.1
    found = quality_evidence(judged(examples, right, np.full((15, 3), 1 / 3)))
    own, gaps = found.own, found.gaps
    assert (own["accuracy"].low, own["accuracy"].high) == (pytest.approx(0.847, abs=5e-4), 1.0)
    for metric in ("accuracy", "macro_f1", "roc_auc", "calibration_error"):
        assert 0 <= own[metric].low <= own[metric].high <= 1
        assert -1 <= gaps[metric].low <= gaps[metric].high <= 1
    assert own["log_loss"].low >= 0


def test_a_calibration_error_s_bound_has_no_end_to_its_tail_where_draws_have():
    """Of the 50th attempt: further than one of a thousand draws tells, by Student's quantiles."""
    rng = np.random.default_rng(8)
    targets = np.arange(300) % 2
    sides = [_sure(rng.uniform(0.3, top, 300), targets) for top in (0.9, 0.8)]
    answered = judged(_examples(targets), *sides)
    last, strict = (quality_evidence(answered, level) for level in (0.999, 1 - 0.05 / 2550))
    further = stats.t.isf(0.05 / 2550, 299) / stats.t.isf(0.001, 299)
    assert further > 1.3
    for before, after in ((last.own, strict.own), (last.gaps, strict.gaps)):
        told, beyond = before["calibration_error"], after["calibration_error"]
        assert beyond.high - beyond.value == pytest.approx(
            further * (told.high - told.value), rel=0.05)
        assert beyond.low <= told.low
    loose = quality_evidence(answered, 0.99).own["calibration_error"]
    assert loose.high < last.own["calibration_error"].high
