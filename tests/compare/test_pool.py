"""How many groups figures rest on, and the least that their signs can say."""

import numpy as np
import pytest
from scipy.stats import binomtest

from harness.compare.pool import Pool


@pytest.mark.parametrize("groups", [1, 2, 3, 4, 5, 12])
def test_no_p_is_below_that_of_signs_that_are_all_one(groups):
    assert Pool.even(groups).least_p == pytest.approx(binomtest(0, groups).pvalue)


def test_one_group_of_items_and_another_are_counted_by_their_sizes():
    """Kish's (Σ n)² / Σ n², by hand: of groups of 1, 2 and 3 items, with two classes."""
    groups, actual = np.array([0, 1, 1, 2, 2, 2]), np.eye(2, dtype=bool)[[0, 0, 1, 1, 1, 0]]
    pool = Pool.of(groups, actual)
    assert (pool.groups, pool.items) == (3, 6.0)
    assert pool.alike == pytest.approx(36 / 14)
    assert pool.classes.items.tolist() == [3, 3]
    assert pool.classes.groups.tolist() == [3, 2]
    # Of the first class the groups hold 1, 1 and 1; of the second 0, 1 and 2.
    assert pool.classes.alike == pytest.approx([3, 9 / 5])
    assert pool.classes.others == pytest.approx([9 / 5, 3])
    assert pool.classes.members == pytest.approx(np.array([[1, 0], [1 / 2, 1 / 2], [1 / 3, 2 / 3]]))
    # Where both classes count alike, groups have (1 + 0) / 3, (1 + 1) / 3 and (1 + 2) / 3 of all.
    assert pool.balanced == pytest.approx(36 / 14)


@pytest.mark.filterwarnings("error")
def test_a_number_without_an_item_is_no_group():
    pool = Pool.of(np.array([0, 2, 2]), np.eye(2, dtype=bool)[[0, 0, 1]], count=5)
    assert pool.classes.members.tolist() == [[1, 0], [0, 0], [0.5, 0.5], [0, 0], [0, 0]]
    assert pool.groups == 2
    assert pool.alike == pytest.approx(9 / 5)
