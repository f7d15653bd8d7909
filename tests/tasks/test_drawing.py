from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.tasks.drawing import EVEN, LEAST, class_shares, draw_groups, draw_items
from harness.tasks.mixing import mixed

ITEMS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 25)), min_size=1, max_size=200)
"""Class and group of each."""


def arrays(items):
    labels, groups = np.array(items).T
    return np.arange(len(items), dtype=np.uint64), labels, groups


@settings(max_examples=150, deadline=None)
@given(ITEMS, st.integers(0, 3))
def test_a_prefix_goes_round_the_groups_of_each_class(items, seed):
    ids, labels, groups = arrays(items)
    order = draw_groups(ids, labels, groups, seed)
    assert sorted(order.tolist()) == list(range(len(items)))
    have = Counter(zip(labels.tolist(), groups.tolist(), strict=True))
    taken = Counter()
    for place in order.tolist():
        label, group = int(labels[place]), int(groups[place])
        for (other, name), count in have.items():
            if other == label:
                # No group gives its next item before all others have given as many, or all.
                assert taken[other, name] >= min(count, taken[label, group])
        taken[label, group] += 1


@settings(max_examples=100, deadline=None)
@given(ITEMS, st.integers(0, 3))
def test_every_prefix_has_the_shares_of_the_classes_until_one_is_used_up(items, seed):
    ids, labels, groups = arrays(items)
    order = draw_groups(ids, labels, groups, seed)
    pairs = {(label, group) for label, group in zip(labels.tolist(), groups.tolist(), strict=True)}
    of_groups = np.bincount([label for label, _ in pairs])
    shares, have = class_shares(of_groups), np.bincount(labels)
    for n in range(1, len(items) + 1):
        counts = np.bincount(labels[order[:n]], minlength=len(have))
        if (counts[have > 0] == have[have > 0]).any():
            break
        assert np.abs(counts - n * shares).max() <= len(have)


@settings(max_examples=100, deadline=None)
@given(ITEMS, st.integers(0, 3), st.randoms(use_true_random=False),
       st.sampled_from([draw_groups, draw_items]))
def test_the_draw_does_not_hang_on_the_order_of_the_items(items, seed, rng, draw):
    ids, labels, groups = arrays(items)
    order = draw(ids, labels, groups, seed)
    mixed_up = np.array(rng.sample(range(len(items)), len(items)))
    again = draw(ids[mixed_up], labels[mixed_up], groups[mixed_up], seed)
    assert (mixed_up[again] == order).all()


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 1000), min_size=1, max_size=60).filter(any))
def test_no_class_is_rarer_than_the_least_and_the_common_keep_their_proportions(counts):
    counts = np.array(counts)
    shares = class_shares(counts)
    there = counts > 0
    least = min(LEAST, EVEN / there.sum())
    assert shares.sum() == pytest.approx(1)
    assert (shares[~there] == 0).all()
    assert (shares[there] >= least - 1e-12).all()
    free = shares > least + 1e-9
    if free.any():
        assert np.ptp(shares[free] / counts[free]) < 1e-9
    if ((counts / counts.sum())[there] >= least).all():
        assert shares == pytest.approx(counts / counts.sum())


@pytest.mark.parametrize(("counts", "shares"), [
    ([50, 30, 20], [0.5, 0.3, 0.2]), ([98, 2], [0.9, 0.1]), ([96, 2, 2], [0.8, 0.1, 0.1]),
    ([91, *[1] * 9], [0.4, *[1 / 15] * 9]), ([7, 0], [1, 0]), ([0, 0], [0, 0]),
    # The third is below the least only once the two behind it were raised.
    ([798, 101, 101, 0], [0.798, 0.101, 0.101, 0]), ([60, 20, 10.5, 9.5], [
        0.9 * 60 / 90.5, 0.9 * 20 / 90.5, 0.9 * 10.5 / 90.5, 0.1])])
def test_a_class_has_a_tenth_or_two_thirds_of_an_even_share(counts, shares):
    assert class_shares(np.array(counts)) == pytest.approx(shares)


def test_a_hundred_items_are_a_hundred_groups_with_ten_of_each_class():
    """Six classes in the shares of a lumpy pool: one of them mostly in one huge group."""
    groups_of = (240, 55, 107, 172, 12, 19)
    rng = np.random.default_rng(0)
    labels, sizes = np.repeat(np.arange(6), groups_of), rng.geometric(0.3, sum(groups_of))
    sizes[240] = 700
    groups = np.repeat(np.arange(len(labels)), sizes)
    labels = np.repeat(labels, sizes)
    order = draw_groups(mixed(np.arange(len(labels)), "id"), labels, groups, 0)[:100]
    assert len(np.unique(groups[order])) == 100
    assert min(Counter(labels[order].tolist()).values()) >= 9, "ten, as far as it rounds"
    assert (groups[order] == 240).sum() <= 1


def test_each_group_of_a_class_is_as_likely_drawn_as_any_other():
    """Whether small or large, of one class or of two: 40 of 80 groups, 400 times."""
    sizes = np.tile([1, 1, 3, 12], 20)
    groups = np.repeat(np.arange(80), sizes)
    labels = np.concatenate([np.arange(n) % 2 if n > 1 else [0] for n in sizes])
    ids = np.arange(len(groups), dtype=np.uint64)
    drawn = np.zeros(80)
    for seed in range(400):
        order = draw_groups(ids, labels, groups, seed)
        first = [i for i in order.tolist() if labels[i] == 0][:40]
        drawn[np.unique(groups[first])] += 1
    by_size = [drawn[sizes == size].mean() / 400 for size in (1, 3, 12)]
    assert by_size == pytest.approx([0.5, 0.5, 0.5], abs=0.04)


def test_groups_of_two_classes_are_not_drawn_for_both_at_once():
    groups, labels = np.repeat(np.arange(200), 2), np.tile([0, 1], 200)
    order = draw_groups(np.arange(400, dtype=np.uint64), labels, groups, 0)
    assert len(np.unique(groups[order[:150]])) == 150


def test_a_mixed_number_is_one_to_one_and_the_same_everywhere():
    numbers = mixed(np.arange(100_000), "a")
    assert len(np.unique(numbers)) == 100_000
    assert np.histogram(numbers / 2.0**64, 10, (0, 1))[0] == pytest.approx([10_000] * 10, rel=0.05)
    assert mixed(np.arange(3), "a").tolist() == numbers[:3].tolist()
    assert mixed(np.arange(3), "b").tolist() != numbers[:3].tolist()
