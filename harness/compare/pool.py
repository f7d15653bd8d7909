"""The groups of items that figures rest on, and how many of equal size they are worth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from harness.tasks.spread import kish

BY_CLASS = frozenset({"macro_f1", "roc_auc"})
"""Metrics that are means over classes."""
SHARES = frozenset({"accuracy", "subset_accuracy", "exact_match"})
"""Metrics that are shares of items, of any kind of task."""


@dataclass(frozen=True, eq=False)
class Classes:
    """What items have each class."""

    items: np.ndarray
    """[classes]."""
    groups: np.ndarray
    """[classes]."""
    alike: np.ndarray
    """As `Pool.alike`, of the items of each class: [classes]."""
    members: np.ndarray
    """The share of each group's items that has each class: [groups, classes]."""


@dataclass(frozen=True, eq=False)
class Pool:
    """Groups of items, and the classes they have."""

    groups: int
    items: float
    alike: float
    """Groups of equal size that tell as much where all items of a group are alike: `kish` over the
    groups' sizes."""
    balanced: float
    """The same where every class counts alike, over the groups' mean shares of the classes."""
    classes: Classes | None = None
    """None where a task has no classes."""
    shares: frozenset[str] = SHARES
    """Metrics that are shares of items."""

    @staticmethod
    def of(groups: np.ndarray, actual: np.ndarray | None = None,
           shares: frozenset[str] = SHARES, count: int | None = None) -> Pool:
        """Of items whose groups, [items], are numbered from 0 up to `count` and whose classes,
        [items, classes] bool, are given where they have any. A number without an item is no group.
        """
        sizes = sum_by_group(np.ones((len(groups), 1)), groups, count)[:, 0]
        alike, filled = kish(sizes), int((sizes > 0).sum())
        if actual is None:
            return Pool(filled, float(len(groups)), alike, alike, shares=shares)
        each = sum_by_group(actual, groups, count)
        total = each.sum(axis=0)
        mean = (each[:, total > 0] / total[total > 0]).sum(axis=1)
        return Pool(filled, float(len(groups)), alike, kish(mean) or alike,
                    Classes(total, (each > 0).sum(axis=0),
                            np.array([kish(own) for own in each.T]),
                            each / np.maximum(sizes, 1)[:, None]), shares)

    @staticmethod
    def even(groups: int) -> Pool:
        """Groups of one item each, of no class."""
        return Pool(groups, float(groups), float(groups), float(groups))

    def effective(self, metric: str) -> float:
        """How many groups of equal weight a metric is a mean over."""
        return self.balanced if metric in BY_CLASS else self.alike

    @property
    def least_p(self) -> float:
        """The smallest p-value that the signs of so many groups' differences can give."""
        return float(min(1.0, 2 * 0.5**self.groups))


def sum_by_group(parts: np.ndarray, groups: np.ndarray, count: int | None = None) -> np.ndarray:
    """Sums over each group's items: [items, parts] -> [groups, parts]."""
    items = len(groups)
    count = int(groups.max()) + 1 if count is None else count
    member = csr_array((np.ones(items), (groups, np.arange(items))), shape=(count, items))
    return np.asarray(member @ parts.astype(np.float64))
