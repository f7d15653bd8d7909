"""ROC AUC without some of the items.

It is a mean over pairs of items; without some it is taken by its placement values, the linear part
of its dependence on the items (DeLong, DeLong and Clarke-Pearson, Biometrics 44, 1988; of groups of
items: Obuchowski, Biometrics 53, 1997). On the items as they are that is the area itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Areas:
    """Sums of placement values over items, [runs, classes, draws], and the areas on the items as
    they are, [runs, classes, 1]."""

    above: np.ndarray
    below: np.ndarray
    whole: np.ndarray

    def of(self, items: np.ndarray, actual: np.ndarray) -> np.ndarray:
        """The area of each class against the rest, [runs, classes, draws]; NaN where no item has
        it, or all have. `items` [draws] and `actual` [classes, draws] count them, by weight."""
        with np.errstate(divide="ignore", invalid="ignore"):
            found = self.above / actual + self.below / (items - actual) - self.whole
        return np.asarray(np.where(np.isfinite(found), found, np.nan))

    def mean(self, areas: np.ndarray) -> np.ndarray:
        """Over the classes, [runs, draws]: over those that are left where some items are; NaN where
        one has no area on the items as they are."""
        left = np.isfinite(areas) | ~np.isfinite(self.whole)
        count = left.sum(axis=1)
        return np.asarray(np.divide(np.where(left, areas, 0.0).sum(axis=1), count,
                                    out=np.full(count.shape, np.nan), where=count > 0))


def placements(probabilities: np.ndarray, targets: np.ndarray, weights: np.ndarray | None = None
               ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each class's items the share of other items below, of other items the share of the
    class's above (both [items, classes], ties counting half), and the areas [classes]. `targets`
    [items, classes] says which items have the class; shares are of `weights` [items].

    By sorting, as ranks do it (Sun and Xu, IEEE Signal Processing Letters 21, 2014).
    """
    items, classes = probabilities.shape
    each = np.ones(items) if weights is None else weights
    above, below = np.zeros((items, classes)), np.zeros((items, classes))
    areas = np.full(classes, np.nan)
    for c in range(classes):
        mine = targets[:, c]
        own, others = each * mine, each * ~mine
        if mine.any() and not mine.all():
            place = np.unique(probabilities[:, c], return_inverse=True)[1]
            above[mine, c] = (_lower(place, others) / others.sum())[mine]
            below[~mine, c] = (1 - _lower(place, own) / own.sum())[~mine]
            areas[c] = own @ above[:, c] / own.sum()
    return above, below, areas


def _lower(place: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The weight that lies below each place, that on it counting half: [items]."""
    here = np.bincount(place, weights=weights)
    return np.asarray((np.cumsum(here) - here / 2)[place])
