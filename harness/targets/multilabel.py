"""Answers where an item has any number of classes: each class is a decision of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from harness.targets.choices import answered, ungraded
from harness.targets.kinds import KINDS, TargetKind
from harness.targets.marked import Marked, domain

THRESHOLD = 0.5
"""The probability above which an item is answered to have a class."""
NONE = "none of the classes"


@dataclass(frozen=True, eq=False)
class MultilabelAnswers:
    """What every run answered on the same items.

    `probabilities` holds one [items, classes] array a run; `actual` is [items, classes] bool;
    `groups` [items] numbers the groups from 0; items count alike or have `weights` [items].
    """

    probabilities: Sequence[np.ndarray]
    actual: np.ndarray
    groups: np.ndarray
    weights: np.ndarray | None = None
    ungraded: frozenset[int] = frozenset()
    """Places of runs that only name classes: see `Marked.graded`."""

    kind: ClassVar[TargetKind] = KINDS["multilabel"]

    @property
    def runs(self) -> Iterator[Marked]:
        """Each run."""
        return map(self.run, range(len(self.probabilities)))

    def run(self, place: int) -> Marked:
        """The one at this place."""
        return replace(marked(self.probabilities[place], self.actual, self.weights),
                       graded=place not in self.ungraded)

    def inside(self, items: np.ndarray) -> MultilabelAnswers:
        """On some of the items, [items] bool; groups are numbered anew."""
        return MultilabelAnswers([p[items] for p in self.probabilities], self.actual[items],
                                 *domain(self.groups, self.weights, items), self.ungraded)

    def said(self, labels: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """What runs answered, [runs, items] of str, and what is right, [items] of str."""
        return (np.stack([_named(above(p), labels) for p in self.probabilities]),
                _named(self.actual, labels))


def marked(probabilities: np.ndarray, actual: np.ndarray, weights: np.ndarray | None = None
           ) -> Marked:
    """One run, of probabilities and classes [items, classes]."""
    for_right = np.where(actual, probabilities, 1.0 - probabilities)
    return Marked(
        probabilities, above(probabilities), actual, confidence=probabilities, came_true=actual,
        for_right=for_right, for_wrong=np.where(actual, 1.0 - probabilities, probabilities),
        areas=tuple(range(actual.shape[1])), weights=weights)


def above(probabilities: np.ndarray) -> np.ndarray:
    """Which classes are answered: [items, classes] bool."""
    return np.asarray(probabilities > THRESHOLD)


def _named(has: np.ndarray, labels: Sequence[str]) -> np.ndarray:
    """The classes of each item as text: [items] of str from [items, classes] bool."""
    names = np.array(labels, dtype=object)
    return np.array([", ".join(names[row]) or NONE for row in has], dtype=object)


def read(tables: Sequence[Any], labels: Sequence[str], groups: np.ndarray,
         weights: np.ndarray | None) -> MultilabelAnswers:
    """From tables of predictions with a probability a class and a target that is a JSON array of
    classes, on the same items in one order."""
    actual = np.array([[label in has for label in labels]
                       for has in map(json.loads, tables[0]["target"].to_pylist())])
    return MultilabelAnswers([answered(table, labels) for table in tables], actual, groups, weights,
                             ungraded(tables))
