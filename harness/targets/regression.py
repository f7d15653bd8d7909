"""Answers that are numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from harness.targets.areas import lower
from harness.targets.kinds import KINDS, TargetKind
from harness.targets.marked import domain
from harness.targets.metric import Formula

NUMBER = re.compile(r"(?<![\w.,])[-+−–]?(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d*[.,]?\d+)"
                    r"(?:[eE][-+]?\d+)?")
THOUSANDS = re.compile(r",(?=\d{3}(?!\d))")
SIGNS = str.maketrans("−–,", "--.")


def read_number(text: str) -> float:
    """The first number in an answer; NaN where there is none that is finite. A comma before three
    digits divides thousands, another one is a decimal point."""
    found = NUMBER.search(text)
    written = found and THOUSANDS.sub("", found[0]).translate(SIGNS)
    value = float(written) if written else math.nan
    return value if math.isfinite(value) else math.nan


def number_text(value: float) -> str:
    """A number as a model is to write it: the shortest that reads as the same in ten digits."""
    return f"{value:.10g}"


def numbers_of(texts: Iterable[str]) -> np.ndarray:
    """`read_number` of each answer: [items, 1]."""
    return np.array([[read_number(text)] for text in texts])


def unread_as(otherwise: float, answers: np.ndarray) -> np.ndarray:
    """Answers of which those that no number could be read from are this one."""
    return np.where(np.isnan(answers), otherwise, answers)


@dataclass(frozen=True, eq=False)
class Numbered:
    """A run's numbers beside the right ones, [items] each."""

    answered: np.ndarray
    actual: np.ndarray
    weights: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class RegressionAnswers:
    """What every run answered on the same items.

    `answered` is [runs, items], `targets` [items], both in the target's unit; `groups` [items]
    numbers the groups from 0; items count alike or have `weights` [items].
    """

    answered: np.ndarray
    targets: np.ndarray
    groups: np.ndarray
    weights: np.ndarray | None = None

    kind: ClassVar[TargetKind] = KINDS["regression"]
    actual: ClassVar[None] = None

    @property
    def runs(self) -> Iterator[Numbered]:
        """Each run."""
        return map(self.run, range(len(self.answered)))

    def run(self, place: int) -> Numbered:
        """The one at this place."""
        return Numbered(self.answered[place], self.targets, self.weights)

    def inside(self, items: np.ndarray) -> RegressionAnswers:
        """On some of the items, [items] bool; groups are numbered anew."""
        return RegressionAnswers(self.answered[:, items], self.targets[items],
                                 *domain(self.groups, self.weights, items))

    def said(self, labels: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """What runs answered, [runs, items] of str in four digits, and what is right, [items]."""
        given = [[f"{value:.4g}" for value in run] for run in self.answered.tolist()]
        return (np.array(given, dtype=object),
                np.array(list(map(number_text, self.targets.tolist())), dtype=object))


def read(tables: Sequence[Any], labels: Sequence[str], groups: np.ndarray,
         weights: np.ndarray | None) -> RegressionAnswers:
    """From tables of predictions with an answer and a target that are numbers, on the same items
    in one order."""
    return RegressionAnswers(np.stack([table["answer"].to_numpy() for table in tables]),
                             tables[0]["target"].to_numpy(), groups, weights)


def _beside(*columns: np.ndarray) -> np.ndarray:
    return np.column_stack([*columns, np.ones(len(columns[0]))])


def _squares(run: Numbered) -> np.ndarray:
    return _beside((run.answered - run.actual) ** 2)


def _explained(run: Numbered) -> np.ndarray:
    """Squared errors, and the targets' first two moments, which do not hang on where zero is."""
    apart = run.actual - run.actual.mean()
    return _beside((run.answered - run.actual) ** 2, apart, apart**2)


def _r2(sums: np.ndarray) -> np.ndarray:
    """1 less the squared errors over the targets' squared distances from their mean; NaN where the
    targets are one number."""
    errors, first, second, items = sums
    spread = second - first**2 / items
    there = spread > 1e-12 * np.maximum(second, 1e-300)
    return np.asarray(1 - np.divide(errors, spread, out=np.full_like(errors, np.nan), where=there))


def _ranked(run: Numbered) -> np.ndarray:
    """Pseudo-values of the three moments of ranks, so that leaving an item out also tells what it
    does to the others' ranks: a moment and its influence function (Croux and Dehon, Statistical
    Methods and Applications 19, 2010, section 3, for Spearman's)."""
    a, b = (_Ranks.of(values, run.weights) for values in (run.answered, run.actual))
    return _beside(a.with_other(b), a.with_other(a), b.with_other(b))


def _rho(sums: np.ndarray) -> np.ndarray:
    """The correlation of ranks, those of equal numbers their mean; NaN where all are equal."""
    both, one, other, _ = sums
    below = one * other
    return np.asarray(np.divide(both, np.sqrt(np.maximum(below, 0)), out=np.full_like(both, np.nan),
                                where=(one > 1e-12) & (other > 1e-12)))


@dataclass(frozen=True, eq=False)
class _Ranks:
    """Ranks of numbers as shares of the weight below, less a half: [items]."""

    place: np.ndarray
    """Of each number among those that differ, from 0."""
    shares: np.ndarray
    """Of the weight: [items]."""
    ranks: np.ndarray

    @staticmethod
    def of(values: np.ndarray, weights: np.ndarray | None) -> _Ranks:
        shares = np.ones(len(values)) if weights is None else weights
        shares = shares / shares.sum()
        place = np.unique(values, return_inverse=True)[1]
        return _Ranks(place, shares, lower(place, shares) - 0.5)

    def with_other(self, other: _Ranks) -> np.ndarray:
        """The mean product of both ranks, and for each item its influence on it beside: [items]."""
        product = self.ranks * other.ranks
        mean = float(self.shares @ product)
        return np.asarray(product + self._moved(other.ranks) + other._moved(self.ranks) - 2 * mean)

    def _moved(self, by: np.ndarray) -> np.ndarray:
        """What an item adds to the mean of rank times `by` by standing below others: [items]."""
        weights = self.shares * by
        return np.asarray(0.5 * weights.sum() - lower(self.place, weights))


R2 = Formula(_explained, _r2)
SPEARMAN = Formula(_ranked, _rho)
RMSE = Formula(_squares, lambda sums: np.sqrt(sums[0] / sums[1]))
MAE = Formula(lambda run: _beside(np.abs(run.answered - run.actual)),
              lambda sums: np.asarray(sums[0] / sums[1]))
