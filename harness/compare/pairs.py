"""Paired comparisons of any two methods on the same items."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.special import stdtrit
from scipy.stats import binom
from scipy.stats import t as student

from harness.check.found import smallest_found
from harness.compare.few import NOISE, of_pair, unseen
from harness.compare.kin import Kin, of_seeds
from harness.compare.mover import Ends, arms, recovers
from harness.compare.pool import Pool
from harness.compare.uncertainty import (
    LEVEL,
    freedom,
    known,
    satterthwaite,
)
from harness.measure.part import RecordPart
from harness.targets.kinds import gain
from harness.targets.metric import Metric, Statistic

ALPHA = 1 - LEVEL


class Difference(RecordPart):
    """One method minus another in one metric, over items (by group) and seeds."""

    difference: float
    low: float
    high: float
    """95% interval."""
    p_value: float
    adjusted: float
    """After Holm's correction over all pairs of methods."""
    detectable: float
    """The smallest difference that this comparison would have found with 80% power at the level
    of Holm's first step, 5% over the number of pairs; infinite where its error is not known,
    and where it is larger than any that there can be."""
    items_share: float
    """The share of the variance that more test items would lower; the rest is the seeds'."""
    left: float = 1.0
    """Of the standard error over items, where answers to further items narrow it (`controls`)."""
    at_least: float = -math.inf
    at_most: float = math.inf
    """Ends that no more than 5% of studies break, whichever of all methods is held against the one
    that is truly best: one-sided, 5% over one less than the methods. Infinite in older files."""

    @property
    def significant(self) -> bool:
        """At 5%, after the correction."""
        return self.adjusted < ALPHA

    def rules_out(self, gap: float) -> bool:
        """Whether a difference above `gap` lies outside the interval."""
        return self.high <= gap

    def turned(self) -> Difference:
        """The other method minus the one."""
        return self.model_copy(update={"difference": 0.0 - self.difference,
                                       "low": 0.0 - self.high, "high": 0.0 - self.low,
                                       "at_least": 0.0 - self.at_most,
                                       "at_most": 0.0 - self.at_least})


class McNemar(RecordPart):
    """Items that only one of two methods answered right, on the first seed, and the exact test.

    The test takes items as independent and alike; where they come in groups or are weighted, trust
    the difference above it.
    """

    only_first: int
    only_second: int
    p_value: float
    effect: float
    """Cohen's g: how far the larger share of those items is from one half (Cohen, Statistical
    Power Analysis, 1988, chapter 5); 0 where there are none."""


class Pair(RecordPart):
    """Two methods by name, and their difference in every metric both have."""

    first: str
    second: str
    differences: dict[str, Difference]
    mcnemar: McNemar | None
    """None where no answer is right or wrong."""
    items: int | None = None
    """Test items that both answered; None in older files."""


@dataclass(frozen=True)
class Sample:
    """What the seeds of one method scored: points [seeds], and what each group moves their mean by,
    [groups]."""

    name: str
    points: Sequence[float]
    shifts: np.ndarray
    scores: np.ndarray | None = None
    """Of a metric that is a share of items: the mean over seeds of each item's, [items]."""
    kin: Kin | None = None
    """Whose spread over seeds a single one has."""
    ends: Ends | None = None
    pool: Pool | None = None
    """The groups of the items that the figure is of; None for the groups of all items."""


@dataclass(frozen=True)
class _Errors:
    """Of every pair's difference: variances and their degrees of freedom, [pairs] each."""

    gaps: np.ndarray
    seen: np.ndarray
    """Over groups of items."""
    of_items: np.ndarray
    """With what few groups leave open."""
    own: np.ndarray
    """Freedom of the items' part."""
    each: np.ndarray
    """Of the two methods' seeds, [pairs, 2]."""
    freedom: np.ndarray
    """Theirs, [pairs, 2]."""
    degrees: np.ndarray

    @property
    def of_seeds(self) -> np.ndarray:
        return np.asarray(self.each.sum(axis=1))

    @property
    def total(self) -> np.ndarray:
        """Standard error."""
        return np.asarray(np.sqrt(self.of_items + self.of_seeds))


def of_better(metric: str, found: Difference) -> Difference:
    """A difference in a metric as that by which the one method is better."""
    return found if gain(metric, 1.0) > 0 else found.turned()


