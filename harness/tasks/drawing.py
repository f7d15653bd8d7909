"""The order in which a budget draws the items of a part: its prefixes are samples."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from harness.common.kinds import Over
from harness.tasks.examples import Example
from harness.tasks.mixing import mixed

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
    order = np.lexsort((mixed(ids, f"{seed}:items"), groups, labels))
    turn = _ranks(labels[order], groups[order])
    here = labels[order]
    classes = 1 + int(labels.max())
    away = here.astype(np.uint64) * np.uint64((2**64 - 1) // classes)
    circle = mixed(groups[order], f"{seed}:groups") + away  # once round and on, as integers wrap
    round_about = np.lexsort((ids[order], circle, turn, here))
    order, here, turn = order[round_about], here[round_about], turn[round_about]
    shares = class_shares(np.bincount(here[turn == 0], minlength=classes))
    return order[np.lexsort((ids[order], (_ranks(here) + 0.5) / shares[here]))]


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


DRAWS: Mapping[Over, Draw] = {"groups": draw_groups, "items": draw_items}


def in_order(examples: Sequence[Example], over: Over, seed: object) -> list[Example]:
    """The examples in the order of a draw."""
    if not examples:
        return []
    ids, groups = (np.unique(names, return_inverse=True)[1] for names in (
        [e.id for e in examples], [e.group for e in examples]))
    order = DRAWS[over](ids, np.array([e.label for e in examples]), groups, seed)
    return [examples[i] for i in order]
