"""A method's figure with its two errors: which items were drawn, and which seeds."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

import numpy as np
from scipy.stats import t as student

from harness.measure.part import RecordPart

LEVEL, POWER = 0.95, 0.8
BOUNDED = frozenset({"accuracy", "macro_f1", "micro_f1", "roc_auc", "calibration_error"})
"""Metrics that lie in [0, 1]."""


class Figure(RecordPart):
    """A metric of a method: the mean over its seeds, on one set of items."""

    mean: float
    sd: float | None
    """Over seeds; None for a single one."""
    seeds: int
    sampling_error: float
    """Standard error over items alone (by group), of the mean over seeds."""
    low: float
    high: float
    """95% interval over items and seeds; over items alone where there is a single seed."""


def seed_variance(points: Sequence[float]) -> tuple[float, int]:
    """Variance of a mean over seeds, and its degrees of freedom; (0, 0) for a single seed."""
    if len(points) < 2:
        return 0.0, 0
    return statistics.variance(points) / len(points), len(points) - 1


def figure(metric: str, points: Sequence[float], values: np.ndarray) -> Figure:
    """`points` [seeds] on the items, `values` [seeds, resamples].

    The items' part is the percentile interval of the mean over seeds, the seeds' part Student's
    interval; the two add up as in the method of variance estimates recovery (Zou and Donner,
    Statistics in Medicine 27, 2008).
    """
    mean, over_items = statistics.fmean(points), values.mean(axis=0)
    low, high = np.nanpercentile(over_items, [100 * (1 - LEVEL) / 2, 100 * (1 + LEVEL) / 2])
    variance, freedom = seed_variance(points)
    reach = student.ppf((1 + LEVEL) / 2, freedom) * variance**0.5 if variance else 0.0
    low = mean - float(np.hypot(max(0.0, mean - low), reach))
    high = mean + float(np.hypot(max(0.0, high - mean), reach))
    if metric in BOUNDED:
        low, high = max(0.0, low), min(1.0, high)
    return Figure(mean=mean, sd=statistics.stdev(points) if len(points) > 1 else None,
                  seeds=len(points), sampling_error=float(np.nanstd(over_items, ddof=1)),
                  low=low, high=high)
