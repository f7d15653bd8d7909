"""A method's figure with its two errors: which items were drawn, and which seeds."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

import numpy as np
from scipy.stats import norm
from scipy.stats import t as student

from harness.compare.bootstrap import Drawn
from harness.compare.few import NOISE, least_loss, least_reach, of_share
from harness.measure.part import RecordPart

LEVEL, POWER = 0.95, 0.8
NORMAL = float(norm.ppf((1 + LEVEL) / 2))
BOUNDED = frozenset({"accuracy", "macro_f1", "micro_f1", "roc_auc", "calibration_error",
                     "subset_accuracy", "ranking_precision", "hamming_loss",
                     "exact_match", "token_f1", "rouge_l", "answer_recall",
                     "selection_rate", "false_positive_rate", "false_negative_rate"})
"""Metrics that lie in [0, 1]."""
NEVER_BELOW_0 = BOUNDED | {"log_loss"}
DEFINED = 0.5
"""Least share of the resamples on which a metric must be defined: the rest say nothing of it."""


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


def satterthwaite(parts: Sequence[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """Degrees of freedom of a sum of variances (variance, freedom); one of 0 has no say.

    Satterthwaite, Biometrics Bulletin 2, 1946.
    """
    total = sum(variance for variance, _ in parts)
    below = sum(variance**2 / np.maximum(freedom, 1.0) for variance, freedom in parts)
    return np.asarray(np.where(below > 0, total**2 / np.where(below > 0, below, 1.0), 1.0))


def known(values: np.ndarray, drawn: Drawn) -> bool:
    """Whether resamples [..., resamples] tell an error: not where all items are of one group of
    their class, nor where most resamples lack a metric."""
    there = np.isfinite(values).all(axis=tuple(range(values.ndim - 1)))
    return drawn.freedom > 0 and float(there.mean()) >= DEFINED


def least_ends(metric: str, mean: float, variance: float, drawn: Drawn) -> tuple[float, float]:
    """What the items leave open at the least: of a share Wilson's interval."""
    if metric in drawn.shares:
        return of_share(mean, variance, drawn.items, drawn.alike)
    reach = least_reach(metric, drawn.groups, drawn.by_class, NORMAL)
    if metric == "log_loss" and variance <= NOISE:
        reach = least_loss(drawn.groups, NORMAL)
    return mean - reach, mean + reach


def figure(metric: str, points: Sequence[float], values: np.ndarray, drawn: Drawn) -> Figure:
    """`points` [seeds] on the items, `values` [seeds, resamples].

    The bootstrap's percentiles give the items' part of each half of the interval, so that it is
    skewed where the metric is; the seeds' variance is added, and Student's quantile takes the
    place of the normal one. No half is shorter than `least_ends` has it. Where the error over
    items is not known, the interval is all that the metric can be.
    """
    mean, over_items = statistics.fmean(points), values.mean(axis=0)
    sd = statistics.stdev(points) if len(points) > 1 else None
    if not known(over_items, drawn):
        return Figure(mean=mean, sd=sd, seeds=len(points), sampling_error=math.inf,
                      low=0.0 if metric in NEVER_BELOW_0 else -math.inf,
                      high=1.0 if metric in BOUNDED else math.inf)
    ends = np.nanpercentile(over_items, [100 * (1 - LEVEL) / 2, 100 * (1 + LEVEL) / 2])
    below, above = np.clip([mean - ends[0], ends[1] - mean], 0, None)
    of_items = float(np.nanvar(over_items, ddof=1))
    of_seeds, freedom = seed_variance(points)
    degrees = satterthwaite([(np.array(of_items), np.array(drawn.freedom)),
                             (np.array(of_seeds), np.array(freedom))])
    wider = float(student.ppf((1 + LEVEL) / 2, degrees)) / NORMAL
    ends = least_ends(metric, mean, of_items, drawn)
    low, high = (mean + side * max(wider * math.hypot(half, NORMAL * of_seeds**0.5),
                                   math.hypot(abs(end - mean), wider * NORMAL * of_seeds**0.5))
                 for side, half, end in ((-1, below, ends[0]), (1, above, ends[1])))
    if metric in NEVER_BELOW_0:
        low = max(0.0, low)
    if metric in BOUNDED:
        high = min(1.0, high)
    return Figure(mean=mean, sd=sd, seeds=len(points), sampling_error=of_items**0.5, low=low,
                  high=high)
