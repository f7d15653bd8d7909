"""Items whose labels are numbers: what a label says, and what an item is dealt as."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping

import numpy as np

from harness.tasks.cells import label_key
from harness.tasks.ledger import Facts, Kept, Ledger

Numbers = Mapping[str, float]
"""Label value to the number that it means."""
STRATA = 5
"""Ranges of the numbers, of about as many items each, that are dealt and drawn evenly."""


def number_of(label: str) -> float | None:
    """The number that a cell holds, written as data files write it; None for another cell."""
    try:
        value = float(label)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def keep_numbers(ledger: Ledger) -> tuple[Kept, Facts, Numbers]:
    """As `Ledger.kept`, of rows whose label is a number: a text that stands under two is left out.

    An item is dealt as the range of numbers that its own lies in, so that every part, and every
    prefix of one, has small and large ones.
    """
    found = {label: value for label in ledger.labels if (value := number_of(label)) is not None}
    kept, facts = ledger.kept(number_keys(found))
    order = np.array(sorted(set(found.values())))
    return dataclasses.replace(kept, labels=strata(order[kept.labels])), facts, found


def number_keys(found: Numbers) -> dict[str, int]:
    """The place among all numbers, rising, of each label's, by its key."""
    place = {value: i for i, value in enumerate(sorted(set(found.values())))}
    return {label_key(label): place[value] for label, value in found.items()}


def strata(values: np.ndarray) -> np.ndarray:
    """The range, from 0, that each number lies in, [items]; equal ones in the same."""
    ends = np.quantile(values, np.arange(1, STRATA) / STRATA) if len(values) else values
    return np.asarray(np.searchsorted(np.unique(ends), values, side="right"))
