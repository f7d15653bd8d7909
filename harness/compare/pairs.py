"""Paired comparisons of any two methods on the same items."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.stats import binom
from scipy.stats import t as student

from harness.compare.bootstrap import Drawn
from harness.compare.few import NOISE, least_loss, least_reach, of_pair
from harness.compare.uncertainty import (
    BOUNDED,
    LEVEL,
    NORMAL,
    POWER,
    known,
    satterthwaite,
    seed_variance,
)
from harness.measure.part import RecordPart

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
                                       "low": 0.0 - self.high, "high": 0.0 - self.low})


class McNemar(RecordPart):
    """Items that only one of two methods answered right, on the first seed, and the exact test.

    The test takes items as independent; where they come in groups, trust the difference above it.
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
    mcnemar: McNemar


@dataclass(frozen=True)
class Sample:
    """What the seeds of one method scored: points [seeds] and resamples' mean [resamples]."""

    name: str
    points: Sequence[float]
    values: np.ndarray
    scores: np.ndarray | None = None
    """Of a metric that is a share of items: the mean over seeds of each item's, [items]."""


def differences(metric: str, samples: Sequence[Sample], drawn: Drawn
                ) -> dict[tuple[str, str], Difference]:
    """Every pair of methods in one metric, in the order given.

    Welch's t-test with the variances of the paired bootstrap over items and of each method's
    seeds. The correction is over all pairs: the best method is chosen by the same figures, and a
    correction over its own comparisons alone would not cover that choice. No error over items is
    taken for less than what so few leave open; of shares, no interval is narrower than Tango's and
    no p below its score's. Where the error over items is not known, the interval is unbounded and
    p is 1.
    """
    if len(samples) < 2:
        return {}
    first, second = (np.array(side) for side in zip(*combinations(range(len(samples)), 2),
                                                    strict=True))
    means = np.array([np.mean(s.points) for s in samples])
    seeds = [seed_variance(s.points) for s in samples]
    of_seeds, freedom = (np.array(part, dtype=float) for part in zip(*seeds, strict=True))
    values = np.stack([s.values for s in samples]).astype(np.float64)
    tells = known(values, drawn)
    between = _covariance(values) if tells else np.zeros((len(samples), len(samples)))
    spread = np.diag(between)
    resampled = np.clip(spread[first] + spread[second] - 2 * between[first, second], 0, None)
    least = np.full(len(resampled), least_reach(metric, drawn.groups, drawn.by_class, NORMAL))
    if metric == "log_loss":
        least[resampled <= NOISE] = least_loss(drawn.groups, NORMAL)
    of_items = np.maximum(resampled, (least / NORMAL) ** 2)
    gaps = means[first] - means[second]
    variance = of_items + of_seeds[first] + of_seeds[second]
    degrees = satterthwaite([(of_items, np.full(len(gaps), float(drawn.freedom))),
                              (of_seeds[first], freedom[first]),
                              (of_seeds[second], freedom[second])])
    error = np.sqrt(variance)
    with np.errstate(divide="ignore", invalid="ignore"):
        p = np.where(error > 0, 2 * student.sf(np.abs(gaps) / error, degrees), gaps == 0)
    # A bootstrap sees no error where all groups of a class agree; few groups still prove little.
    p = np.maximum(p, drawn.least_p if tells else 1.0)
    quantile = student.ppf((1 + LEVEL) / 2, degrees)
    over_seeds = of_seeds[first] + of_seeds[second]
    reach = quantile * np.sqrt(resampled + over_seeds)
    low, high, least_p = _at_least(samples, gaps, resampled, least, drawn)
    unsure = quantile * np.sqrt(over_seeds)
    low = gaps - np.maximum(reach, np.hypot(gaps - low, unsure))
    high = gaps + np.maximum(reach, np.hypot(high - gaps, unsure))
    p = np.maximum(p, least_p)
    adjusted = holm(p)
    strict = student.ppf(1 - ALPHA / 2 / len(p), degrees)
    seen = (strict + student.ppf(POWER, degrees)) * error
    if metric in BOUNDED:  # no two methods can be further apart
        low, high = np.maximum(low, -1.0), np.minimum(high, 1.0)
        seen = np.where(seen > 1.0, np.inf, seen)
    if not tells:
        low, high, seen = (np.full_like(seen, end) for end in (-np.inf, np.inf, np.inf))
    shares = np.divide(of_items, variance, out=np.ones_like(variance), where=variance > 0)
    names = [s.name for s in samples]
    return {(names[i], names[j]): Difference(
                difference=float(gaps[k]), low=float(low[k]), high=float(high[k]),
                p_value=float(p[k]), adjusted=float(adjusted[k]),
                detectable=float(seen[k]), items_share=float(shares[k]))
            for k, (i, j) in enumerate(zip(first, second, strict=True))}


def _at_least(samples: Sequence[Sample], gaps: np.ndarray, variances: np.ndarray,
              least: np.ndarray, drawn: Drawn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ends and p-value of each pair that its items leave open at the least: [pairs] each."""
    low, high, p = gaps - least, gaps + least, np.zeros(len(gaps))
    for k, (one, other) in enumerate(combinations(samples, 2)):
        if one.scores is not None and other.scores is not None:
            by_item = one.scores - other.scores
            (low[k], high[k]), p[k] = of_pair(
                float(np.clip(by_item, 0, None).sum()), float(np.clip(-by_item, 0, None).sum()),
                float(variances[k]), drawn.items, drawn.alike)
    return low, high, p


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


def _covariance(values: np.ndarray) -> np.ndarray:
    """Over the resamples on which every method's metric is defined: [methods, methods]."""
    return np.atleast_2d(np.cov(values[:, np.isfinite(values).all(axis=0)]))
