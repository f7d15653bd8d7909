"""One-sided bounds against independent implementations, and their error rates."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from harness.compare.bootstrap import Answers, Drawn, bootstrap
from harness.compare.few import least_reach
from harness.gate.bounds import (
    Bounds,
    Z,
    metric_bounds,
    ratio_bounds,
    requests_needed,
)
from harness.gate.checks import check
from harness.gate.evidence import Answered, quality_evidence
from harness.tasks.examples import Example


def test_student_s_bounds():
    values = np.random.default_rng(0).normal(0.1, 0.02, 10_000)
    found = metric_bounds("log_loss", 0.1, values, Drawn(40, 3), [])
    low, high = stats.t.interval(0.9, 37, loc=0.1, scale=values.std(ddof=1))
    assert (found.low, found.high) == pytest.approx((low, high))


@pytest.mark.parametrize("groups", [10, 50, 323])
def test_nothing_changed_is_no_certainty(groups):
    """All of n right: Wilson's interval by statsmodels."""
    found = metric_bounds("accuracy", 1.0, np.ones(100), Drawn(groups, 2), [])
    low, _ = proportion_confint(groups, groups, alpha=0.1, method="wilson")
    assert found.low == pytest.approx(low)


def test_what_is_not_known_has_no_narrow_bounds():
    assert metric_bounds("roc_auc", np.nan, np.ones(5), Drawn(19, 2), [9, 10]) is None
    wide = metric_bounds("accuracy", 0.5, np.full(5, 0.5), Drawn(2, 2), [1, 1])
    assert (wide.low, wide.high) == (-np.inf, np.inf)
    some = metric_bounds("roc_auc", 0.5, np.array([np.nan, 0.4, 0.6]), Drawn(19, 2), [9, 10])
    assert some.low < 0.5 < some.high


def test_a_model_at_the_margin_passes_in_five_of_a_hundred():
    """Accuracy truly 3 points lower than the baseline's, margin 3 points, 1,000 items."""
    rng, studies, items, margin = np.random.default_rng(1), 2_000, 1_000, 0.03
    gaps = rng.choice([-1, 0, 1], size=(studies, items), p=[0.08, 0.87, 0.05])
    passed = 0
    for gap in gaps:
        error = gap.std() / np.sqrt(items)
        values = rng.normal(gap.mean(), error, 1_000)
        found = metric_bounds("accuracy", gap.mean(), values, Drawn(items, 1), [])
        passed += check("a", "points", found, -margin, False).state == "passed"
    assert 0.035 < passed / studies < 0.065  # three Monte-Carlo errors


def test_bounds_of_a_paired_difference_by_the_bootstrap():
    """Against the paired t interval of items that are groups of their own, one class."""
    rng = np.random.default_rng(2)
    targets = np.arange(300) % 2
    sides = []
    for share in (0.8, 0.7):
        right = rng.random(300) < share
        p = np.where(right, 0.9, 0.1)
        sides.append(np.where((targets == 1)[:, None], np.c_[1 - p, p], np.c_[p, 1 - p]))
    found = bootstrap(Answers(sides, targets, np.arange(300)), 4_000)
    values = found.values["accuracy"]
    gap = metric_bounds("accuracy", float(found.points["accuracy"] @ [1, -1]),
                        values[0] - values[1], found.drawn, [150, 150])
    each = [(p.argmax(axis=1) == targets).astype(float) for p in sides]
    low, high = stats.t.interval(0.9, 299, *_mean(each[0] - each[1]))
    assert (gap.low, gap.high) == pytest.approx((low, high), abs=0.005)


def _mean(values):
    return values.mean(), values.std(ddof=1) / np.sqrt(len(values))


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


def test_a_mean_over_classes_is_no_surer_than_its_rare_classes():
    """A class with five groups, none of which changed: no bound of macro F1 is tight."""
    same = np.full(100, 0.9)
    wide = metric_bounds("macro_f1", 0.9, same, Drawn(300, 3), [150, 145, 5])
    rare = 1 - proportion_confint(5, 5, alpha=0.1, method="wilson")[0]
    assert wide.value - wide.low > rare / 3
    assert least_reach("roc_auc", 300, [295, 5], Z) == pytest.approx(rare)
    assert least_reach("accuracy", 300, [295, 5], Z) < 0.01


def test_a_rare_class_that_got_worse_is_not_passed():
    """Macro F1 truly 2.5 points lower by the rare class alone, margin 2: nominal 5%."""
    rng, passed, studies = np.random.default_rng(5), 0, 200
    targets = np.repeat([0, 1, 2], [150, 145, 5])
    for _ in range(studies):
        base = np.eye(3)[targets] * 0.8 + 0.1
        worse = base.copy()
        lost = (targets == 2) & (rng.random(300) < 0.12)
        worse[lost] = np.eye(3)[0] * 0.8 + 0.1
        found = bootstrap(Answers([worse, base], targets, np.arange(300)), 500)
        values = found.values["macro_f1"]
        gap = metric_bounds("macro_f1", float(found.points["macro_f1"] @ [1, -1]),
                            values[0] - values[1], found.drawn, [150, 145, 5])
        passed += gap.low >= -0.02
    assert passed == 0


def test_few_groups_prove_nothing():
    found = metric_bounds("log_loss", 0.1, np.full(50, 0.1), Drawn(9, 2), [5, 4])
    assert (found.low, found.high) == (-np.inf, np.inf)


def test_no_bound_of_a_share_leaves_what_a_share_can_be():
    """Case certain-from-few: right on all of 15 items is at least 0.847, and never above 1."""
    targets = np.repeat([0, 1, 2], 5)
    examples = tuple(Example(str(i), "t", None, int(t), str(i), {})
                     for i, t in enumerate(targets))
    right = np.eye(3)[targets] * 0.7 + 0.1
    own, gaps = quality_evidence(Answered(examples, right, np.full((15, 3), 1 / 3)))
    assert (own["accuracy"].low, own["accuracy"].high) == (pytest.approx(0.847, abs=5e-4), 1.0)
    for metric in ("accuracy", "macro_f1", "roc_auc", "calibration_error"):
        assert 0 <= own[metric].low <= own[metric].high <= 1
        assert -1 <= gaps[metric].low <= gaps[metric].high <= 1
    assert own["log_loss"].low >= 0
