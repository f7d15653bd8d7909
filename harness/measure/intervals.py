"""Intervals of shares and of paired differences, for small numbers of items too."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.optimize import brentq
from scipy.stats import norm, t

LEVEL = 0.95
Interval = tuple[float, float]


def wilson(right: float, items: float, level: float = LEVEL) -> Interval:
    """Score interval of the share right / items.

    Wilson, Probable inference, the law of succession, and statistical inference, Journal of the
    American Statistical Association 22 (1927). It does not shrink to a point where all are right.
    """
    return score_share(right, items, float(norm.ppf((1 + level) / 2)))


def score_share(right: float, items: float, z: float) -> Interval:
    """`wilson` that reaches as far as this quantile of the score."""
    share = right / items
    centre = (share + z**2 / (2 * items)) / (1 + z**2 / items)
    reach = z * math.sqrt(max(0.0, share * (1 - share)) / items + (z / (2 * items)) ** 2) / (
        1 + z**2 / items)
    return max(0.0, centre - reach), min(1.0, centre + reach)


def paired_proportions(gained: float, lost: float, items: float, level: float = LEVEL) -> Interval:
    """Score interval of the difference (gained - lost) / items of two paired proportions.

    Tango, Equivalence test and confidence interval for the difference in proportions for the
    paired-sample design, Statistics in Medicine 17 (1998), equations 3 to 5. Unlike a Wald or a
    bootstrap interval it does not shrink to a point when no item changed.
    """
    return score_pair(gained, lost, items, float(norm.ppf((1 + level) / 2)))


def score_pair(gained: float, lost: float, items: float, z: float) -> Interval:
    """`paired_proportions` that reaches as far as this quantile of the score."""
    difference = (gained - lost) / items

    def score(delta: float) -> float:
        a = 2 * items
        b = -gained - lost + (2 * items - gained + lost) * delta
        c = -lost * delta * (1 - delta)
        q = (math.sqrt(max(b * b - 4 * a * c, 0.0)) - b) / (2 * a)
        variance = items * (2 * q + delta * (1 - delta))
        return (gained - lost - items * delta) / math.sqrt(max(variance, 1e-300))

    def edge(target: float, end: float) -> float:
        if difference == end:
            return end
        return float(brentq(lambda d: score(d) - target, difference, end * (1 - 1e-12)))

    return edge(z, -1.0), edge(-z, 1.0)


def mean_difference(differences: Sequence[float], level: float = LEVEL) -> Interval:
    """Student's interval of the mean of paired differences; (-1, 1) for fewer than two."""
    if len(differences) < 2:
        return -1.0, 1.0
    values = np.asarray(differences)
    reach = t.ppf((1 + level) / 2, len(values) - 1) * values.std(ddof=1) / math.sqrt(len(values))
    return float(values.mean() - reach), float(values.mean() + reach)


def crossed_mean(values: np.ndarray, level: float = LEVEL) -> Interval:
    """Student's interval of the mean of `values` [items, draws]: both are drawn at random, and
    every draw has every item.

    The variance of the items' means over their number, and that of the draws' means over theirs: a
    two-way layout's (Cornfield and Tukey, Annals of Mathematical Statistics 27, 1956), but that
    what is a cell's own is in both, so that it errs on the wide side. The freedom is
    Satterthwaite's (Biometrics Bulletin 2, 1946). (-1, 1) for fewer than two of either.
    """
    if min(values.shape) < 2:
        return -1.0, 1.0
    parts = [(float(means.var(ddof=1)) / len(means), len(means) - 1)
             for means in (values.mean(axis=1), values.mean(axis=0))]
    variance = sum(part for part, _ in parts)
    if not variance:
        return float(values.mean()), float(values.mean())
    freedom = variance**2 / sum(part**2 / own for part, own in parts)
    reach = float(t.ppf((1 + level) / 2, freedom)) * math.sqrt(variance)
    return float(values.mean()) - reach, float(values.mean()) + reach


def mean_of(estimates: Sequence[float], intervals: Sequence[Interval]) -> Interval:
    """Interval of the plain mean of independent estimates from the interval of each.

    Zou and Donner, Construction of confidence limits about effect measures: a general approach,
    Statistics in Medicine 27 (2008), equation 8 (MOVER).
    """
    share, centre = 1 / len(estimates), float(np.mean(estimates))
    below = math.sqrt(sum((share * (e - low)) ** 2
                          for e, (low, _) in zip(estimates, intervals, strict=True)))
    above = math.sqrt(sum((share * (high - e)) ** 2
                          for e, (_, high) in zip(estimates, intervals, strict=True)))
    return centre - below, centre + above


def ratio(amounts: Sequence[float], sizes: Sequence[float], level: float = LEVEL
          ) -> tuple[float, Interval]:
    """sum(amounts) / sum(sizes) over clusters, with its linearised interval.

    Cochran, Sampling Techniques (3rd edition, 1977), section 6.3.
    """
    amount, size = np.asarray(amounts, float), np.asarray(sizes, float)
    n, value = len(amount), float(amount.sum() / size.sum())
    if n < 2:
        return value, (-math.inf, math.inf)
    residuals = amount - value * size
    error = math.sqrt(n / (n - 1) * float(residuals @ residuals)) / float(size.sum())
    reach = float(t.ppf((1 + level) / 2, n - 1)) * error
    return value, (value - reach, value + reach)
