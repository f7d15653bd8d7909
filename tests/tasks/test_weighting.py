"""Weighted samples over groups by their sizes speak for all items of the part."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from harness.tasks.drawing import draw_items, draw_sizes
from harness.tasks.spread import kish
from harness.tasks.weighting import PACE, expected, weights

ITEMS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 25)), min_size=1, max_size=200)
"""Class and group of each."""
DRAWS = 1000


def arrays(items):
    labels, groups = np.array(items).T
    return np.arange(len(items), dtype=np.uint64), labels, groups


@settings(max_examples=100, deadline=None)
@given(ITEMS, st.integers(0, 3), st.randoms(use_true_random=False))
def test_the_draw_is_an_order_that_does_not_hang_on_that_of_the_items(items, seed, rng):
    ids, labels, groups = arrays(items)
    order = draw_sizes(ids, labels, groups, seed)
    assert sorted(order.tolist()) == list(range(len(items)))
    mixed_up = np.array(rng.sample(range(len(items)), len(items)))
    again = draw_sizes(ids[mixed_up], labels[mixed_up], groups[mixed_up], seed)
    assert (mixed_up[again] == order).all()


@settings(max_examples=150, deadline=None)
@given(ITEMS, st.integers(0, 3), st.integers(1, 200))
def test_weights_add_up_to_the_items_of_each_class_that_is_drawn(items, seed, drawn):
    ids, labels, groups = arrays(items)
    order = draw_sizes(ids, labels, groups, seed)
    drawn = min(drawn, len(items))
    own = weights(labels[order], groups[order], drawn)
    assert (own > 0).all()
    assert own.mean() == pytest.approx(1)
    here = labels[order[:drawn]]
    sums = np.bincount(here, own, minlength=4) / np.bincount(labels, minlength=4).clip(1)
    there = sums[np.unique(here)]
    assert there == pytest.approx(there[0])
    if drawn == len(items):
        assert own == pytest.approx(1)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 60), min_size=1, max_size=30), st.floats(0, 1))
def test_a_group_gives_what_chance_would_until_that_is_one_item_then_half_as_much(sizes, share):
    sizes = np.array(sizes)
    rate = share * PACE
    chances = (np.arange(2000) + 0.5) / 2000
    counted = [sum(np.mean((chances + PACE * turn) / size < rate) for turn in range(size))
               for size in sizes.tolist()]
    assert expected(sizes, rate) == pytest.approx(counted, abs=1e-3 * sizes.max())
    assert expected(sizes, PACE) == pytest.approx(sizes)


def test_groups_of_one_size_are_all_alike():
    groups = np.repeat(np.arange(40), 5)
    labels = np.zeros(200, dtype=int)
    order = draw_sizes(np.arange(200, dtype=np.uint64), labels, groups, 0)
    assert len(set(groups[order[:40]])) == 40, "one of each before a second"
    assert weights(labels, groups[order], 25) == pytest.approx(1)


@pytest.fixture(scope="module")
def lumpy():
    """120 items of three classes in 31 groups, the largest a quarter of its class; some groups have
    two classes. Items, and how well each is answered: the larger the group, the worse."""
    sizes = np.array([20, 12, 8, 5, 4, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1, 1])
    groups = np.r_[np.repeat(np.arange(16), sizes), np.repeat(np.arange(12, 27), 2),
                   np.repeat([3, 5, 28, 29, 30], [6, 4, 10, 3, 1])]
    labels = np.repeat([0, 1, 2], [sizes.sum(), 30, 24])
    large = np.bincount(groups)[groups]
    return labels, groups, (np.arange(len(groups)) % 7 > 6 - 12 / (large + 1)).astype(float)


@pytest.fixture(scope="module")
def drawn(lumpy):
    """Of many draws of 24 items: places and weights."""
    labels, groups, _ = lumpy
    ids = np.arange(len(labels), dtype=np.uint64)
    orders = [draw_sizes(ids, labels, groups, seed) for seed in range(DRAWS)]
    return [(order[:24], weights(labels[order], groups[order], 24)) for order in orders]


def test_the_weighted_mean_is_that_of_all_items(lumpy, drawn):
    _, _, right = lumpy
    told = np.array([np.average(right[places], weights=own) for places, own in drawn])
    plain = np.array([right[places].mean() for places, _ in drawn])
    luck = told.std() / DRAWS**0.5
    assert told.mean() == pytest.approx(right.mean(), abs=4 * luck)
    assert abs(plain.mean() - right.mean()) > 10 * luck, "without weights it is another mean"


def test_every_group_stands_for_as_many_items_as_it_has(lumpy, drawn):
    """Of any class: then no mean over items is off, whatever they score."""
    labels, groups, _ = lumpy
    pairs = labels * 31 + groups
    sums = np.array([np.bincount(pairs[places], own, minlength=93) * len(labels) / 24
                     for places, own in drawn])
    luck = sums.std(axis=0) / DRAWS**0.5
    # Sequential Poisson sampling has its chances nearly, not wholly: where four of five groups are
    # drawn, a group's share of its class is off by up to a hundredth.
    sizes = np.bincount(pairs, minlength=93)
    of_class = np.repeat(np.bincount(labels), 31)
    assert (np.abs(sums.mean(axis=0) - sizes) <= 4 * luck + 0.01 * of_class).all()


def test_it_is_surer_than_items_at_random_where_a_group_s_items_are_alike(lumpy, drawn):
    labels, groups, _ = lumpy
    alike = np.random.default_rng(3).random(31)[groups]
    ids = np.arange(len(labels), dtype=np.uint64)
    told = [np.average(alike[places], weights=own) for places, own in drawn]
    chance = [alike[draw_items(ids, labels, groups, seed)[:24]].mean() for seed in range(DRAWS)]
    assert np.std(told) < 0.7 * np.std(chance)
    worth = np.mean([kish(np.bincount(groups[places], own)) for places, own in drawn])
    assert worth > np.mean([kish(np.bincount(groups[draw_items(ids, labels, groups, seed)[:24]])
                                 .astype(float)) for seed in range(200)])


def test_the_rate_is_where_the_groups_give_what_is_drawn():
    """Weights of one class by hand: a rate found by scipy, sizes over what was given."""
    sizes = np.array([30, 9, 4, 2, 1, 1, 1, 1])
    groups = np.repeat(np.arange(8), sizes)
    labels = np.zeros(49, dtype=int)
    order = draw_sizes(np.arange(49, dtype=np.uint64), labels, groups, 5)
    taken = np.bincount(groups[order[:9]], minlength=8)
    rate = brentq(lambda x: expected(sizes, x).sum() - 9, 0, PACE)
    by_hand = (sizes / np.minimum(1, rate * sizes) / np.maximum(taken, 1))[groups[order[:9]]]
    assert weights(labels, groups[order], 9) == pytest.approx(by_hand / by_hand.mean())
