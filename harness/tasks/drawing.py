"""The order in which a budget draws the items of a part: its prefixes are samples."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from harness.common.kinds import Drawn
from harness.tasks.examples import Example
from harness.tasks.mixing import mixed
from harness.tasks.weighting import keys

Draw = Callable[[np.ndarray, np.ndarray, np.ndarray, object], np.ndarray]
"""Id, class and group of each item, and a seed: positions of the items in the order of the draw."""
LEAST, EVEN = 0.1, 2 / 3
"""A class is at least so much of a sample that is drawn over groups, or that part of an even share
where that is less."""


def draw_items(ids: np.ndarray, labels: np.ndarray, groups: np.ndarray, seed: object) -> np.ndarray:
    """A random order whose prefixes hold the classes in about their shares of the items.

    The r-th of a class's n items, in random order, is placed at (r + 1/2) / n; at one place, ids
    decide. Places are told apart as long as no class has more than 2^25 items. Of one group there
    are as many as chance has it.
    """
    places = np.empty(len(ids))
    by_id = np.argsort(ids, kind="stable")
    for label in np.unique(labels).tolist():
        members = by_id[labels[by_id] == label].tolist()
        random.Random(f"{seed}:{label}").shuffle(members)
        places[members] = (2 * np.arange(len(members)) + 1) / (2 * len(members))
    return np.lexsort((ids, places))


def draw_groups(ids: np.ndarray, labels: np.ndarray, groups: np.ndarray, seed: object
                ) -> np.ndarray:
    """A random order whose prefixes hold about as many groups as they can.

    Within a class it goes round: one item of each of its groups, in random order of groups and of
    their items, then a second of those that have one, and so on; so each of a class's groups is
    alike. Each class begins elsewhere in one circle of groups, so that groups with items of several
    classes are not drawn for all of them at once, and each class's groups are still a random
    sample of its own. The r-th item of a class is placed at (r + 1/2) / share, with the class's
    share of `class_shares` over the groups of each; at one place, ids decide.
    """
    if not len(ids):
        return np.zeros(0, dtype=np.int64)
    order, turn, circle = _in_groups(ids, labels, groups, seed)
    round_about = np.lexsort((ids[order], circle, turn, labels[order]))
    order, turn = order[round_about], turn[round_about]
    return _in_shares(order, ids, labels, np.bincount(labels[order[turn == 0]]))


def draw_sizes(ids: np.ndarray, labels: np.ndarray, groups: np.ndarray, seed: object
               ) -> np.ndarray:
    """A random order whose prefixes are samples over groups by their sizes.

    As `draw_groups`, but within a class items come in the order of `weighting.keys`: a group is
    drawn the sooner the larger it is, and again, but half as often as chance would have it. Classes
    have the shares of `class_shares` over their items. Means over a prefix want
    `weighting.weights`.
    """
    if not len(ids):
        return np.zeros(0, dtype=np.int64)
    order, turn, circle = _in_groups(ids, labels, groups, seed)
    starts = np.flatnonzero(turn == 0)
    sizes = np.diff(np.append(starts, len(order)))
    place = keys(np.repeat(sizes, sizes), turn, circle / 2.0**64)
    order = order[np.lexsort((ids[order], place, labels[order]))]
    return _in_shares(order, ids, labels, np.bincount(labels))


def _in_groups(ids: np.ndarray, labels: np.ndarray, groups: np.ndarray, seed: object
               ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Items by class and group, in random order: their positions, turns in their groups from 0, and
    the places of the groups in the circle of their classes."""
    order = np.lexsort((mixed(ids, f"{seed}:items"), groups, labels))
    here = labels[order]
    away = here.astype(np.uint64) * np.uint64((2**64 - 1) // (1 + int(labels.max())))
    circle = mixed(groups[order], f"{seed}:groups") + away  # once round and on, as integers wrap
    return order, _ranks(here, groups[order]), circle


def _in_shares(order: np.ndarray, ids: np.ndarray, labels: np.ndarray, counts: np.ndarray
               ) -> np.ndarray:
    """Items that lie in the order of each class, class by class, so that every prefix has the
    classes in the shares of `class_shares` over `counts`."""
    here = labels[order]
    places = (_ranks(here) + 0.5) / class_shares(counts)[here]
    return order[np.lexsort((ids[order], places))]


def class_shares(counts: np.ndarray) -> np.ndarray:
    """The classes' shares of a sample: their shares of `counts`, none that is there below `LEAST`,
    or `EVEN` of an even share where that is less; what these gain, the others lose alike."""
    there = counts > 0
    least = min(LEAST, EVEN / max(1, there.sum()))
    shares = counts / max(1, counts.sum())
    raised = np.zeros_like(there)
    while (low := there & ~raised & (shares < least)).any():
        raised |= low
        rest = counts * ~raised
        shares = np.where(raised, least, rest * (1 - least * raised.sum()) / max(1, rest.sum()))
    return np.asarray(shares)


def _ranks(*keys: np.ndarray) -> np.ndarray:
    """The place of each element among its neighbours with the same keys, from zero."""
    changes = np.zeros(len(keys[0]), dtype=bool)
    changes[0] = True
    for key in keys:
        changes[1:] |= key[1:] != key[:-1]
    starts = np.flatnonzero(changes)
    return np.arange(len(changes)) - np.repeat(starts, np.diff(np.append(starts, len(changes))))


DRAWS: Mapping[Drawn, Draw] = {"groups": draw_groups, "items": draw_items, "sizes": draw_sizes}
LEARNED_BY: Mapping[Drawn, Drawn] = {"groups": "groups", "items": "items", "sizes": "items"}
"""How training items are drawn where the others are drawn so: nothing that learns is weighted, so
they are a sample of the same mean without weights."""


def in_order(examples: Sequence[Example], over: Drawn, seed: object) -> list[Example]:
    """The examples in the order of a draw."""
    if not examples:
        return []
    ids, groups = (np.unique(names, return_inverse=True)[1] for names in (
        [e.id for e in examples], [e.group for e in examples]))
    order = DRAWS[over](ids, np.array([e.label for e in examples]), groups, seed)
    return [examples[i] for i in order]
