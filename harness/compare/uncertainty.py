"""A method's figure with its two errors: which items were drawn, and which seeds."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit, stdtrit
from scipy.stats import norm

from harness.compare.few import NOISE, of_area, of_share, unseen
from harness.compare.pool import Pool
from harness.measure.intervals import Interval
from harness.measure.part import RecordPart
from harness.targets.metric import Metric, Statistic

LEVEL = 0.95
NORMAL = float(norm.ppf((1 + LEVEL) / 2))


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
    """95% interval over items and seeds; of a single seed with the spread of its kin, over items
    alone where it has none."""
    groups: float | None = None
    """How many groups of equal weight the figure is a mean over; None in older files."""


def seed_variance(points: Sequence[float]) -> tuple[float, float]:
    """Variance of a mean over seeds, and its degrees of freedom; (0, 0) for a single seed."""
    if len(points) < 2:
        return 0.0, 0
    return statistics.variance(points) / len(points), len(points) - 1


def satterthwaite(parts: Sequence[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """Degrees of freedom of a sum of variances (variance, freedom); one of 0 has no say.

    Satterthwaite, Biometrics Bulletin 2, 1946.
    """
    total = sum(variance for variance, _ in parts)
    below = sum(np.divide(variance**2, freedom, out=np.zeros(np.broadcast(variance, freedom).shape),
                          where=np.asarray(freedom) > 0) for variance, freedom in parts)
    surely = np.where(total > 0, np.inf, 1.0)
    return np.asarray(np.where(below > 0, total**2 / np.where(below > 0, below, 1.0), surely))


def freedom(shifts: np.ndarray, effective: float) -> np.ndarray:
    """Degrees of freedom of the variance that groups' `shifts` [..., groups] show: [...].

    One less than the groups of equal weight that there are, and no more than a sum of as many
    squares of normal shifts as these seem to be has (Satterthwaite's moments: three times
    (Σ u²)² / Σ u⁴), where few groups carry the whole. After Imbens and Kolesár (Review of Economics
    and Statistics 98, 2016) and Carter, Schnepel and Steigerwald (ibid. 99, 2017), whose freedom
    for items that are all alike in a group is lower still; which one holds was simulated.
    """
    squares = shifts**2
    fourth = (squares**2).sum(axis=-1)
    seen = np.divide(3 * squares.sum(axis=-1) ** 2, fourth, out=np.full(fourth.shape, np.inf),
                     where=fourth > NOISE**2)
    return np.asarray(np.minimum(max(effective - 1, 0.0), seen))


def known(shifts: np.ndarray, metric: Metric, pool: Pool) -> bool:
    """Whether groups' shifts tell an error: not where all items are of one group, nor where a
    metric is not defined without one."""
    return pool.groups > 1 and pool.effective(metric) > 1 and bool(np.isfinite(shifts).all())


def scaled_ends(metric: Metric, mean: float, reach: float) -> Interval:
    """`mean` less and more `reach`, on a scale on which the metric has no bounds: log odds of where
    it lies between two, the logarithm of how far it is from one. A loss, of which `one_more` tells
    the upper end, has that below alone. The ends lie within what the metric can be.
    """
    least, most = metric.bounds
    if not least < mean < most:
        return max(least, mean - reach), min(most, mean + reach)
    if math.isfinite(most - least):
        share = (mean - least) / (most - least)
        middle, wide = logit(share), reach / ((most - least) * share * (1 - share))
        low, high = expit([middle - wide, middle + wide])
        return least + (most - least) * float(low), least + (most - least) * float(high)
    if math.isfinite(most):
        low, high = _from_bound(most - mean, reach)
        return most - high, most - low
    if not math.isfinite(least):
        return mean - reach, mean + reach
    low, high = _from_bound(mean - least, reach)
    return least + low, mean + reach if metric.statistic is Statistic.LOSS else least + high


def _from_bound(distance: float, reach: float) -> Interval:
    return distance * math.exp(-reach / distance), distance * math.exp(reach / distance)


def one_more(mean: float, if_wrong: float, variance: float, groups: float, wide: float) -> float:
    """Upper end of a mean loss that few items may carry: with one group more, which costs what the
    items would if they were of another class. Agresti and Coull's added failure (American
    Statistician 52, 1998), for a loss: sure answers that none of the items proved wrong have it.
    """
    centre = (mean * groups + if_wrong) / (groups + 1)
    spread = ((if_wrong - mean) / (groups + 1)) ** 2
    return max(mean, centre + wide * math.sqrt(variance + spread))


def figure(metric: Metric, points: Sequence[float], shifts: np.ndarray, pool: Pool,
           level: float = LEVEL, if_wrong: float | None = None, ends: Interval | None = None,
           seeds: tuple[float, float] | None = None) -> Figure:
    """`points` [seeds] on the items, `shifts` [seeds, groups] or their mean [groups].

    Student's interval of the sum of the two errors, on the scale of `scaled_ends`; that of a share
    is no narrower than Wilson's, that of an area than `few.of_area`. `if_wrong` is what a loss
    would be if no item were of its class; with it the upper end is that of `one_more`. `ends` is
    the interval over items of a metric that has its own. `seeds` is the variance of the mean over
    seeds and its freedom, where the points do not tell it. Where the error over items is not known,
    the interval is all that the metric can be.
    """
    mean, over_items = statistics.fmean(points), np.atleast_2d(shifts).mean(axis=0)
    sd = statistics.stdev(points) if len(points) > 1 else None
    groups = pool.effective(metric)
    if not known(over_items, metric, pool):
        return Figure(mean=mean, sd=sd, seeds=len(points), sampling_error=math.inf, groups=groups,
                      low=metric.bounds[0], high=metric.bounds[1])
    errors = _errors(metric, over_items, pool, level,
                     seed_variance(points) if seeds is None else seeds)
    low, high = (_with_seeds(mean, ends, errors.by_seeds) if ends is not None
                 else _ends(metric, mean, errors, pool, if_wrong))
    return Figure(mean=mean, sd=sd, seeds=len(points), sampling_error=errors.of_items**0.5,
                  groups=groups, low=low, high=high)


@dataclass(frozen=True)
class _Errors:
    """Of a mean: variances over items as groups show it, of what few groups leave open, and over
    seeds; the freedom of the first; and how many of their standard errors its interval reaches."""

    of_items: float
    few: float
    of_seeds: float
    own: np.ndarray
    wide: float
    level: float

    @property
    def shown(self) -> float:
        """Variance but for what few groups leave open."""
        return self.of_items + self.of_seeds

    @property
    def by_seeds(self) -> float:
        """How far the interval reaches for the seeds alone."""
        return float(self.wide * self.of_seeds**0.5)


def _errors(metric: Metric, shifts: np.ndarray, pool: Pool, level: float,
            seeds: tuple[float, float]) -> _Errors:
    of_items, (of_seeds, of_freedom) = float(shifts @ shifts), seeds
    own, few = freedom(shifts, pool.effective(metric)), unseen(metric, shifts, pool)
    degrees = satterthwaite([(np.array(max(of_items, NOISE)), own),
                             (np.array(few), np.array(np.inf)),
                             (np.array(of_seeds), np.array(float(of_freedom)))])
    # Student's quantile, without what scipy.stats looks at before: most of a figure's time.
    return _Errors(of_items, few, of_seeds, own, float(stdtrit(degrees, (1 + level) / 2)), level)


def _ends(metric: Metric, mean: float, errors: _Errors, pool: Pool, if_wrong: float | None
          ) -> Interval:
    """The interval of a metric that has none of its own."""
    low, high = scaled_ends(metric, mean, errors.wide * math.sqrt(errors.shown))
    if errors.few and metric.statistic is not Statistic.SHARE:  # a share's is in Wilson's interval
        # Not on the scale of log odds: what did not move says nothing of how steep that is here.
        low, high = (mean + math.copysign(math.hypot(end - mean, errors.wide * errors.few**0.5), to)
                     for end, to in ((low, -1.0), (high, 1.0)))
        if metric.bounded:
            low, high = max(low, 0.0), min(high, 1.0)
    if if_wrong is not None:
        high = one_more(mean, if_wrong, errors.shown, pool.effective(metric), errors.wide)
    least = _least(metric, mean, errors, pool)
    if least is None:
        return low, high
    below, above = _with_seeds(mean, least, errors.by_seeds)
    return min(low, below), max(high, above)


def _least(metric: Metric, mean: float, errors: _Errors, pool: Pool) -> Interval | None:
    """The interval over items that the one told is no narrower than; None for a metric without."""
    upper = (1 + errors.level) / 2
    if metric.statistic is Statistic.SHARE:
        return of_share(mean, errors.of_items, pool,
                        float(stdtrit(np.inf if errors.few else errors.own, upper)))
    if metric.statistic is Statistic.AREA:
        return of_area(mean, pool, float(norm.ppf(upper)))
    return None


def _with_seeds(mean: float, over_items: Interval, reach: float) -> Interval:
    """An interval over items of what lies in [0, 1], with the seeds' `reach` (MOVER: Zou and
    Donner, Statistics in Medicine 27, 2008)."""
    below, above = (math.hypot(end - mean, reach) for end in over_items)
    return max(0.0, mean - below), min(1.0, mean + above)
