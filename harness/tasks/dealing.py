"""Whole groups dealt into parts: by the groups of each class, or by its items."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from harness.common.kinds import Over
from harness.tasks.mixing import mixed

Deal = Callable[[np.ndarray, np.ndarray, Sequence[float], int], np.ndarray]
"""Class and group of each item, shares of the parts, seed: the part of each item."""
HELD = 10
"""Groups that a class should be worth in a part that is not trained on: none of them holds more
than one in so many of the class's items there."""


def deal_items(labels: np.ndarray, groups: np.ndarray, shares: Sequence[float], seed: int
               ) -> np.ndarray:
    """The part of each item: whole groups, the classes' shares of items as even as can be.

    `labels` and `groups` number each item's class and group, groups in the order of their names;
    `shares` sum to one. Groups are dealt from the largest down, equal sizes in random order, each
    to the part that keeps the class shares most even: the greedy rule of scikit-learn's
    StratifiedGroupKFold, with parts of unequal size. A group larger than a small part thus goes to
    training. Raises ValueError when a part would be empty.
    """
    found, number, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    names = list(range(len(found)))
    random.Random(seed).shuffle(names)
    names.sort(key=lambda name: -sizes[name])
    members = labels[np.argsort(number, kind="stable")]
    ends = np.cumsum(sizes)
    classes = 1 + labels.max(initial=0)
    counts = (np.bincount(members[ends[name] - sizes[name]: ends[name]], minlength=classes)
              for name in names)
    part_of = np.zeros(len(found), dtype=np.int64)
    part_of[names] = _deal(counts, np.bincount(labels, minlength=classes), np.array(shares))
    _check_full(part_of, len(shares))
    return part_of[number]


def _deal(counts: Iterator[np.ndarray], totals: np.ndarray, shares: np.ndarray) -> list[int]:
    """The part of each group: `counts` gives its items by class, `totals` those of all groups."""
    wanted = shares[:, None] * np.maximum(totals, 1)
    whole, (parts, classes) = wanted.sum(axis=1), wanted.shape
    filled = np.zeros_like(wanted)
    mine = np.eye(parts)[:, :, None]
    dealt = []
    for group in counts:
        # Row p: the fill of every part if part p took the group.
        share = (filled[None] + mine * group) / wanted
        # The standard deviation over parts, averaged over classes; np.std takes twice the time.
        share -= np.add.reduce(share, axis=1, keepdims=True) / parts
        spread = np.sqrt(np.add.reduce(share * share, axis=1) / parts)
        unevenness = (np.add.reduce(spread, axis=1) / classes).tolist()
        fullness = (np.add.reduce(filled, axis=1) / whole).tolist()
        part = min(range(parts), key=lambda p: (round(unevenness[p], 12), fullness[p]))
        filled[part] += group
        dealt.append(part)
    return dealt


def deal_groups(labels: np.ndarray, groups: np.ndarray, shares: Sequence[float], seed: int
                ) -> np.ndarray:
    """The part of each item: whole groups, each class's *groups* in the shares of the parts.

    As `deal_items`, but what is even is the number of groups. Every part gets one of each class
    that has as many groups as there are parts, where groups are of one class each. A group too
    large for validation and test trains (`_large`); the others are dealt from the largest down,
    equal sizes in random order, so that all parts get groups of like sizes. Of groups of several
    classes, those with the rarest class are dealt first (Sechidis, Tsoumakas and Vlahavas 2011,
    algorithm 1, over groups instead of items), each by all of its classes. Where that leaves a part
    without groups, they are dealt whatever their classes. Raises ValueError when a part would be
    empty.
    """
    _, number, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    part_of = _by_class(labels, number, sizes, shares, seed)
    if len(np.unique(part_of)) < len(shares):
        part_of = _by_class(np.zeros_like(labels), number, sizes, shares, seed)
    _check_full(part_of, len(shares))
    return part_of[number]


def _by_class(labels: np.ndarray, number: np.ndarray, sizes: np.ndarray, shares: Sequence[float],
              seed: int) -> np.ndarray:
    classes = 1 + int(labels.max(initial=0))
    pairs, counts = np.unique(number * classes + labels, return_counts=True)
    group_of, class_of = np.divmod(pairs, classes)
    have = np.bincount(class_of, minlength=classes)
    quotas = np.array([_quota(int(count), shares) for count in have])
    large = np.zeros(len(sizes), dtype=bool)
    for label in np.flatnonzero(have):
        own = class_of == label
        large[group_of[own][_large(counts[own], quotas[label], min(shares[1:]))]] = True
    quotas[:, 0] -= np.bincount(class_of[large[group_of]], minlength=classes)
    by_rarity = np.argsort(have, kind="stable")
    starts = np.flatnonzero(np.diff(group_of, prepend=-1))
    rarest = np.minimum.reduceat(np.argsort(by_rarity)[class_of], starts)
    order = np.lexsort((mixed(np.arange(len(sizes)), f"{seed}:deal"), -sizes, rarest))
    return _filled(order[~large[order]], class_of, np.append(starts, len(class_of)),
                   quotas.clip(0))


def _filled(order: np.ndarray, class_of: np.ndarray, ends: np.ndarray, quotas: np.ndarray
            ) -> np.ndarray:
    """The part of each group: those in `order` to the part that has least of what it is to have of
    the group's classes, all others to the first part. Group g has the classes
    `class_of[ends[g]: ends[g + 1]]`."""
    part_of = np.zeros(len(ends) - 1, dtype=np.int64)
    wanted, filled = quotas.tolist(), np.full(quotas.shape, 0.5).tolist()
    classes, bounds = class_of.tolist(), ends.tolist()
    for group in order.tolist():
        own = classes[bounds[group]: bounds[group + 1]]
        part = min(range(len(wanted[0])), key=lambda p: sum(
            filled[label][p] / wanted[label][p] if wanted[label][p] else math.inf
            for label in own))
        part_of[group] = part
        for label in own:
            filled[label][part] += 1
    return part_of


def _quota(count: int, shares: Sequence[float]) -> np.ndarray:
    """So many groups in the shares of the parts by largest remainder, each part at least one as far
    as they reach, larger shares first."""
    largest = np.argsort(-np.array(shares), kind="stable")
    wanted = np.array(shares) * count
    quota = wanted.astype(np.int64)
    quota[largest[:count]] = np.maximum(quota[largest[:count]], 1)
    left = count - int(quota.sum())
    quota[np.argsort(quota - wanted, kind="stable")[:max(left, 0)]] += 1
    quota[largest[0]] += min(left, 0)
    return quota


def _large(counts: np.ndarray, quota: np.ndarray, share: float) -> np.ndarray:
    """Which of a class's groups train for being too large for the smallest other part, of this
    share: those with more than one in `HELD` of the items that it gets of the groups that are not,
    as long as the parts that are not trained on still get their quota of groups."""
    rising = np.sort(counts)
    fits = np.flatnonzero(rising * HELD <= share * np.cumsum(rising))
    most = max(fits.max(initial=0), int(quota[1:].sum()) - 1, 0)
    return np.asarray(counts > rising[most])


def _check_full(part_of: np.ndarray, parts: int) -> None:
    if len(np.unique(part_of)) < parts:
        raise ValueError(f"{len(part_of)} groups cannot make {parts} parts of these sizes")


DEALS: Mapping[Over, Deal] = {"groups": deal_groups, "items": deal_items}
