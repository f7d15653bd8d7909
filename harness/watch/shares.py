"""Shares of both sides with the interval of their difference."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from harness.measure.intervals import LEVEL, score_share
from harness.watch.sides import Sides


@dataclass(frozen=True)
class Change:
    """A share of the approved run's items and of the day's; `difference` is now less before."""

    before: float
    now: float
    low: float
    high: float

    @property
    def difference(self) -> float:
        """Now less before."""
        return self.now - self.before


def change(has: np.ndarray, found: Sides, level: float = LEVEL) -> Change:
    """Of the items that have something, [items] bool, by weight and with whole groups drawn.

    Newcombe's hybrid score interval (Statistics in Medicine 17, 1998, method 10) of as many items
    by themselves as would give each share the error that its groups give it.
    """
    z = float(norm.ppf((1 + level) / 2))
    (before, low_b, high_b), (now, low_n, high_n) = (
        _share(has[side], found.groups[side], found.weights[side], z)
        for side in (~found.today, found.today))
    gap = now - before
    return Change(before, now, gap - math.hypot(now - low_n, high_b - before),
                  gap + math.hypot(high_n - now, before - low_b))


def _share(has: np.ndarray, groups: np.ndarray, weights: np.ndarray, z: float
           ) -> tuple[float, float, float]:
    share = float(weights @ has / weights.sum())
    low, high = score_share(share * (worth := _worth(has, groups, weights, share)), worth, z)
    return share, low, high


def _worth(has: np.ndarray, groups: np.ndarray, weights: np.ndarray, share: float) -> float:
    """Items by themselves that would tell the share as well as these in their groups do; of a share
    of 0 or 1, which no group departs from, the groups of equal weight."""
    numbers = np.unique(groups, return_inverse=True)[1]
    sizes = np.bincount(numbers, weights)
    count = len(sizes)
    apart = np.bincount(numbers, weights * (has - share))
    if len(numbers) == count and (weights == weights[0]).all():
        return float(count)
    level = share * (1 - share)
    variance = count / max(count - 1, 1) * float(apart @ apart) / float(weights.sum()) ** 2
    equal = float(sizes.sum() ** 2 / (sizes @ sizes))
    return max(1.0, min(level / variance, float(len(has)))) if variance > 0 else equal
