"""Figures' errors by hand: freedom, and ends on scales without bounds."""

import math

import numpy as np
import pytest
from scipy import stats

from harness.compare.pool import Pool
from harness.compare.uncertainty import (
    figure,
    freedom,
    known,
    one_more,
    satterthwaite,
    scaled_ends,
    seed_variance,
)
from harness.targets.metrics import ACCURACY, LOG_LOSS, MACRO_F1, R2, RMSE


def test_a_mean_over_seeds_has_the_variance_of_a_mean():
    points = [0.7, 0.75, 0.9]
    assert seed_variance(points) == (pytest.approx(stats.sem(points) ** 2), 2)
    assert seed_variance([0.7]) == (0.0, 0)


def test_where_all_classes_live_in_one_of_two_groups_no_error_of_them_is_known():
    """Of what is a mean over classes; a share of the items has two groups to tell it by."""
    pool = Pool.of(np.array([0, 0, 1, 1]), np.array([[1], [1], [0], [0]], dtype=bool))
    moved = np.array([0.1, -0.1])
    assert (known(moved, MACRO_F1, pool), known(moved, ACCURACY, pool)) == (False, True)
    assert not known(np.array([0.1, np.nan]), ACCURACY, pool)
    assert not known(np.array([0.1]), ACCURACY, Pool.even(1))
    told = figure(MACRO_F1, [0.5], moved, pool)
    assert (told.low, told.high, told.sampling_error) == (0, 1, math.inf)


def test_freedom_of_a_sum_of_variances():
    """By Welch and Satterthwaite; a variance without freedom has no say, none at all has one."""
    def found(*parts):
        return float(satterthwaite([(np.array(v), np.array(float(f))) for v, f in parts]))

    assert found((2.0, 5), (1.0, 3)) == pytest.approx(9 / (4 / 5 + 1 / 3))
    assert found((2.0, 5), (1.0, 0)) == pytest.approx(9 / (4 / 5))
    assert found((2.0, 5)) == pytest.approx(5)
    assert found((2.0, 0)) == math.inf
    assert found((0.0, 5), (0.0, 0)) == 1


@pytest.mark.parametrize("scale", [1.0, 1e-4, 1e-6])
def test_freedom_of_shifts_hangs_on_no_unit(scale):
    """Three times (Σ u²)² / Σ u⁴, at most one less than the groups."""
    few = np.array([3.0, -2.0, 0.5, 0.1, 0.0, 0.1, -0.3, 0.2])
    seen = 3 * (few**2).sum() ** 2 / (few**4).sum()
    assert seen < 7
    assert freedom(few * scale, 8.0) == pytest.approx(seen)
    assert freedom(np.ones(8) * scale, 8.0) == pytest.approx(7)
    assert freedom(np.zeros(8), 0.5) == 0


def test_ends_lie_on_the_scale_on_which_a_metric_has_no_bounds():
    """The delta method by hand: of log odds 1 / (p (1 - p)), of a logarithm 1 / distance."""
    low, high = scaled_ends(MACRO_F1, 0.8, 0.1)
    odds, wide = math.log(4), 0.1 / 0.16
    assert (low, high) == pytest.approx((1 / (1 + math.exp(wide - odds)),
                                         1 / (1 + math.exp(-wide - odds))))
    assert scaled_ends(RMSE, 2.0, 0.5) == pytest.approx((2 * math.exp(-0.25), 2 * math.exp(0.25)))
    assert scaled_ends(LOG_LOSS, 2.0, 0.5) == pytest.approx((2 * math.exp(-0.25), 2.5))
    assert scaled_ends(R2, 0.6, 0.1) == pytest.approx((1 - 0.4 * math.exp(0.25),
                                                       1 - 0.4 * math.exp(-0.25)))


@pytest.mark.parametrize(("metric", "mean", "ends"), [
    (MACRO_F1, 1.0, (0.9, 1.0)), (MACRO_F1, 0.0, (0.0, 0.1)), (RMSE, 0.0, (0.0, 0.1)),
    (R2, 1.0, (0.9, 1.0))])
def test_at_a_bound_they_reach_as_far_and_not_beyond(metric, mean, ends):
    assert scaled_ends(metric, mean, 0.1) == pytest.approx(ends)


def test_one_more_group_that_is_wrong():
    """Of 9 groups with a mean of 0.1 and a tenth that would cost 5: (0.9 + 5) / 10, with what that
    group moves the mean by beside the variance."""
    spread = 0.04 + (4.9 / 10) ** 2
    assert one_more(0.1, 5.0, 0.04, 9, 2.0) == pytest.approx(0.59 + 2 * spread**0.5)
    assert one_more(0.1, 0.0, 0.0, 9, 0.0) == 0.1
