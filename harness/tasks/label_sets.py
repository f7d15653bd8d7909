"""Items with any number of classes: what a label value holds, and what an item is dealt as."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np

from harness.common.errors import HarnessError
from harness.common.text import excerpt, value_key
from harness.tasks.cells import entries, label_key
from harness.tasks.ledger import Facts, Kept, Ledger

Sets = Mapping[str, tuple[int, ...]]
"""Label value to the classes that it means, rising."""
BITS = frozenset(("0", "1", "0.0", "1.0", "0.", "1.", "True", "False", "true", "false"))


def values_of(label: str) -> tuple[str, ...]:
    """The values that a label holds: the entries of a list, each once, none of a blank, else the
    label."""
    found = entries(label)
    if found is None:
        return (label,) if label else ()
    return tuple(dict.fromkeys(found))


def value_counts(labels: Mapping[str, int]) -> dict[str, int]:
    """Rows by value, from rows by label."""
    counts: Counter[str] = Counter()
    for label, rows in labels.items():
        for value in set(values_of(label)):
            counts[value] += rows
    return dict(counts)


def holds_lists(labels: Mapping[str, int]) -> bool:
    """Whether the labels are lists: most rows' are, or one holds several values. `labels` gives
    rows by label."""
    lists = {label: found for label in labels if (found := entries(label)) is not None}
    return (any(len(found) > 1 for found in lists.values())
            or 2 * sum(labels[label] for label in lists) > sum(labels.values()))


def check_named(name: str, labels: Iterable[str]) -> None:
    """Raise HarnessError, naming the data, where all labels are lists of 0 and 1 of one length: one
    place a class, and nothing names it. Three or more with spaces or separators between them are
    such a list too."""
    label, lengths = "", set()
    for label in labels:
        found = entries(label)
        least = 2 if found is not None else 3
        places = found if found is not None else re.split(r"\s*[\s;|,/]\s*", label)
        lengths.add(len(places))
        if len(lengths) > 1 or len(places) < least or not set(places) <= BITS:
            return
    if label:
        shown = label.replace('"', "")
        raise HarnessError(f"{name}: the labels are lists of {lengths.pop()} numbers, 0 and 1 "
                           f"alone, such as {excerpt(shown, 60)}: one place a class, and no names",
                           'Give lists of the names of the classes that an item has: ["a", "b"].')


def class_sets(labels: Iterable[str], classes: Mapping[str, int]) -> Sets:
    """The classes of each label all of whose values are listed in `classes`, under their keys.

    A blank is no label: an item that has none of the classes has an empty list.
    """
    held = {label: {value_key(value) for value in values_of(label)} for label in labels if label}
    return {label: tuple(sorted({classes[value] for value in values}))
            for label, values in held.items() if classes.keys() >= values}


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
    kept = dataclasses.replace(kept, labels=rarest(kept.labels, members, classes))
    return kept, facts, sets


def set_numbers(ledger: Ledger, classes: Mapping[str, int]) -> dict[str, int]:
    """A number for the key of each label: one for each different set of classes."""
    sets = class_sets(ledger.labels, classes)
    number = {members: i for i, members in enumerate(dict.fromkeys(sets.values()))}
    return {label_key(label): number[members] for label, members in sets.items()}


def rarest(labels: np.ndarray, members: list[tuple[int, ...]], classes: Mapping[str, int]
            ) -> np.ndarray:
    """The class to deal each item as: `labels` [items] number the sets, `members` are the sets."""
    none = 1 + max(classes.values(), default=-1)
    items = np.zeros(none, dtype=np.int64)
    for own, count in zip(members, np.bincount(labels, minlength=len(members)), strict=True):
        items[list(own)] += count
    dealt = [min(own, key=lambda c: (items[c], c), default=none) for own in members]
    return np.asarray(np.array(dealt, dtype=np.int64)[labels])
