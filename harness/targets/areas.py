"""ROC AUC, and without some of the items.

It is a mean over pairs of items; without some it is taken by its placement values, the linear part
of its dependence on the items (DeLong, DeLong and Clarke-Pearson, Biometrics 44, 1988; of groups of
items: Obuchowski, Biometrics 53, 1997). On the items as they are that is the area itself.
"""

from __future__ import annotations

import numpy as np

from harness.targets.marked import Marked
from harness.targets.metric import Formula


def _placed(run: Marked) -> np.ndarray:
    classes = list(run.areas)
    actual = run.actual[:, classes]
    above, below = placements(run.probabilities[:, classes], actual, run.weights)
    return np.hstack([above, below, actual, ~actual])


def _mean_area(sums: np.ndarray) -> np.ndarray:
    """Over the classes, of one against the rest: over those that are left where some items are;
    NaN where one has no area on the items as they are."""
    above, below, own, others = np.split(sums, 4)
    with np.errstate(divide="ignore", invalid="ignore"):
        of_own, of_others = above / own, below / others
        found = of_own + of_others - of_own[:, :1]  # of all items either is the area
    known = np.isfinite(found)
    found = np.where(known, found, np.nan)
    left = known | ~known[:, :1]
    count = left.sum(axis=0)
    return np.asarray(np.divide(np.where(left, found, 0.0).sum(axis=0), count,
                                out=np.full(count.shape, np.nan), where=count > 0))


AREAS = Formula(_placed, _mean_area)


def one_against_rest(scores: np.ndarray, positive: np.ndarray, weights: np.ndarray | None = None
                     ) -> float | None:
    """ROC AUC of one class, by `scores` [items], of weighted items with `weights`; None where no
    item has it, or all have."""
    if not 0 < positive.sum() < len(positive):
        return None
    above, _ = placements(scores[:, None], positive[:, None], weights)
    each = None if weights is None else weights[positive]
    return float(np.average(above[positive, 0], weights=each))


def placements(probabilities: np.ndarray, targets: np.ndarray, weights: np.ndarray | None = None
               ) -> tuple[np.ndarray, np.ndarray]:
    """Of each class's items the share of other items below, of other items the share of the
    class's above: [items, classes] both, ties counting half. `targets` [items, classes] says which
    items have the class; shares are of `weights` [items]. 0 where no item has it, or all have.

    By sorting, as ranks do it (Sun and Xu, IEEE Signal Processing Letters 21, 2014).
    """
    items, classes = probabilities.shape
    each = np.ones(items) if weights is None else weights
    above, below = np.zeros((items, classes)), np.zeros((items, classes))
    for c in range(classes):
        mine = targets[:, c]
        if mine.any() and not mine.all():
            own, others = each * mine, each * ~mine
            place = np.unique(probabilities[:, c], return_inverse=True)[1]
            above[mine, c] = (lower(place, others) / others.sum())[mine]
            below[~mine, c] = (1 - lower(place, own) / own.sum())[~mine]
    return above, below


def lower(place: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The weight that lies below each place, that on it counting half: [items]."""
    here = np.bincount(place, weights=weights)
    return np.asarray((np.cumsum(here) - here / 2)[place])
