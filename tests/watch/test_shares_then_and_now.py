"""Shares of both sides and their intervals."""

import numpy as np
import pytest
from statsmodels.stats.proportion import confint_proportions_2indep

from harness.watch.shares import change
from harness.watch.sides import sides


def test_of_items_by_themselves_it_is_newcombes_interval():
    has = np.arange(50) < 12
    has[30:37] = True
    found = sides([f"a{i}" for i in range(30)], [f"b{i}" for i in range(20)])
    one = change(has, found)
    low, high = confint_proportions_2indep(7, 20, 12, 30, method="newcomb")
    assert (one.before, one.now) == (12 / 30, 7 / 20)
    assert (one.low, one.high) == pytest.approx((low, high))


def test_items_that_are_all_alike_in_a_group_count_as_one():
    # Ten groups of five that agree are worth about ten items, nine with the variance's divisor.
    has = np.repeat(np.arange(10) < 4, 5)
    found = sides([f"a{i // 5}" for i in range(50)], [f"b{i}" for i in range(50)])
    one = change(np.concatenate([has, has]), found)
    low, high = confint_proportions_2indep(20, 50, 3.6, 9, method="newcomb")
    assert (one.low, one.high) == pytest.approx((low, high))


def test_weights_move_the_share_and_a_share_of_none_has_an_interval():
    found = sides(list("abcd"), list("efgh"), [3.0, 1.0, 1.0, 1.0])
    one = change(np.array([True, False, False, False] + [False] * 4), found)
    assert one.before == 0.5
    assert one.now == 0.0
    assert one.low < -0.5 < one.high


def test_the_interval_covers_with_groups_and_weights():
    rng, missed = np.random.default_rng(0), 0
    for _ in range(300):
        names = [f"a{g}" for g in range(50) for _ in range(rng.integers(1, 7))]
        found = sides(names, [f"b{i}" for i in range(80)], rng.uniform(0.5, 2, len(names)).tolist())
        level = rng.normal(size=int(found.groups.max()) + 1)[found.groups]
        one = change(level + rng.normal(size=len(level)) > 1, found)
        missed += not one.low <= 0 <= one.high
    assert missed <= 27  # binomial of 300 at 5%: more with a chance of 0.1%
