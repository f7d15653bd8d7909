"""What one run answered by class, beside what is right: what metrics by class are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

BINS = 15
"""Of confidence, equally wide."""


@dataclass(frozen=True, eq=False)
class Marked:
    """A run's answers. A *decision* is what it says one probability of: the class of an item, or
    whether an item has a class where it may have several."""

    probabilities: np.ndarray
    """[items, classes]."""
    chosen: np.ndarray
    """Which classes are answered: [items, classes] bool."""
    actual: np.ndarray
    """Which classes items have: [items, classes] bool."""
    confidence: np.ndarray
    """Of each decision the probability of what was answered, or of the class: [items, decisions].
    """
    came_true: np.ndarray
    """What is right of that: [items, decisions] bool."""
    for_right: np.ndarray
    """The probability of what is right: [items, decisions]."""
    for_wrong: np.ndarray
    """The probabilities of what is not: [items, alternatives]."""
    areas: tuple[int, ...]
    """The classes whose area under the curve is a part of the mean."""
    weights: np.ndarray | None = None
    """[items]; None where all count alike."""
    graded: bool = True
    """Whether it says how sure it is. What only names classes has a probability of 1 for these, and
    no metric of probabilities."""


    def inside(self, items: Sequence[int]) -> Marked:
        """On some of the items, by their places."""
        at = list(items)
        return replace(self, **{name: getattr(self, name)[at] for name in BY_ITEM},
                       weights=None if self.weights is None else self.weights[at])

    @property
    def right(self) -> np.ndarray:
        """Which items are right, in all of their classes: [items] bool."""
        return np.asarray((self.chosen == self.actual).all(axis=1))

    @property
    def sure(self) -> tuple[np.ndarray, np.ndarray]:
        """Confidence and what came true of each decision, flat: [items * decisions] each."""
        return self.confidence.ravel(), self.came_true.ravel()


BY_ITEM = ("probabilities", "chosen", "actual", "confidence", "came_true", "for_right",
           "for_wrong")
"""The fields of `Marked` that have a row an item."""


def domain(groups: np.ndarray, weights: np.ndarray | None, items: np.ndarray
           ) -> tuple[np.ndarray, np.ndarray | None]:
    """Groups, numbered anew from 0 in their order, and weights of some items, [items] bool."""
    return (np.unique(groups[items], return_inverse=True)[1],
            None if weights is None else weights[items])


def confidence_bins(confidence: np.ndarray, bins: int = BINS) -> np.ndarray:
    """The number from 0 of the bin (lower, upper] that each confidence lies in."""
    return np.asarray(np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1))
