"""Figures of runs by slice of the items, on the draws that all other figures use.

A slice is a domain of the items: groups are drawn as `bootstrap` draws them, over all items, and
the number of a slice's items varies from resample to resample as it would from sample to sample.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol

import numpy as np
import pyarrow as pa

from harness.compare.bootstrap import RESAMPLES, draws, macro_f1, share
from harness.compare.few import least_reach
from harness.compare.uncertainty import NORMAL

LEAST_ITEMS, LEAST_GROUPS = 30, 10
"""A figure of fewer is not given: its interval would be a guess."""
PREFIX = "slice:"


class Marks(Protocol):
    """What runs answered by class: `bootstrap.Answers`, or `bootstrap_sets.SetAnswers`."""

    one_each: ClassVar[bool]
    """Whether every item has one class and is answered one."""

    @property
    def groups(self) -> np.ndarray: ...
    @property
    def strata(self) -> np.ndarray: ...
    @property
    def group_count(self) -> int: ...
    @property
    def actual(self) -> np.ndarray: ...
    @property
    def chosen(self) -> np.ndarray: ...


@dataclass(frozen=True)
class Counts:
    """Sums over the drawn items of a slice: `items` [draws], and by class.

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

    items: int
    classes: tuple[int, ...]
    by_class: tuple[int, ...]
    """Groups of each of these classes."""
    groups: int
    strata: int
    """How many strata the groups are of."""

    @property
    def enough(self) -> bool:
        """Whether a figure of so many can be given with an interval."""
        return (self.items >= LEAST_ITEMS and self.groups >= LEAST_GROUPS
                and self.freedom > 0)

    @property
    def freedom(self) -> int:
        """Degrees of freedom of a variance over groups within strata."""
        return self.groups - self.strata

    def least_error(self, measure: str) -> float:
        """The standard error that so many groups leave open where all of them agree.

        A bootstrap calls that certain. 1.96 times this is z²/(groups + z²), the reach of the
        score interval where nothing happened (Wilson 1927); macro F1 is a mean over classes, each
        with groups of its own.
        """
        return least_reach(measure, self.groups, self.by_class, NORMAL) / NORMAL


def base(answers: Marks, inside: np.ndarray, among: int | None) -> Base:
    """Of the items `inside` [items] bool, those of one class or all."""
    chosen = inside if among is None else inside & answers.actual[:, among]
    actual, groups = answers.actual[chosen], answers.groups[chosen]
    classes, there = tuple(np.flatnonzero(actual.any(axis=0)).tolist()), np.unique(groups)
    strata = len(classes) if answers.one_each else len(np.unique(answers.strata[there]))
    return Base(int(chosen.sum()), classes,
                tuple(len(np.unique(groups[actual[:, c]])) for c in classes), len(there), strata)


@dataclass(frozen=True)
class Sliced:
    """One slice: by measure, points of all runs [runs] and resamples of all arms [arms, draws].

    NaN where a resample has no item that the measure is a share of.
    """

    points: Mapping[str, np.ndarray]
    values: Mapping[str, np.ndarray]


def measure_slices(answers: Marks, arms: Sequence[Sequence[int]], inside: Sequence[np.ndarray],
                   resamples: int = RESAMPLES, seed: int = 0) -> list[Sliced]:
    """Every slice, given by its items: [items] bool. `arms` lists the runs that are averaged."""
    parts = [_Parts(answers, mask) for mask in inside]
    asked = measures(answers)
    values = [{name: np.empty((len(arms), resamples), np.float32) for name in asked}
              for _ in parts]
    start = 0
    for drawn in draws(answers.strata, resamples, seed):
        end = start + drawn.shape[1]
        for part, into in zip(parts, values, strict=True):
            counts = part.counts(drawn)
            for name, measure in asked.items():
                runs = measure.of(counts)
                into[name][:, start:end] = [runs[list(arm)].mean(axis=0) for arm in arms]
        start = end
    whole = np.ones((answers.group_count, 1))
    return [Sliced({name: measure.of(part.counts(whole))[:, 0]
                    for name, measure in asked.items()}, into)
            for part, into in zip(parts, values, strict=True)]


class _Parts:
    """What the groups of one slice add to its counts."""

    def __init__(self, answers: Marks, inside: np.ndarray) -> None:
        self.own, place = np.unique(answers.groups[inside], return_inverse=True)
        actual, chosen = answers.actual[inside], answers.chosen[:, inside]
        self.items = self._by_group(place, np.ones((len(actual), 1)))[0]
        self.right = self._by_group(place, (actual == chosen).all(axis=2).T)
        self.actual = self._by_group(place, actual)
        self.hits = np.stack([self._by_group(place, actual & run) for run in chosen])
        self.predicted = np.stack([self._by_group(place, run) for run in chosen])

    def _by_group(self, place: np.ndarray, parts: np.ndarray) -> np.ndarray:
        """[items, parts] -> [parts, groups]."""
        sums = np.zeros((len(self.own), parts.shape[1]), np.float32)
        np.add.at(sums, place, parts)
        return sums.T

    def counts(self, drawn: np.ndarray) -> Counts:
        """On the weights of all groups: [all groups, draws]."""
        weights = drawn[self.own]
        return Counts(self.items @ weights, self.right @ weights, self.actual @ weights,
                      self.hits @ weights, self.predicted @ weights)
