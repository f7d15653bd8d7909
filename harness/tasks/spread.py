"""How many groups items are worth: by class, of a part and of what a budget draws of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.tasks.examples import PARTS, SPLITS, Example, PartName, weights_at, weights_of
from harness.tasks.items import Items, members, numbers
from harness.tasks.splits import Splits


@dataclass(frozen=True)
class Spread:
    """Items, their groups, and how unlike in size these are."""

    items: int
    groups: int
    largest: int
    """Items of the largest group."""
    effective: float
    """Groups of one size, or weight, that tell as much where a group's items are alike: see `kish`.
    """


@dataclass(frozen=True)
class PartSpread:
    """A class in a part of the task; `label` is None for all of the part's items."""

    part: PartName
    label: str | None
    there: Spread
    drawn: Spread
    """Of these, what the suite's budget draws first; of the gate's, which is asked whole, all."""


def spread_of(groups: np.ndarray, weights: np.ndarray | None = None) -> Spread:
    """Of items whose groups have these numbers, and which count alike or have these weights."""
    sizes = np.bincount(groups)
    if not len(sizes):
        return Spread(0, 0, 0, 0.0)
    return Spread(len(groups), int((sizes > 0).sum()), int(sizes.max()),
                  kish(np.bincount(groups, weights).astype(float)))


def kish(weights: np.ndarray) -> float:
    """How many of equal weight tell as much as these [groups]: (Σ w)² / Σ w²; 0 for none (Kish,
    Survey Sampling, 1965, section 11.7)."""
    squares = float(weights @ weights)
    return float(weights.sum()) ** 2 / squares if squares else 0.0


def spread_among(examples: Sequence[Example]) -> Spread:
    """Of all items, in groups of what hangs together, by their weights."""
    return spread_of(np.unique([e.cluster for e in examples], return_inverse=True)[1],
                     weights_of(examples))


def worth(examples: Sequence[Example]) -> float:
    """Items of equal weight that tell as much as these: `kish` over their weights."""
    weights = weights_of(examples)
    return float(len(examples)) if weights is None else kish(weights)


def spreads(splits: Splits, drawn: Splits, labels: Sequence[str]) -> tuple[PartSpread, ...]:
    """Every class in every part, and every part. Of items of several classes, an item is one of
    each that it has."""
    found: list[PartSpread] = []
    for part in (name for name in PARTS if name in SPLITS or len(getattr(splits, name))):
        there, some = (_by_class(getattr(own, part), labels)
                       for own in (splits, splits if part == "gate" else drawn))
        found += [PartSpread(part, name, there[name], some[name]) for name in there]
    return tuple(found)


def _by_class(examples: Sequence[Example], labels: Sequence[str]) -> dict[str | None, Spread]:
    groups = numbers(examples, "group")
    # What lies in a file is no sample.
    weights = None if isinstance(examples, Items) else weights_of(examples)
    found: dict[str | None, Spread] = {}
    if labels:
        places, classes = members(examples)
        for i, name in enumerate(labels):
            own = places[classes == i]
            found[name] = spread_of(groups[own], weights_at(weights, own))
    return found | {None: spread_of(groups, weights)}
