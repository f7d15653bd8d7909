"""Figures of runs by slice of the items, and what each group of items moves them by.

A slice is a domain of the items: groups are left out as `jackknife` leaves them out, so that what
is left of a slice's items varies as it would from sample to sample.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from harness.compare.jackknife import leave_out
from harness.compare.pool import Pool
from harness.targets.answers import Answers, sliced
from harness.targets.metric import Metric
from harness.tasks.examples import weights_at

LEAST_ITEMS, LEAST_GROUPS = 30, 10
"""A figure of fewer is not given: its interval would be a guess."""
PREFIX = "slice:"


@dataclass(frozen=True)
class Column:
    """A slice column on the common items: each item's place in `values`, -1 where it has none."""

    name: str
    values: tuple[str, ...]
    place: np.ndarray


def slice_columns(table: pa.Table, items: Sequence[str]) -> tuple[Column, ...]:
    """The slice columns of a run's predictions on `items`, in the order of names.

    A cell that is missing or blank is no value.
    """
    position = {item: i for i, item in enumerate(table["item"].to_pylist())}
    rows = table.take([position[item] for item in items])
    found = []
    for name in sorted(n for n in table.column_names if n.startswith(PREFIX)):
        cells = [cell if cell and cell.strip() else None for cell in rows[name].to_pylist()]
        values = tuple(sorted({cell for cell in cells if cell is not None}))
        number = {value: i for i, value in enumerate(values)}
        found.append(Column(name.removeprefix(PREFIX), values, np.array(
            [-1 if cell is None else number[cell] for cell in cells])))
    return tuple(found)


@dataclass(frozen=True)
class Base:
    """The items of a slice that a measure is a share of."""

    classes: tuple[int, ...]
    """That they have; none where a task has none."""
    pool: Pool
    items: int
    """How many they are."""

    @property
    def groups(self) -> int:
        """How many groups have any."""
        return self.pool.groups

    @property
    def enough(self) -> bool:
        """Whether a figure of so many, by their weights, can be given with an interval."""
        return self.pool.items >= LEAST_ITEMS and self.groups >= LEAST_GROUPS

    def freedom(self, measure: Metric) -> float:
        """Degrees of freedom of a variance over groups."""
        return self.pool.effective(measure) - 1


def base(answers: Answers, inside: np.ndarray, among: int | None) -> Base:
    """Of the items `inside` [items] bool, those of one class or all."""
    actual = answers.actual
    chosen = inside if among is None or actual is None else inside & actual[:, among]
    groups = answers.groups[chosen]
    if not len(groups):
        return Base((), Pool.even(0), 0)
    own = None if actual is None else actual[chosen]
    classes = () if own is None else tuple(np.flatnonzero(own.any(axis=0)).tolist())
    return Base(classes, Pool.of(groups, own, int(answers.groups.max()) + 1,
                                 weights_at(answers.weights, chosen)), len(groups))


@dataclass(frozen=True)
class Sliced:
    """One slice: by measure, points of all runs [runs], and what each group moves every arm by
    [arms, groups]: nothing, where it has no item of the slice.

    NaN where without the group there is no item that the measure is a share of.
    """

    points: Mapping[str, np.ndarray]
    shifts: Mapping[str, np.ndarray]


def measure_slices(answers: Answers, arms: Sequence[Sequence[int]], inside: Sequence[np.ndarray]
                   ) -> list[Sliced]:
    """Every slice, given by its items: [items] bool. `arms` lists the runs that are averaged."""
    return [_sliced(answers, arms, mask) for mask in inside]


def _sliced(answers: Answers, arms: Sequence[Sequence[int]], inside: np.ndarray) -> Sliced:
    found = leave_out(answers.inside(inside), sliced(answers))
    own, moved = np.unique(answers.groups[inside]), {}
    for name, shifts in found.shifts.items():
        moved[name] = np.zeros((len(arms), int(answers.groups.max()) + 1))
        moved[name][:, own] = [shifts[list(arm)].mean(axis=0) for arm in arms]
    return Sliced(found.points, moved)
