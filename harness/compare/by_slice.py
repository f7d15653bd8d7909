"""Figures of runs by slice of the items, and what each group of items moves them by.

A slice is a domain of the items: groups are left out as `jackknife` leaves them out, so that what
is left of a slice's items varies as it would from sample to sample.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol

import numpy as np
import pyarrow as pa

from harness.compare.jackknife import macro_f1, share, shifts, whole_and_without
from harness.compare.pool import Pool, sum_by_group
from harness.tasks.examples import weights_at

LEAST_ITEMS, LEAST_GROUPS = 30, 10
"""A figure of fewer is not given: its interval would be a guess."""
PREFIX = "slice:"


class Marks(Protocol):
    """What runs answered by class: `jackknife.Answers`, or `jackknife_sets.SetAnswers`."""

    one_each: ClassVar[bool]
    """Whether every item has one class and is answered one."""

    @property
    def groups(self) -> np.ndarray: ...
    @property
    def weights(self) -> np.ndarray | None: ...
    @property
    def group_count(self) -> int: ...
    @property
    def actual(self) -> np.ndarray: ...
    @property
    def chosen(self) -> np.ndarray: ...


@dataclass(frozen=True)
class Counts:
    """Sums over the items of a slice, by their weights, whole or less a group: `items` [draws], and
    by class.

    `right` [runs, draws]; `actual` [classes, draws]; `hits` and `predicted` [runs, classes, draws].
    """

    items: np.ndarray
    right: np.ndarray
    actual: np.ndarray
    hits: np.ndarray
    predicted: np.ndarray


def accuracy(counts: Counts) -> np.ndarray:
    """Share of the items right; of several classes, in all of them."""
    return share(counts.right, counts.items)


def selection_rate(counts: Counts) -> np.ndarray:
    """Share of the items answered with the second of two classes."""
    return share(counts.predicted[:, 1], counts.items)


def false_positive_rate(counts: Counts) -> np.ndarray:
    """Share of the first class's items answered with the second."""
    return share(counts.predicted[:, 1] - counts.hits[:, 1], counts.actual[0])


def false_negative_rate(counts: Counts) -> np.ndarray:
    """Share of the second class's items answered with the first."""
    return share(counts.actual[1] - counts.hits[:, 1], counts.actual[1])


@dataclass(frozen=True)
class Measure:
    """A figure of a slice in [0, 1], and which class's items it is a share of (None: all)."""

    of: Callable[[Counts], np.ndarray]
    better: Literal["higher", "lower", "neither"]
    among: int | None = None


MEASURES = {"accuracy": Measure(accuracy, "higher"), "macro_f1": Measure(macro_f1, "higher")}
OF_SETS = {"subset_accuracy": MEASURES["accuracy"], "macro_f1": MEASURES["macro_f1"]}
BINARY = {"selection_rate": Measure(selection_rate, "neither"),
          "false_positive_rate": Measure(false_positive_rate, "lower", among=0),
          "false_negative_rate": Measure(false_negative_rate, "lower", among=1)}


def measures(answers: Marks) -> dict[str, Measure]:
    """What is measured by slice."""
    if not answers.one_each:
        return OF_SETS
    return MEASURES | (BINARY if answers.actual.shape[1] == 2 else {})


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

    def freedom(self, measure: str) -> float:
        """Degrees of freedom of a variance over groups."""
        return self.pool.effective(measure) - 1


def base(answers: Marks, inside: np.ndarray, among: int | None) -> Base:
    """Of the items `inside` [items] bool, those of one class or all."""
    chosen = inside if among is None else inside & answers.actual[:, among]
    actual, groups = answers.actual[chosen], answers.groups[chosen]
    if not len(actual):
        return Base((), Pool.even(0), 0)
    weights = weights_at(answers.weights, chosen)
    return Base(tuple(np.flatnonzero(actual.any(axis=0)).tolist()),
                Pool.of(groups, actual, count=answers.group_count, weights=weights), len(actual))


@dataclass(frozen=True)
class Sliced:
    """One slice: by measure, points of all runs [runs], and what each group moves every arm by
    [arms, groups]: nothing, where it has no item of the slice.

    NaN where without the group there is no item that the measure is a share of.
    """

    points: Mapping[str, np.ndarray]
    shifts: Mapping[str, np.ndarray]


def measure_slices(answers: Marks, arms: Sequence[Sequence[int]], inside: Sequence[np.ndarray]
                   ) -> list[Sliced]:
    """Every slice, given by its items: [items] bool. `arms` lists the runs that are averaged."""
    return [_sliced(answers, arms, mask) for mask in inside]


def _sliced(answers: Marks, arms: Sequence[Sequence[int]], inside: np.ndarray) -> Sliced:
    own, place = np.unique(answers.groups[inside], return_inverse=True)
    actual, chosen = answers.actual[inside], answers.chosen[:, inside]
    weights = weights_at(answers.weights, inside)

    def parted(parts: np.ndarray) -> np.ndarray:
        return whole_and_without(sum_by_group(parts, place, len(own), weights).T)

    counts = Counts(parted(np.ones((len(actual), 1)))[0],
                    parted((actual == chosen).all(axis=2).T), parted(actual),
                    np.stack([parted(actual & run) for run in chosen]),
                    np.stack([parted(run) for run in chosen]))
    points, moved = {}, {}
    for name, measure in measures(answers).items():
        values = measure.of(counts)
        points[name] = values[:, 0]
        moved[name] = np.zeros((len(arms), answers.group_count))
        moved[name][:, own] = shifts(np.stack([values[list(arm)].mean(axis=0) for arm in arms]))
    return Sliced(points, moved)
