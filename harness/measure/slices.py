"""Figures by slice: the values of columns the task names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from harness.measure.part import RecordPart
from harness.targets.marked import Marked
from harness.targets.metrics import ACCURACY, MACRO_F1
from harness.tasks.examples import Example


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


def slices(examples: Sequence[Example], run: Marked) -> tuple[Slice, ...]:
    """One entry for each value of each slice column, in the order of names; blank is no value.
    `run` is what was answered on the examples."""
    rows: dict[tuple[str, str], list[int]] = defaultdict(list)
    for i, example in enumerate(examples):
        for column, value in example.slices.items():
            if value.strip():
                rows[column, value].append(i)
    return tuple(_slice(column, value, run.inside(own))
                 for (column, value), own in sorted(rows.items()))


def _slice(column: str, value: str, run: Marked) -> Slice:
    accuracy, f1 = (metric.of(run, run.weights) or 0.0 for metric in (ACCURACY, MACRO_F1))
    return Slice(column=column, value=value, items=len(run.actual), accuracy=accuracy,
                 macro_f1=f1)
