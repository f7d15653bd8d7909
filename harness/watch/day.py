"""The day's table: its different texts, and what became of its rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.common.errors import HarnessError
from harness.common.names import did_you_mean
from harness.common.text import blank, excerpt
from harness.suite import TaskSpec
from harness.targets.kinds import KINDS
from harness.tasks.cells import class_numbers, entries, label_key
from harness.tasks.examples import Item, as_array, item_id
from harness.tasks.label_sets import class_sets


@dataclass(frozen=True)
class Row:
    """A row of the table. A cell of a column that nobody named is None."""

    text: str
    pair: str | None
    group: str | None
    label: str | None


@dataclass(frozen=True)
class Day:
    """The day's different texts, each at its first row: what the approved run's items are, too."""

    rows: int
    empty: int
    """Rows without a text."""
    duplicates: int
    """Rows whose text stands in a row before, whatever its case and white space."""
    items: tuple[Item, ...]
    places: tuple[int, ...]
    """Their rows, from 0."""
    groups: tuple[str, ...]
    grouped: bool
    """Whether a column names the groups; else each item is one."""
    labels: tuple[str, ...] | None
    """The items' cells; None where no column of labels is named."""


def day_of(rows: Sequence[Row]) -> Day:
    """Raises HarnessError for a table without rows."""
    if not rows:
        raise HarnessError("the input holds no rows", "Give data.")
    first: dict[str, int] = {}
    empty = 0
    for place, row in enumerate(rows):
        if blank(row.text):
            empty += 1
        else:
            first.setdefault(item_id(row.text, row.pair), place)
    kept = [rows[place] for place in first.values()]
    return Day(
        len(rows), empty, len(rows) - empty - len(first),
        tuple(Item(name, row.text, row.pair) for name, row in zip(first, kept, strict=True)),
        tuple(first.values()),
        tuple(f"\x1f{name}" if row.group is None or blank(row.group) else row.group
              for name, row in zip(first, kept, strict=True)),
        any(row.group is not None for row in rows),
        tuple(row.label or "" for row in kept) if rows[0].label is not None else None)


def targets(day: Day, spec: TaskSpec, separator: str | None) -> tuple[np.ndarray, np.ndarray]:
    """Which items have a label, [items] bool, and of those which classes they have, [labelled,
    classes] bool. A blank cell is no label yet; a value that the suite drops is none either.

    Raises HarnessError for a task whose items have no classes, and a value that is no class's.
    """
    kind = KINDS[spec.kind]
    if not kind.classes or day.labels is None:
        raise HarnessError(f"labels of a task of kind {spec.kind} are not watched: what is right "
                           "is compared by class alone", "Leave --labels out.")
    found = (_several if kind.several else _one)(day.labels, spec, separator)
    for place, cell, own in zip(day.places, day.labels, found, strict=True):
        if own is None and cell and spec.other_labels != "drop":
            known = [value for values in spec.labels.values() for value in values]
            raise HarnessError(f"row {place}: the label '{excerpt(cell, 60)}' is no class's. "
                               + did_you_mean(cell, known), "Mend it, or leave the cell empty.")
    has = np.array([own is not None for own in found], dtype=bool)
    marks = np.zeros((int(has.sum()), len(spec.labels)), dtype=bool)
    for row, own in zip(marks, (own for own in found if own is not None), strict=True):
        row[list(own)] = True
    return has, marks


Classes = tuple[int, ...] | None
"""Numbers of the classes of an item; None where it has no label."""


def _one(cells: Sequence[str], spec: TaskSpec, separator: str | None) -> list[Classes]:
    numbers = class_numbers(spec.labels)
    found = [None if blank(cell) else numbers.get(label_key(cell)) for cell in cells]
    return [None if number is None else (number,) for number in found]


def _several(cells: Sequence[str], spec: TaskSpec, separator: str | None) -> list[Classes]:
    numbers = class_numbers(spec.labels)
    lists = [as_array(cell.split(separator)) if separator and cell and entries(cell) is None
             else cell for cell in cells]
    sets = class_sets(lists, numbers)
    return [sets.get(cell) for cell in lists]
