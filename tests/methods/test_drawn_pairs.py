"""Pairs for contrastive tuning: alike where a class is shared, each item in both sorts."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.methods.pairs import draw_pairs

SETS = st.lists(st.frozensets(st.integers(0, 3), max_size=3), min_size=2, max_size=25)


def drawn(sets, seed=0):
    classes = np.array([[number in one for number in range(4)] for one in sets])
    return draw_pairs(classes, np.random.default_rng(seed))


def alike(one, other):
    return bool(one & other) or one == other == frozenset()


@given(SETS, st.integers(0, 5))
def test_every_item_meets_one_of_either_sort_where_there_is_one(sets, seed):
    found = drawn(sets, seed)
    for pair in found:
        assert pair.first != pair.second
        assert pair.alike == alike(sets[pair.first], sets[pair.second])
    for kind in (True, False):
        meets = Counter(pair.first for pair in found if pair.alike == kind)
        assert set(meets.values()) <= {1}
        assert set(meets) == {i for i, one in enumerate(sets) if any(
            alike(one, other) == kind for j, other in enumerate(sets) if i != j)}


@given(SETS)
def test_pairs_are_as_many_in_every_draw(sets):
    assert drawn(sets, 0) == drawn(sets, 0)
    assert len(drawn(sets, 0)) == len(drawn(sets, 1))


@pytest.mark.parametrize("kind", [True, False])
def test_every_partner_is_as_likely(kind):
    """Ten items of two classes: four others are alike, five are not."""
    sets = [frozenset({i % 2}) for i in range(10)]
    counts = Counter(pair.second for seed in range(2000) for pair in drawn(sets, seed)
                     if pair.first == 4 and pair.alike == kind)
    partners = [i for i in range(10) if i != 4 and (i % 2 == 0) == kind]
    assert sorted(counts) == partners
    shares = np.array([counts[i] for i in partners]) / 2000
    np.testing.assert_allclose(shares, 1 / len(partners), atol=0.05)
