"""ROC AUC without some of the items.

It is a mean over pairs of items; without some it is taken by its placement values, the linear part
of its dependence on the items (DeLong, DeLong and Clarke-Pearson, Biometrics 44, 1988; of groups of
items: Obuchowski, Biometrics 53, 1997). On the items as they are that is the area itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata


@dataclass(frozen=True)
class Areas:
    """Sums of placement values over items, [runs, classes, draws], and the areas on the items as
    they are, [runs, classes, 1]."""

    above: np.ndarray
    below: np.ndarray
    whole: np.ndarray

    def of(self, items: np.ndarray, actual: np.ndarray) -> np.ndarray:
        """The area of each class against the rest, [runs, classes, draws]; NaN where no item has
        it, or all have. `items` [draws] and `actual` [classes, draws] count them."""
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


def placements(probabilities: np.ndarray, targets: np.ndarray
               ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each class's items the share of other items below, of other items the share of the
    class's above (both [items, classes], ties counting half), and the areas [classes]. `targets`
    [items, classes] says which items have the class.

    By ranks, after Sun and Xu (IEEE Signal Processing Letters 21, 2014).
    """
    classes = probabilities.shape[1]
    ranks = rankdata(probabilities, axis=0)
    above, below = np.zeros_like(ranks), np.zeros_like(ranks)
    areas = np.full(classes, np.nan)
    for c in range(classes):
        mine = targets[:, c]
        count, others = int(mine.sum()), int((~mine).sum())
        if count and others:
            above[mine, c] = (ranks[mine, c] - rankdata(probabilities[mine, c])) / others
            below[~mine, c] = 1 - (ranks[~mine, c] - rankdata(probabilities[~mine, c])) / count
            areas[c] = above[mine, c].mean()
    return above, below, areas
