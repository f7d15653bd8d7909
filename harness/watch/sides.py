"""The items of both sides: the approved run's, and the day's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Sides:
    """The approved run's items first, then the day's."""

    today: np.ndarray
    """[items] bool."""
    groups: np.ndarray
    """Numbers from 0, of both sides together: [items]."""
    weights: np.ndarray
    """[items]"""

    @property
    def signed(self) -> np.ndarray:
        """Each item's weight in the day's mean less the approved run's: [items], of which either
        side sums to 1 or to -1."""
        own = np.where(self.today, self.weights, 0.0)
        other = np.where(self.today, 0.0, self.weights)
        return np.asarray(own / own.sum() - other / other.sum())

    @property
    def alone(self) -> bool:
        """Whether any item could be on either side: none has a group or weight of its own."""
        return (len(np.unique(self.groups)) == len(self.groups)
                and bool((self.weights == self.weights[0]).all()))

    def chosen(self, items: np.ndarray) -> Sides:
        """Some of the items, by places; groups are numbered anew."""
        groups = np.unique(self.groups[items], return_inverse=True)[1]
        return Sides(self.today[items], groups, self.weights[items])

    def drawn(self, most: int, seed: int) -> np.ndarray:
        """Places of at most so many items of each side, drawn at random, in their order."""
        rng = np.random.default_rng(seed)
        found = [rng.permutation(np.flatnonzero(side))[:most] for side in (~self.today, self.today)]
        return np.sort(np.concatenate(found))

    def smallest(self) -> int:
        """Groups of the side that has fewer."""
        return min(len(np.unique(self.groups[side])) for side in (self.today, ~self.today))


def sides(before: Sequence[str], now: Sequence[str], weights: Sequence[float] = ()) -> Sides:
    """From the groups' names of either side; `weights` are the approved run's items', which count
    alike where there are none."""
    return Sides(np.arange(len(before) + len(now)) >= len(before),
                 np.unique([*before, *now], return_inverse=True)[1],
                 np.concatenate([weights or np.ones(len(before)), np.ones(len(now))]))
