"""What a metric is: its words, its bounds, which intervals hold for it, and the sums it is made of.

Every metric is made of sums over items: it is the same formula on all items, without some of them,
on a slice, and with weights. So one declaration gives a record's figure, its errors, slices and
what a gate asks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np

Better = Literal["higher", "lower", "neither"]
Unit = Literal["share", "nats", "units", "words"]
"""`units` are those of the target."""


class Statistic(Enum):
    """Which intervals and tests hold for a metric."""

    SHARE = "a share of the items"
    """Wilson's interval, and Tango's of two methods."""
    COUNTS = "made of counts of items"
    """F1 and rates: an item moves it as a whole or not at all."""
    SCORES = "a mean of the items' scores"
    AREA = "a mean over pairs of items"
    LOSS = "a mean that few items may carry"
    NUMBERS = "of numbers beside numbers"
    CALIBRATION = "a sum of absolute gaps"
    """Never below 0, and the larger the more noise there is."""


def gain(better: Better, value: float) -> float:
    """More where a figure is better: itself, or its negative where less is better."""
    return 0.0 - value if better == "lower" else value


@dataclass(frozen=True)
class Formula:
    """How a metric is made of sums over items."""

    contributions: Callable[[Any], np.ndarray]
    """What each item of a run adds to the sums: [items, parts]. The run is what its kind of task
    has for one: `marked.Marked`, `regression.Numbered` or `generation.Worded`."""
    finish: Callable[[np.ndarray], np.ndarray]
    """From sums [parts, draws], of which the first is of all items, to the metric [draws]; NaN
    where it is not defined."""
    among: Callable[[Any], np.ndarray] | None = None
    """The items of a run that it is a share of, [items] bool: an interval counts those. None for
    all, and for those of a class (`Metric.among`)."""


@dataclass(frozen=True)
class Metric:
    """A metric. One of another package is declared alike."""

    name: str
    """As suites and files have it."""
    says: str
    """For people."""
    statistic: Statistic
    formula: Callable[[], Formula]
    """How it is computed; asked for late, so that naming a metric imports nothing that computes."""
    better: Better = "higher"
    unit: Unit = "share"
    bounds: tuple[float, float] = (0.0, 1.0)
    """The least and the most that it can be."""
    by_class: bool = False
    """Whether it is a mean over classes, in which each counts alike."""
    decides: bool = True
    """Whether a study can be decided by it."""
    graded: bool = False
    """Whether it is made of probabilities: answers that only name classes have none."""
    always: bool = True
    """Whether every task of its kind has what it is a share of; tables leave it out of others."""
    among: int | None = None
    """The class whose items it is a share of; None for all items."""

    def gain(self, value: float) -> float:
        """`gain` by the metric's own direction."""
        return gain(self.better, value)

    @property
    def bounded(self) -> bool:
        """Whether it lies in [0, 1]."""
        return self.bounds == (0.0, 1.0)

    @property
    def counted(self) -> bool:
        """Whether it moves by whole items."""
        return self.statistic in (Statistic.SHARE, Statistic.COUNTS)

    def of(self, run: Any, weights: np.ndarray | None = None) -> float | None:
        """The metric of a run on all its items, which count alike or have `weights` [items]; None
        where it is not defined on them."""
        formula = self.formula()
        each = formula.contributions(run)
        sums = each.sum(axis=0) if weights is None else weights @ each
        value = float(formula.finish(sums[:, None])[0])
        return None if value != value else value