def differences(metric: Metric, samples: Sequence[Sample], pool: Pool, level: float = LEVEL,
                methods: int | None = None) -> dict[tuple[str, str], Difference]:
    """Every pair of methods in one metric, in the order given; what is corrected is so over as many
    `methods`, where these are only those of them that are there.

    Welch's t-test with the jackknife's variance over groups of items and that of each method's
    seeds. The correction is over all pairs: the best method is chosen by the same figures, and a
    correction over its own comparisons alone would not cover that choice. No error over items is
    taken for less than what so few leave open (`few.unseen`); of shares, no interval is narrower
    than Tango's and no p below its score's; ends of what `mover.recovers` are recovered from its
    figures', and p is what the end towards 0 says. Where the error over items is
    not known, the interval is unbounded and p is 1. Two figures of some of the items rest on the
    groups of that one which tells less.
    """
    if len(samples) < 2:
        return {}
    count = methods or len(samples)
    together = ([samples] if all(s.pool is None for s in samples)
                else list(combinations(samples, 2)))
    columns = np.concatenate([_uncorrected(metric, some, _least_pool(some, pool), level, count)
                              for some in together], axis=1)
    names = combinations([s.name for s in samples], 2)
    adjusted = holm(columns[UNCORRECTED.index("p_value")])
    return {pair: Difference(adjusted=float(adjusted[k]),
                             **dict(zip(UNCORRECTED, columns[:, k].tolist(), strict=True)))
            for k, pair in enumerate(names)}


UNCORRECTED = ("difference", "low", "high", "p_value", "at_least", "at_most", "detectable",
               "items_share")
"""Fields of a difference that no other pair has a say in."""


def _least_pool(samples: Sequence[Sample], pool: Pool) -> Pool:
    return min((s.pool or pool for s in samples), key=lambda own: own.alike)


def _uncorrected(metric: Metric, samples: Sequence[Sample], pool: Pool, level: float, count: int
                 ) -> np.ndarray:
    """`UNCORRECTED` of every pair, [fields, pairs], as of so many methods."""
    tells = known(np.stack([s.shifts for s in samples]), metric, pool)
    errors = _errors(metric, samples, pool, tells)
    low, high, p = (np.full_like(errors.gaps, end) for end in (-np.inf, np.inf, 1.0))
    least, most, seen = low, high, high
    if tells:
        low, high, p = _ends(metric, samples, errors, pool, level)
        together = 1 - 2 * (1 - level) / (count - 1)
        least, most, _ = _ends(metric, samples, errors, pool, together)
        seen = _detectable(metric, samples, errors, pool, 1 - (1 - level) / math.comb(count, 2))
    variance = errors.of_items + errors.of_seeds
    shares = np.divide(errors.of_items, variance, out=np.ones_like(variance), where=variance > 0)
    return np.stack([errors.gaps, low, high, p, least, most, seen, shares])


def _errors(metric: Metric, samples: Sequence[Sample], pool: Pool, tells: bool) -> _Errors:
    first, second = np.triu_indices(len(samples), 1)
    means = np.array([np.mean(s.points) for s in samples])
    seeds = [of_seeds(s.points, s.kin) for s in samples]
    variances, of_freedom = (np.array(part, dtype=float) for part in zip(*seeds, strict=True))
    seen, own, few = np.zeros(len(first)), np.ones(len(first)), np.zeros(len(first))
    for k, (one, other) in enumerate(combinations(samples, 2) if tells else ()):
        by_group = one.shifts - other.shifts
        seen[k], few[k] = by_group @ by_group, unseen(metric, by_group, pool)
        own[k] = freedom(by_group, pool.effective(metric))
    degrees = satterthwaite([(seen, own), (few, np.full_like(few, np.inf)),
                             (variances[first], of_freedom[first]),
                             (variances[second], of_freedom[second])])
    own = np.where(few > 0, np.inf, own)
    each, freedoms = (np.stack([part[first], part[second]], axis=1)
                      for part in (variances, of_freedom))
    return _Errors(means[first] - means[second], seen, seen + few, own, each, freedoms, degrees)


