"""Grouped, stratified splits, and nested samples of them."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from harness.common.files import sha256_json
from harness.tasks.examples import Example


@dataclass(frozen=True)
class Splits:
    """Disjoint parts of a task. No group and no folded text stands in two of them."""

    train: tuple[Example, ...]
    validation: tuple[Example, ...]
    test: tuple[Example, ...]

    @property
    def sha256(self) -> str:
        """Hash of which item, with which class, is in which part."""
        return sha256_json({
            name: [(e.id, e.label, e.group, *e.references) for e in part]
            for name, part in (("train", self.train), ("validation", self.validation),
                               ("test", self.test))
        })

    def sample(self, train: int, validation: int, test: int) -> Splits:
        """The first items of each part. Smaller samples are contained in larger ones."""
        return Splits(self.train[:train], self.validation[:validation], self.test[:test])


def split(examples: Sequence[Example], validation: float, test: float, seed: int) -> Splits:
    """Split by group, stratified by class, each part in an order whose prefixes are stratified.

    Groups are dealt from the largest down, equal sizes in random order, each to the part that
    keeps the class shares most even: the greedy rule of scikit-learn's StratifiedGroupKFold,
    with parts of unequal size. A group larger than a small part thus goes to training. Raises
    ValueError when a part would be empty.
    """
    shares = np.array([1 - validation - test, validation, test])
    groups: dict[str, list[Example]] = defaultdict(list)
    for example in examples:
        groups[example.group].append(example)
    names = sorted(groups)
    random.Random(seed).shuffle(names)
    names.sort(key=lambda name: -len(groups[name]))
    counts = np.zeros((len(names), 1 + max((e.label for e in examples), default=0)))
    for row, name in enumerate(names):
        for example in groups[name]:
            counts[row, example.label] += 1
    parts: tuple[list[Example], ...] = ([], [], [])
    for name, part in zip(names, _deal(counts, shares), strict=True):
        parts[part].extend(groups[name])
    if not all(parts):
        raise ValueError(f"{len(names)} groups cannot make three parts of these sizes")
    return Splits(*(tuple(stratified_order(part, seed)) for part in parts))


def _deal(counts: np.ndarray, shares: np.ndarray) -> list[int]:
    """The part of each group: `counts` is groups x classes, `shares` sums to one."""
    totals = np.maximum(counts.sum(axis=0), 1)
    wanted = shares[:, None] * totals
    filled = np.zeros_like(wanted)
    dealt = []
    for group in counts:
        # Row p: the fill of every part if part p took the group.
        after = filled[None] + np.eye(len(shares))[:, :, None] * group
        unevenness = (after / wanted).std(axis=1).mean(axis=1)
        fullness = filled.sum(axis=1) / wanted.sum(axis=1)
        part = min(range(len(shares)), key=lambda p: (round(unevenness[p], 12), fullness[p]))
        filled[part] += group
        dealt.append(part)
    return dealt


def stratified_order(examples: Sequence[Example], seed: int) -> list[Example]:
    """A random order in which every prefix holds the classes in about their shares.

    The r-th of a class's n items, in random order, is placed at (r + 1/2) / n.
    """
    by_class: dict[int, list[Example]] = defaultdict(list)
    for example in sorted(examples, key=lambda e: e.id):
        by_class[example.label].append(example)
    placed: list[tuple[Fraction, str, Example]] = []
    for label, members in sorted(by_class.items()):
        random.Random(f"{seed}:{label}").shuffle(members)
        placed += [(Fraction(2 * rank + 1, 2 * len(members)), e.id, e)
                   for rank, e in enumerate(members)]
    return [example for _, _, example in sorted(placed, key=lambda p: p[:2])]
