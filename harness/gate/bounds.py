"""One-sided 95% bounds of what the gate judges.

Each bound is one-sided: the two of a figure make a 90% interval. All rules must hold, so a model
that breaks one passes with a chance of at most 5% without any correction for their number (the
intersection-union test: Berger, Technometrics 24, 1982).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm
from scipy.stats import t as student

from harness.compare.bootstrap import RESAMPLES, Drawn
from harness.measure.latency import NEEDED

ONE_SIDED = 0.95
Z = float(norm.ppf(ONE_SIDED))
SHARES = frozenset({"accuracy", "macro_f1", "micro_f1"})
"""Metrics that move by whole items, so that few groups prove little even where none changed."""


@dataclass(frozen=True)
class Bounds:
    """A figure, the least and the most it may be."""

    value: float
    low: float
    high: float

    def turned(self) -> Bounds:
        """The negative."""
        return Bounds(0.0 - self.value, 0.0 - self.high, 0.0 - self.low)


def metric_bounds(metric: str, point: float, values: np.ndarray, drawn: Drawn) -> Bounds | None:
    """Of a metric, or of a paired difference of it, from its resamples [resamples].

    Student's interval with the bootstrap's standard error. Where a metric moves by whole items
    the reach is no less than the score interval's for a change that no group showed,
    z² / (groups + z²) (Wilson 1927; Tango 1998 for paired items): a bootstrap calls that certain.
    None where the point is not finite.
    """
    if not np.isfinite(point):
        return None
    known = values[np.isfinite(values)]
    if drawn.freedom < 1 or len(known) < 2:
        return Bounds(point, -np.inf, np.inf)
    reach = float(student.ppf(ONE_SIDED, drawn.freedom) * known.std(ddof=1))
    if metric in SHARES:
        reach = max(reach, Z**2 / (drawn.groups + Z**2))
    return Bounds(point, point - reach, point + reach)


def ratio_bounds(candidate: Sequence[float], baseline: Sequence[float], percentile: int,
                 seed: int) -> Bounds | None:
    """The ratio of a percentile of two series taken in turns, pairs resampled together.

    None where the pairs are too few to hold the percentile.
    """
    above, below = np.array(candidate), np.array(baseline)
    if len(above) < NEEDED[f"p{percentile}"]:
        return None
    drawn = np.random.default_rng(seed).integers(len(above), size=(RESAMPLES, len(above)))
    ratios = (np.percentile(above[drawn], percentile, axis=1)
              / np.percentile(below[drawn], percentile, axis=1))
    low, high = np.percentile(ratios, [100 * (1 - ONE_SIDED), 100 * ONE_SIDED])
    value = np.percentile(above, percentile) / np.percentile(below, percentile)
    return Bounds(float(value), float(low), float(high))
