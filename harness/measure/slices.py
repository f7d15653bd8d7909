"""Figures by slice: the values of columns the task names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from harness.measure.part import RecordPart
from harness.tasks.class_metrics import macro_f1
from harness.tasks.examples import Example, indicator, weights_of


class Slice(RecordPart):
    """Figures over the test items with one value of one column, weighted where items are.

    Macro F1 is over the classes that the slice's items have, as everywhere. Where an item may have
    several, it counts as accurate when all of them are right.
    """

    column: str
    value: str
    items: int
    accuracy: float
    macro_f1: float


def slices(examples: Sequence[Example], chosen: np.ndarray) -> tuple[Slice, ...]:
    """One entry for each value of each slice column, in the order of names; blank is no value.
    `chosen` [examples, classes] is what was answered."""
    rows: dict[tuple[str, str], list[int]] = defaultdict(list)
    for i, example in enumerate(examples):
        for column, value in example.slices.items():
            if value.strip():
                rows[column, value].append(i)
    targets = indicator(examples, chosen.shape[1])
    return tuple(_slice(column, value, targets[own], chosen[own],
                        weights_of([examples[i] for i in own]))
                 for (column, value), own in sorted(rows.items()))


def _slice(column: str, value: str, targets: np.ndarray, chosen: np.ndarray,
           weights: np.ndarray | None) -> Slice:
    right = (targets == chosen).all(axis=1)
    return Slice(column=column, value=value, items=len(targets),
                 accuracy=float(np.average(right, weights=weights)),
                 macro_f1=macro_f1(targets, chosen, weights))
