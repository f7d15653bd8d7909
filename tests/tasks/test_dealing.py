from collections import Counter, defaultdict

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from harness.tasks.dealing import HELD, _large, deal_groups, deal_items

SHARES = st.sampled_from([(0.6, 0.15, 0.25), (0.8, 0.2), (0.15, 0.05, 0.8), (0.5, 0.25, 0.25)])
PURE = st.lists(st.tuples(st.integers(0, 4), st.integers(1, 60)), min_size=3, max_size=80)
"""Groups of one class each: class and items."""
MIXED = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 25)), min_size=20, max_size=200)
"""Items: class and group."""


def items_of(groups):
    labels = np.repeat([label for label, _ in groups], [size for _, size in groups])
    return labels, np.repeat(np.arange(len(groups)), [size for _, size in groups])


def parts_of(groups, parts):
    found = defaultdict(set)
    for group, part in zip(groups.tolist(), parts.tolist(), strict=True):
        found[group].add(part)
    return found


@settings(max_examples=150, deadline=None)
@given(MIXED, SHARES, st.integers(0, 3))
def test_every_group_is_in_one_part_and_no_part_is_empty(items, shares, seed):
    labels, groups = np.array(items).T
    assume(len(np.unique(groups)) >= 12)
    parts = deal_groups(labels, groups, shares, seed)
    assert all(len(found) == 1 for found in parts_of(groups, parts).values())
    assert set(parts.tolist()) == set(range(len(shares)))


@settings(max_examples=150, deadline=None)
@given(PURE, SHARES, st.integers(0, 3))
def test_a_class_has_groups_in_every_part_and_about_its_share_of_them(found, shares, seed):
    labels, groups = items_of(found)
    have = Counter(label for label, _ in found)
    assume(max(have.values()) >= len(shares))
    parts = deal_groups(labels, groups, shares, seed)
    dealt = Counter((label, part) for (label, _), part in
                    zip(found, (parts[groups == g][0] for g in range(len(found))), strict=True))
    for label, count in have.items():
        for part, share in enumerate(shares):
            # One each, and the rest by shares: off by less than the one and what is rounded.
            assert abs(dealt[label, part] - share * count) < 2
            assert dealt[label, part] >= (count >= len(shares))


@settings(max_examples=100, deadline=None)
@given(MIXED, st.integers(0, 3), st.randoms(use_true_random=False))
def test_the_order_of_the_items_does_not_matter_and_the_seed_does_all(items, seed, rng):
    labels, groups = np.array(items).T
    assume(len(np.unique(groups)) >= 12)
    order = np.array(rng.sample(range(len(items)), len(items)))
    parts = deal_groups(labels, groups, (0.6, 0.15, 0.25), seed)
    assert (deal_groups(labels[order], groups[order], (0.6, 0.15, 0.25), seed)
            == parts[order]).all()


@settings(max_examples=150, deadline=None)
@given(st.lists(st.integers(1, 60), min_size=3, max_size=80), SHARES, st.integers(0, 3))
def test_a_class_is_worth_many_groups_where_it_is_not_trained_on(sizes, shares, seed):
    """What is not trained on is no large part of it, or is needed for the quota of groups."""
    labels, groups = items_of([(0, size) for size in sizes])
    parts = deal_groups(labels, groups, shares, seed)
    for group, size in enumerate(sizes):
        if parts[groups == group][0] == 0:
            continue
        smaller = sum(own for own in sizes if own <= size)
        rank = sum(own < size for own in sizes)
        assert (size * HELD <= min(shares[1:]) * smaller
                or rank < sum(shares[1:]) * len(sizes) + len(shares))


def test_the_largest_groups_train_and_the_others_are_alike_in_all_parts():
    found = [(0, 700), (0, 300), (0, 90), *((0, 1 + i % 5) for i in range(297))]
    labels, groups = items_of(found)
    parts = deal_groups(labels, groups, (0.6, 0.15, 0.25), 0)
    assert (parts[groups < 3] == 0).all()
    held = [[size for g, (_, size) in enumerate(found) if g > 2 and parts[groups == g][0] == part]
            for part in (0, 1, 2)]
    assert [len(own) for own in held] == [177, 45, 75], "with the three, 180 of 300 train"
    assert [np.mean(own) for own in held] == pytest.approx([3, 3, 3], abs=0.1)


def test_groups_of_several_classes_keep_each_class_on_every_side():
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(120), 10)
    labels = np.where(rng.random(1200) < 0.02, 2, rng.integers(0, 2, 1200))
    parts = deal_groups(labels, groups, (0.6, 0.15, 0.25), 0)
    rare = np.unique(groups[labels == 2])
    dealt = Counter(parts[groups == g][0] for g in rare.tolist())
    assert [dealt[p] / len(rare) for p in (0, 1, 2)] == pytest.approx([0.6, 0.15, 0.25], abs=0.06)
    whole = Counter(parts[::10].tolist())
    assert [whole[p] / 120 for p in (0, 1, 2)] == pytest.approx([0.6, 0.15, 0.25], abs=0.03)


def test_groups_are_dealt_whatever_their_classes_where_classes_have_too_few():
    labels, groups = items_of([(label, 4) for label in (0, 0, 1, 1)])
    assert set(deal_groups(labels, groups, (0.6, 0.15, 0.25), 0).tolist()) == {0, 1, 2}


@pytest.mark.parametrize("deal", [deal_groups, deal_items])
def test_too_few_groups_are_named(deal):
    labels, groups = items_of([(0, 4), (1, 4)])
    with pytest.raises(ValueError, match="2 groups cannot make 3 parts"):
        deal(labels, groups, (0.6, 0.15, 0.25), 0)


@pytest.mark.parametrize(("counts", "share", "large"), [
    ([2, *[1] * 18], 1.0, []), ([2, *[1] * 17], 1.0, [0]), ([2, *[1] * 38], 0.5, []),
    ([2, *[1] * 37], 0.5, [0]), ([50, 2, *[1] * 18], 1.0, [0])])
def test_a_group_is_large_with_more_than_one_in_ten_of_what_its_part_gets(counts, share, large):
    """Of 20 items a group of 2 is one in ten, and of 19 it is more."""
    found = _large(np.array(counts), np.array([len(counts), 0, 0]), share)
    assert np.flatnonzero(found).tolist() == large


def test_no_group_is_too_large_where_parts_would_lack_their_groups():
    """Three groups, of which the other two parts are to have one each."""
    assert _large(np.array([5, 9, 7]), np.array([1, 1, 1]), 0.1).tolist() == [False, True, False]
