"""Sampling over groups by their sizes, and the weights with which a sample speaks for all items.

A mean over items in which each is alike wants large groups as heavy as they are. Groups drawn
alike and weighted by their sizes would be surer of nothing: a large group that was not drawn is
missing. So a group's chance is its size (sequential Poisson sampling: Ohlsson, Journal of Official
Statistics 14, 1998, whose prefixes are samples too), and a group that would give several items
gives every other one: what it does not give goes to groups that would have none. Weights undo all
of it (Horvitz and Thompson, Journal of the American Statistical Association 47, 1952).
"""

from __future__ import annotations

import numpy as np

PACE = 2.0
"""A group gives another item whenever so many more of a sample at random would be its own: what is
best where three quarters of the variance lie between groups (Neyman's allocation), and by
simulation hardly worse than a sample at random where none does."""
HALVINGS = 55


def keys(sizes: np.ndarray, turns: np.ndarray, chances: np.ndarray) -> np.ndarray:
    """In which order a class's items are drawn, smallest first: [items].

    Of each item the size of its group in its class, its turn among the group's items from 0, and
    the group's random number in [0, 1]. At the rate x a group of size M has x M items in a sample
    at random, and here those of turns t with (chance + `PACE` t) / M below x.
    """
    return np.asarray((chances + PACE * turns) / sizes)


def expected(sizes: np.ndarray, rate: float) -> np.ndarray:
    """How many items groups of these sizes give at a rate: [groups]."""
    whole, part = np.divmod(rate * sizes, PACE)
    return np.asarray(np.minimum(whole + np.minimum(part, 1.0), sizes))


def weights(labels: np.ndarray, groups: np.ndarray, drawn: int) -> np.ndarray:
    """Weights of the first `drawn` of a part's items in the order of the draw: [drawn], mean 1.

    `labels` and `groups` number each item's class and group. In a class of N items whose sample has
    m of the M of a group, each of the m stands for M / m items, over the chance that the group was
    drawn at all. In each class the weights add up to N: Hájek's estimator in strata whose sizes are
    known (Hájek 1971; Särndal, Swensson and Wretman, Model Assisted Survey Sampling, 1992, sections
    5.7 and 7.6).
    """
    found = np.ones(drawn)
    for label in np.unique(labels[:drawn]):
        sizes = np.bincount(groups[labels == label])
        own = np.flatnonzero(labels[:drawn] == label)
        taken = np.bincount(groups[own], minlength=len(sizes))
        size, given = sizes[groups[own]], taken[groups[own]]
        each = size / given / np.minimum(1.0, _rate(sizes[sizes > 0], len(own)) * size)
        found[own] = each * (sizes.sum() / each.sum())
    return np.asarray(found * drawn / found.sum())


def _rate(sizes: np.ndarray, wanted: int) -> float:
    """The rate at which groups of these sizes give so many items."""
    low, high = 0.0, PACE  # at which every group has given all
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = ((middle, high) if expected(sizes, middle).sum() < wanted else (low, middle))
    return high
