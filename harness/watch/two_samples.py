"""Whether two sides come from one distribution: the maximum mean discrepancy, and its chance."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from harness.watch.sides import Sides

DRAWS, ENOUGH, CHUNK = 19_999, 25, 500
"""Draws at most; a chance is known well enough once so many were as large; draws at a time."""
LEAST_P = 1 / (DRAWS + 1)
ROUNDING = 1e-12


def gaussian(products: np.ndarray) -> np.ndarray:
    """The Gaussian kernel from both sides' inner products, as wide as the median distance: both
    [items, items]. It hangs on the items alone, not on which side they are."""
    squares = np.diag(products)
    apart = np.maximum(squares[:, None] + squares[None, :] - 2 * products, 0.0)
    between = apart[np.triu_indices(len(apart), 1)]
    between = between[between > 0]
    return np.asarray(np.exp(-apart / (float(np.median(between)) if len(between) else 1.0)))


def of_shares(columns: np.ndarray) -> np.ndarray:
    """The kernel by which the discrepancy is Pearson's chi-squared without its factor: products of
    columns [items, columns] of 0 and 1 over each column's share in both sides together."""
    held = columns.mean(axis=0)
    scaled = columns[:, held > 0] / np.sqrt(held[held > 0])
    return np.asarray(scaled @ scaled.T)


def discrepancy(kernel: np.ndarray, found: Sides) -> float:
    """The squared distance between the two means in the kernel's space (the V-statistic of Gretton
    et al., A kernel two-sample test, JMLR 13, 2012, equation 5), by the items' weights."""
    signed = found.signed
    return float(signed @ kernel @ signed)


def chance(kernel: np.ndarray, found: Sides, seed: int) -> float:
    """The p value of one distribution.

    By permutation where every item is by itself and counts alike: exact for any number of items.
    Else by multipliers of whole groups, which hold for many groups (what few do is simulated in
    benchmarks/watching.py), however they differ in size and weight; at least two a side.
    """
    value = discrepancy(kernel, found)
    if value <= ROUNDING * float(np.abs(np.diag(kernel)).max()):
        return 1.0  # the two means are one
    draw = _permuted(kernel, found) if found.alone else _multiplied(kernel, found)
    rng = np.random.default_rng(seed)
    return sequential(lambda size: draw(rng, size), value)


def sequential(draw: Callable[[int], np.ndarray], found: float) -> float:
    """The chance that a draw is as large as what was found, from no more draws than it needs.

    Besag and Clifford, Sequential Monte Carlo p-values, Biometrika 78 (1991): valid.
    """
    above = done = 0
    least = found * (1 - 1e-9)  # draws that are the same but for rounding count
    while done < DRAWS:
        large = np.flatnonzero(draw(min(CHUNK, DRAWS - done)) >= least)
        if above + len(large) >= ENOUGH:
            return ENOUGH / float(done + large[ENOUGH - above - 1] + 1)
        above += len(large)
        done = min(done + CHUNK, DRAWS)
    return (above + 1) / (DRAWS + 1)


Draw = Callable[[np.random.Generator, int], np.ndarray]


def _permuted(kernel: np.ndarray, found: Sides) -> Draw:
    """Items exchange sides."""
    signed = found.signed

    def draw(rng: np.random.Generator, size: int) -> np.ndarray:
        shuffled = rng.permuted(np.tile(signed, (size, 1)), axis=1)
        return np.asarray(((shuffled @ kernel) * shuffled).sum(axis=1))
    return draw


def _multiplied(kernel: np.ndarray, found: Sides) -> Draw:
    """What each group adds to its side's mean, about that mean, takes either sign.

    The wild bootstrap of a degenerate V-statistic, over groups, as Cameron, Gelbach and Miller have
    it (Review of Economics and Statistics 90, 2008), from the mean without the group itself: a
    large group pulls its own side's mean towards it (the jackknife's CR3; MacKinnon and Webb,
    Journal of Applied Econometrics 32, 2017, on few and uneven groups).
    """
    signed, centred = found.signed, _centred(kernel, found)
    own = np.zeros((2, int(found.groups.max()) + 1))
    np.add.at(own, (found.today.astype(int), found.groups), np.abs(signed))
    signed = signed / (1 - own[found.today.astype(int), found.groups])
    member = np.zeros((int(found.groups.max()) + 1, len(signed)))
    member[found.groups, np.arange(len(signed))] = signed
    between = member @ centred @ member.T

    def draw(rng: np.random.Generator, size: int) -> np.ndarray:
        signs = rng.choice([-1.0, 1.0], size=(size, len(between)))
        return np.asarray(((signs @ between) * signs).sum(axis=1))
    return draw


def _centred(kernel: np.ndarray, found: Sides) -> np.ndarray:
    """The kernel of what items differ by from their own side's mean."""
    side = found.today.astype(int)
    means = np.stack([np.where(found.today == now, np.abs(found.signed), 0.0)
                      for now in (False, True)])
    part = kernel - (means @ kernel)[side]
    return np.asarray(part - (part @ means.T)[:, side])
