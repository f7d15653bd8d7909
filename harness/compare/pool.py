"""The groups of items that figures rest on, and how many of equal size they are worth."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csc_array

from harness.targets.metric import Metric
from harness.tasks.spread import kish


@dataclass(frozen=True, eq=False)
class Classes:
    """What items have each class."""

    items: np.ndarray
    """As `Pool.items`: [classes]."""
    groups: np.ndarray
    """[classes]."""
    alike: np.ndarray
    """As `Pool.alike`, of the items of each class: [classes]."""
    others: np.ndarray
    """The same of the items without it: [classes]."""
    members: np.ndarray
    """The share of each group's items, by weight, that has each class: [groups, classes]."""


@dataclass(frozen=True, eq=False)
class Pool:
    """Groups of items, and the classes they have."""

    groups: int
    items: float
    """Items of equal weight that tell as much, where none are alike: `kish` over the items'
    weights, and simply the items where they have none."""
    alike: float
    """Groups of equal size that tell as much where all items of a group are alike: `kish` over the
    groups' sizes, or their items' weights."""
    balanced: float
    """The same where every class counts alike, over the groups' mean shares of the classes."""
    classes: Classes | None = None
    """None where a task has no classes."""
    weights: np.ndarray | None = None
    """[items], adding up to `items`; None where all count alike."""

    @staticmethod
    def of(groups: np.ndarray, actual: np.ndarray | None = None, count: int | None = None,
           weights: np.ndarray | None = None) -> Pool:
        """Of items whose groups, [items], are numbered from 0 up to `count`, whose classes, [items,
        classes] bool, are given where they have any, and whose `weights` [items] where they do not
        count alike. A number without an item is no group.
        """
        if weights is not None:
            weights = weights * (kish(weights) / weights.sum())
        items = float(len(groups)) if weights is None else float(weights.sum())
        sizes = sum_by_group(np.ones((len(groups), 1)), groups, count, weights)[:, 0]
        alike, filled = kish(sizes), int((sizes > 0).sum())
        if actual is None:
            return Pool(filled, items, alike, alike, weights=weights)
        each = sum_by_group(actual, groups, count, weights)
        total = each.sum(axis=0)
        mean = (each[:, total > 0] / total[total > 0]).sum(axis=1)
        told = total if weights is None else np.array([kish(weights[own]) for own in actual.T])
        return Pool(filled, items, alike, kish(mean) or alike,
                    Classes(told, (each > 0).sum(axis=0),
                            np.array([kish(own) for own in each.T]),
                            np.array([kish(sizes - own) for own in each.T]),
                            each / np.where(sizes > 0, sizes, 1.0)[:, None]), weights)

    @staticmethod
    def even(groups: int) -> Pool:
        """Groups of one item each, of no class."""
        return Pool(groups, float(groups), float(groups), float(groups))

    def effective(self, metric: Metric) -> float:
        """How many groups of equal weight a metric is a mean over."""
        return self.balanced if metric.by_class else self.alike

    def telling(self, ratio: float) -> Pool:
        """The same groups, whose items tell as much as more of them that leave `ratio` of the
        standard error."""
        if ratio == 1.0:
            return self
        each = np.ones(round(self.items)) if self.weights is None else self.weights
        return replace(self, items=self.items / ratio**2, weights=each / ratio**2)

    @property
    def least_p(self) -> float:
        """The smallest p-value that the signs of so many groups' differences can give."""
        return float(min(1.0, 2 * 0.5**self.groups))


def sum_by_group(parts: np.ndarray, groups: np.ndarray, count: int | None = None,
                 weights: np.ndarray | None = None) -> np.ndarray:
    """Sums over each group's items, times their weights: [items, parts] -> [groups, parts]."""
    items = len(groups)
    count = int(groups.max()) + 1 if count is None else count
    each = np.ones(items) if weights is None else weights
    member = csc_array((each, groups, np.arange(items + 1)), shape=(count, items))
    member.check_format()  # that every group is there
    return np.asarray(member @ parts.astype(np.float64))
