"""Grouped, stratified splits, and nested samples of them."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

import numpy as np

from harness.tasks.examples import Example
from harness.tasks.items import Items

CHUNK = 10_000


@dataclass(frozen=True)
class Splits:
    """The parts of a task. Where the harness drew them, no group and no folded text stands in two.

    Parts are tuples, or `Items` that lie in a file.
    """

    train: Sequence[Example]
    validation: Sequence[Example]
    test: Sequence[Example]

    @cached_property
    def sha256(self) -> str:
        """Hash of which item, with which class, is in which part: of the JSON object that maps
        `test`, `train` and `validation` to lists of [id, label, group, classes or references …].
        """
        digest = hashlib.sha256()
        for piece in self._pieces():
            digest.update(piece.encode("utf-8", "surrogatepass"))
        return digest.hexdigest()

    def _pieces(self) -> Iterator[str]:
        """The JSON in pieces: as one text, that of a million items is larger than the items."""
        for before, name in zip(("{", ",", ","), ("test", "train", "validation"), strict=True):
            items = _told_apart(getattr(self, name))
            yield f'{before}"{name}":['
            comma = ""
            while chunk := list(islice(items, CHUNK)):
                text = json.dumps(chunk, separators=(",", ":"), ensure_ascii=False)
                yield comma + text[1:-1]
                comma = ","
            yield "]"
        yield "}"

    def sample(self, train: int, validation: int, test: int) -> Splits:
        """The first items of each part. Smaller samples are contained in larger ones."""
        return Splits(self.train[:train], self.validation[:validation], self.test[:test])


def _told_apart(part: Sequence[Example]) -> Iterator[Sequence[object]]:
    if isinstance(part, Items):
        columns = (part.column(key) for key in ("id", "label", "group", "classes"))
        return ((*told, *(classes or ())) for *told, classes in zip(*columns, strict=True))
    return ((e.id, e.label, e.group, *(e.classes or ()), *e.references) for e in part)


def deal(labels: np.ndarray, groups: np.ndarray, shares: Sequence[float], seed: int) -> np.ndarray:
    """The part of each item: whole groups, the classes' shares as even as can be.

    `labels` and `groups` number each item's class and group, groups in the order of their names;
    `shares` sum to one. Groups are dealt from the largest down, equal sizes in random order, each
    to the part that keeps the class shares most even: the greedy rule of scikit-learn's
    StratifiedGroupKFold, with parts of unequal size. A group larger than a small part thus goes to
    training. Raises ValueError when a part would be empty.
    """
    found, number, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    names = list(range(len(found)))
    random.Random(seed).shuffle(names)
    names.sort(key=lambda name: -sizes[name])
    members = labels[np.argsort(number, kind="stable")]
    ends = np.cumsum(sizes)
    classes = 1 + labels.max(initial=0)
    counts = (np.bincount(members[ends[name] - sizes[name]: ends[name]], minlength=classes)
              for name in names)
    part_of = np.zeros(len(found), dtype=np.int64)
    part_of[names] = _deal(counts, np.bincount(labels, minlength=classes), np.array(shares))
    if len(np.unique(part_of)) < len(shares):
        raise ValueError(f"{len(found)} groups cannot make {len(shares)} parts of these sizes")
    return part_of[number]


def _deal(counts: Iterator[np.ndarray], totals: np.ndarray, shares: np.ndarray) -> list[int]:
    """The part of each group: `counts` gives its items by class, `totals` those of all groups."""
    wanted = shares[:, None] * np.maximum(totals, 1)
    whole, (parts, classes) = wanted.sum(axis=1), wanted.shape
    filled = np.zeros_like(wanted)
    mine = np.eye(parts)[:, :, None]
    dealt = []
    for group in counts:
        # Row p: the fill of every part if part p took the group.
        share = (filled[None] + mine * group) / wanted
        # The standard deviation over parts, averaged over classes; np.std takes twice the time.
        share -= np.add.reduce(share, axis=1, keepdims=True) / parts
        spread = np.sqrt(np.add.reduce(share * share, axis=1) / parts)
        unevenness = (np.add.reduce(spread, axis=1) / classes).tolist()
        fullness = (np.add.reduce(filled, axis=1) / whole).tolist()
        part = min(range(parts), key=lambda p: (round(unevenness[p], 12), fullness[p]))
        filled[part] += group
        dealt.append(part)
    return dealt


def stratified_places(ids: np.ndarray, labels: np.ndarray, seed: int) -> np.ndarray:
    """Positions of the items in a random order whose prefixes hold the classes in about their
    shares.

    The r-th of a class's n items, in random order, is placed at (r + 1/2) / n; at one place, ids
    decide. Places are told apart as long as no class has more than 2^25 items.
    """
    places = np.empty(len(ids))
    by_id = np.argsort(ids, kind="stable")
    for label in np.unique(labels).tolist():
        members = by_id[labels[by_id] == label].tolist()
        random.Random(f"{seed}:{label}").shuffle(members)
        places[members] = (2 * np.arange(len(members)) + 1) / (2 * len(members))
    return np.lexsort((ids, places))


def stratified_order(examples: Sequence[Example], seed: int) -> list[Example]:
    """The examples in the order of `stratified_places`."""
    if not examples:
        return []
    order = stratified_places(np.array([e.id for e in examples]),
                              np.array([e.label for e in examples]), seed)
    return [examples[i] for i in order]
