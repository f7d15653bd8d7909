"""Figures by slice: the values of columns the task names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from sklearn.metrics import accuracy_score, f1_score

from harness.measure.part import RecordPart
from harness.tasks.examples import Example


class Slice(RecordPart):
    """Figures over the test items with one value of one column.

    Macro F1 is over the classes that the slice's items have.
    """

    column: str
    value: str
    items: int
    accuracy: float
    macro_f1: float


def slices(examples: Sequence[Example], probabilities: np.ndarray) -> tuple[Slice, ...]:
    """One entry for each value of each slice column, in the order of names."""
    rows: dict[tuple[str, str], list[int]] = defaultdict(list)
    for i, example in enumerate(examples):
        for column, value in example.slices.items():
            rows[column, value].append(i)
    targets = np.array([e.label for e in examples])
    predicted = probabilities.argmax(axis=1)
    return tuple(
        Slice(column=column, value=value, items=len(chosen),
              accuracy=float(accuracy_score(targets[chosen], predicted[chosen])),
              macro_f1=float(f1_score(targets[chosen], predicted[chosen], average="macro",
                                      labels=sorted(set(targets[chosen].tolist())),
                                      zero_division=0.0)))
        for (column, value), chosen in sorted(rows.items())
    )
