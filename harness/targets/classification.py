"""Answers where every item has one class and is answered one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from harness.targets.choices import answered, ungraded
from harness.targets.kinds import KINDS, TargetKind
from harness.targets.marked import Marked, domain

NO_ANSWER = "no answer"



@dataclass(frozen=True, eq=False)
class ClassificationAnswers:
    """What every run answered on the same items.

    `probabilities` holds one [items, classes] array a run; `targets` [items] numbers classes and
    `groups` [items] groups, from 0; items count alike or have `weights` [items].
    """

    probabilities: Sequence[np.ndarray]
    targets: np.ndarray
    groups: np.ndarray
    weights: np.ndarray | None = None
    ungraded: frozenset[int] = frozenset()
    """Places of runs that only name classes: see `Marked.graded`."""

    kind: ClassVar[TargetKind] = KINDS["classification"]

    @cached_property
    def actual(self) -> np.ndarray:
        """Which class each item has: [items, classes] bool."""
        return indicated(self.targets, self.probabilities[0].shape[1])

    @property
    def runs(self) -> Iterator[Marked]:
        """Each run."""
        return map(self.run, range(len(self.probabilities)))

    def run(self, place: int) -> Marked:
        """The one at this place."""
        return replace(marked(self.probabilities[place], self.actual, self.weights),
                       graded=place not in self.ungraded)

    def inside(self, items: np.ndarray) -> ClassificationAnswers:
        """On some of the items, [items] bool; groups are numbered anew."""
        return ClassificationAnswers([p[items] for p in self.probabilities], self.targets[items],
                                     *domain(self.groups, self.weights, items), self.ungraded)

    def said(self, labels: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """What runs answered, [runs, items] of str, and what is right, [items] of str."""
        names = np.array([*labels, NO_ANSWER], dtype=object)
        chosen = [np.where(p.any(axis=1), p.argmax(axis=1), len(labels))
                  for p in self.probabilities]
        return names[np.stack(chosen)], names[self.targets]


def marked(probabilities: np.ndarray, actual: np.ndarray, weights: np.ndarray | None = None
           ) -> Marked:
    """One run, of probabilities and classes [items, classes]. Of two classes the area under the
    curve is the second one's."""
    items, classes = probabilities.shape
    chosen = likeliest(probabilities)
    return Marked(
        probabilities, chosen, actual, confidence=probabilities.max(axis=1)[:, None],
        came_true=(chosen & actual).any(axis=1)[:, None],
        for_right=probabilities[actual].reshape(items, 1),
        for_wrong=probabilities[~actual].reshape(items, classes - 1),
        areas=(1,) if classes == 2 else tuple(range(classes)), weights=weights)


def likeliest(probabilities: np.ndarray) -> np.ndarray:
    """The most probable class of each item, the first of equals; none where all are 0, because no
    answer could be read: [items, classes] bool."""
    return indicated(probabilities.argmax(axis=1), probabilities.shape[1]) & (probabilities > 0)


def indicated(numbers: np.ndarray, classes: int) -> np.ndarray:
    """From classes' numbers [items] to which class each item has: [items, classes] bool."""
    return np.asarray(np.eye(classes, dtype=bool)[numbers])


def read(tables: Sequence[Any], labels: Sequence[str], groups: np.ndarray,
         weights: np.ndarray | None) -> ClassificationAnswers:
    """From tables of predictions with a probability a class, on the same items in one order."""
    targets = np.array([labels.index(t) for t in tables[0]["target"].to_pylist()])
    return ClassificationAnswers([answered(table, labels) for table in tables], targets, groups,
                                 weights, ungraded(tables))
