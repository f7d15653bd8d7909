"""Items with any number of classes: what a label value holds, and what an item is dealt as."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np

from harness.tasks.ledger import Facts, Kept, Ledger

Sets = Mapping[str, tuple[int, ...]]
"""Label value to the classes that it means, rising."""
SEPARATORS = (";", "|", ",", "/")


def values_of(label: str) -> tuple[str, ...]:
    """The values that a label holds: those of a JSON array, none of a blank, else the label."""
    if label.startswith("["):
        try:
            found = json.loads(label)
        except (ValueError, RecursionError):
            return (label,)
        return tuple(str(value).strip() for value in found if value is not None)
    return (label,) if label else ()


def value_counts(labels: Mapping[str, int]) -> dict[str, int]:
    """Rows by value, from rows by label."""
    counts: Counter[str] = Counter()
    for label, rows in labels.items():
        for value in set(values_of(label)):
            counts[value] += rows
    return dict(counts)


def holds_lists(labels: Mapping[str, int]) -> bool:
    """Whether most rows' labels are JSON arrays; `labels` gives rows by label."""
    lists = sum(rows for label, rows in labels.items() if values_of(label) not in ((label,), ()))
    lists += labels.get("[]", 0)
    return 2 * lists > sum(labels.values())


def find_separator(labels: Mapping[str, int]) -> tuple[str, float] | None:
    """What may separate several values in one label, and the share of the labelled rows that hold
    it: the usual sign that most of them hold, and that makes fewer different values of them.

    `labels` gives rows by label. Were the sign a part of names ("yes, surely"), there would be as
    many values as labels.
    """
    filled = {label: rows for label, rows in labels.items() if label}
    shares = {sign: sum(rows for label, rows in filled.items() if sign in label)
              / sum(filled.values()) for sign in SEPARATORS if filled}
    fewer = [sign for sign, share in shares.items()
             if share and len({value.strip() for label in filled
                               for value in label.split(sign)} - {""}) < len(filled)]
    return max(((sign, shares[sign]) for sign in fewer), key=lambda f: f[1], default=None)


def class_sets(labels: Iterable[str], classes: Mapping[str, int]) -> Sets:
    """The classes of each label all of whose values are listed in `classes`."""
    held = {label: values_of(label) for label in labels}
    return {label: tuple(sorted({classes[value] for value in values}))
            for label, values in held.items() if classes.keys() >= set(values)}


def keep_sets(ledger: Ledger, classes: Mapping[str, int]) -> tuple[Kept, Facts, Sets]:
    """As `Ledger.kept`, for items with any number of classes: a text that stands under two sets of
    them is left out.

    An item is dealt as the one of its classes that fewest items have, so that a rare class is in
    every split and every prefix of one; as a class of its own where it has none. (Iterative
    stratification begins with the rarest class too: Sechidis, Tsoumakas and Vlahavas, ECML PKDD
    2011.)
    """
    sets = class_sets(ledger.labels, classes)
    kept, facts = ledger.kept(set_numbers(ledger, classes))
    members = list(dict.fromkeys(sets.values()))
    kept = dataclasses.replace(kept, labels=_rarest(kept.labels, members, classes))
    return kept, facts, sets


def set_numbers(ledger: Ledger, classes: Mapping[str, int]) -> dict[str, int]:
    """A number for each label: one for each different set of classes."""
    sets = class_sets(ledger.labels, classes)
    number = {members: i for i, members in enumerate(dict.fromkeys(sets.values()))}
    return {label: number[members] for label, members in sets.items()}


def _rarest(labels: np.ndarray, members: list[tuple[int, ...]], classes: Mapping[str, int]
            ) -> np.ndarray:
    """The class to deal each item as: `labels` [items] number the sets, `members` are the sets."""
    none = 1 + max(classes.values(), default=-1)
    items = np.zeros(none, dtype=np.int64)
    for own, count in zip(members, np.bincount(labels, minlength=len(members)), strict=True):
        items[list(own)] += count
    dealt = [min(own, key=lambda c: (items[c], c), default=none) for own in members]
    return np.asarray(np.array(dealt, dtype=np.int64)[labels])
