"""One-sided 95% bounds of what the gate judges.

Each bound is one-sided: the two of a figure make a 90% interval. All rules must hold, so a model
that breaks one passes with a chance of at most 5% without any correction for their number (the
intersection-union test: Berger, Technometrics 24, 1982).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm
from scipy.stats import t as student

from harness.compare.bootstrap import RESAMPLES, Drawn
from harness.compare.few import least_reach

ONE_SIDED = 0.95
Z = float(norm.ppf(ONE_SIDED))
LEAST_GROUPS = 10


@dataclass(frozen=True)
class Bounds:
    """A figure, the least and the most it may be."""

    value: float
    low: float
    high: float

    def turned(self) -> Bounds:
        """The negative."""
        return Bounds(0.0 - self.value, 0.0 - self.high, 0.0 - self.low)

    def within(self, low: float, high: float) -> Bounds:
        """Cut to what the figure can be."""
        return Bounds(self.value, max(low, self.low), min(high, self.high))


def metric_bounds(metric: str, point: float, values: np.ndarray, drawn: Drawn,
                  by_class: Sequence[int]) -> Bounds | None:
    """Of a metric, or of a paired difference of it, from its resamples [resamples].

    Student's interval with the bootstrap's standard error, its reach no less than `least_reach`.
    `by_class` counts the groups of each class. Unbounded where the groups are fewer than ten;
    None where the point is not finite.
    """
    if not np.isfinite(point):
        return None
    known = values[np.isfinite(values)]
    if drawn.freedom < 1 or drawn.groups < LEAST_GROUPS or len(known) < 2:
        return Bounds(point, -np.inf, np.inf)
    reach = max(float(student.ppf(ONE_SIDED, drawn.freedom) * known.std(ddof=1)),
                least_reach(metric, drawn.groups, by_class, Z))
    return Bounds(point, point - reach, point + reach)


def requests_needed(percentile: int) -> int:
    """Requests without which no bound of a percentile exists: with fewer, all of them may lie on
    one side of it with a chance above 5%."""
    return math.ceil(math.log(1 - ONE_SIDED) / math.log(max(percentile, 100 - percentile) / 100))


def ratio_bounds(candidate: Sequence[float], baseline: Sequence[float], percentile: int,
                 seed: int) -> Bounds | None:
    """The ratio of a percentile of two series taken in turns, pairs resampled together.

    None where the pairs are too few to hold the percentile.
    """
    above, below = np.array(candidate), np.array(baseline)
    if len(above) < requests_needed(percentile):
        return None
    drawn = np.random.default_rng(seed).integers(len(above), size=(RESAMPLES, len(above)))
    ratios = (np.percentile(above[drawn], percentile, axis=1)
              / np.percentile(below[drawn], percentile, axis=1))
    low, high = np.percentile(ratios, [100 * (1 - ONE_SIDED), 100 * ONE_SIDED])
    value = np.percentile(above, percentile) / np.percentile(below, percentile)
    return Bounds(float(value), float(low), float(high))