def _ends(metric: Metric, samples: Sequence[Sample], errors: _Errors, pool: Pool, level: float
          ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Interval and p-value of each pair: [pairs] each."""
    gaps, quantile = errors.gaps, stdtrit(errors.degrees, (1 + level) / 2)
    down, up = _reach(metric, samples, errors, pool, level)
    low, high, towards_0 = gaps - down, gaps + up, np.where(gaps > 0, down, up)
    with np.errstate(divide="ignore", invalid="ignore"):
        p = np.where(towards_0 > 0, 2 * student.sf(np.abs(gaps) / towards_0 * quantile,
                                                   errors.degrees), gaps == 0)
    p = np.maximum(p, pool.least_p)
    alone, unsure = stdtrit(errors.own, (1 + level) / 2), quantile * np.sqrt(errors.of_seeds)
    for k, (one, other) in enumerate(combinations(samples, 2)):
        if one.scores is not None and other.scores is not None:
            by_item = (one.scores - other.scores) * (1.0 if pool.weights is None else pool.weights)
            (below, above), score = of_pair(
                float(np.clip(by_item, 0, None).sum()), float(np.clip(-by_item, 0, None).sum()),
                float(errors.seen[k]), pool, float(alone[k]))
            low[k] = min(low[k], gaps[k] - np.hypot(gaps[k] - below, unsure[k]))
            high[k] = max(high[k], gaps[k] + np.hypot(above - gaps[k], unsure[k]))
            p[k] = max(p[k], score)
    if metric.bounded:  # no two methods can be further apart
        low, high = np.maximum(low, -1.0), np.minimum(high, 1.0)
    return low, high, p


def _reach(metric: Metric, samples: Sequence[Sample], errors: _Errors, pool: Pool, level: float
           ) -> tuple[np.ndarray, np.ndarray]:
    """How far each pair's interval reaches below and above its difference: [pairs] each."""
    # What few items leave open of a share is in Tango's interval.
    of_items = errors.seen if metric.statistic is Statistic.SHARE else errors.of_items
    quantile = stdtrit(errors.degrees, (1 + level) / 2)
    even, by_seeds = quantile * np.sqrt(of_items + errors.of_seeds), quantile**2 * errors.of_seeds
    if not recovers(metric):
        return even, even
    own = arms(metric, samples, pool, level)
    # Two that answered all items alike may differ on others; of probabilities, which differ by any
    # amount, they would have.
    alike = (errors.seen <= NOISE) & (metric.statistic in (Statistic.COUNTS, Statistic.SCORES))
    alone = by_seeds + quantile**2 * np.where(alike, errors.of_items, 0.0)
    down, up = np.sqrt(own.down**2 + alone), np.sqrt(own.up**2 + alone)
    if metric.bounded:
        return down, up
    # Of a loss, and of numbers, neither alone holds; where nothing moves, all items were answered
    # alike.
    return (np.where(even > 0, np.maximum(down, even), 0.0),
            np.where(even > 0, np.maximum(up, even), 0.0))


def _detectable(metric: Metric, samples: Sequence[Sample], errors: _Errors, pool: Pool,
                level: float) -> np.ndarray:
    """What each pair's comparison would have found with 80% power at the level of Holm's first
    step, were the variances that it saw the true ones."""
    strict = stdtrit(errors.degrees, (1 + level) / 2)
    wide = np.mean(_reach(metric, samples, errors, pool, level), axis=0)
    total = errors.total
    wider = np.maximum(1.0, np.divide(wide, strict * total, out=np.ones_like(total),
                                      where=total > 0))
    parts = np.column_stack([errors.of_items, errors.each])
    freedoms = np.column_stack([errors.own, errors.freedom])
    seen = wider * smallest_found(parts, freedoms, level)
    return np.where(seen > 1.0, np.inf, seen) if metric.bounded else seen


def holm(p_values: np.ndarray) -> np.ndarray:
    """Holm's step-down correction (Scandinavian Journal of Statistics 6, 1979)."""
    order = np.argsort(p_values, kind="stable")
    stepped = p_values[order] * np.arange(len(p_values), 0, -1)
    adjusted = np.empty(len(p_values))
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(stepped))
    return adjusted


def mcnemar(right: np.ndarray) -> list[McNemar]:
    """Exact tests of all pairs in order: `right` [methods, items] bool."""
    first, second = (np.array(side) for side in zip(*combinations(range(len(right)), 2),
                                                    strict=True))
    counts = right.astype(np.int64)
    only = counts @ (1 - counts).T
    mine, other = only[first, second], only[second, first]
    total = mine + other
    p = np.minimum(1.0, 2 * binom.cdf(np.minimum(mine, other), total, 0.5))
    share = np.maximum(mine, other) / np.maximum(total, 1)
    return [McNemar(only_first=int(a), only_second=int(b), p_value=float(q),
                    effect=float(s - 0.5) if a + b else 0.0)
            for a, b, q, s in zip(mine, other, p, share, strict=True)]
