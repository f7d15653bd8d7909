"""What few items leave open: how far a figure may be off though no group shows any error.

Where every item agrees, nothing changes when some are left out, and that looks like certainty.
Shares of items have intervals that know better: Wilson's for one share, Tango's for two of the
same items (`measure.intervals`). For what is no share of items there is `unseen`. Where items
come in groups, as many independent items stand for them as tell as much (design effect).
"""

from __future__ import annotations

import math

import numpy as np
from scipy.stats import norm

from harness.compare.pool import Pool
from harness.measure.intervals import Interval, score_pair, score_share
from harness.targets.metric import Metric, Statistic

NOISE = 1e-18
"""A variance that rounding has of itself."""
Z = float(norm.ppf(0.975))


def unseen(metric: Metric, shifts: np.ndarray, pool: Pool) -> float:
    """Variance of what groups, which move a metric by `shifts` [groups], leave open though they
    show no change, or less than the score of a few items has.

    Where nothing happened in n groups, a share may be off by the score interval's z² / (n + z²)
    (Wilson 1927; Tango 1998 for paired items), n as `Pool` counts groups of unequal size. Macro F1
    and ROC AUC are means over classes, each with groups of its own. Where no class shows anything
    each adds its own; where some do, the others add the variance of a share of which nothing was
    seen: each may be as far off as its score reaches, but hardly all at once. The area of two
    classes is no surer than the smaller one. Of a log loss it is 0: where no group moves a
    difference, the two gave every item the same probability; one figure's upper end is
    `uncertainty.one_more`. So it is of what is no share, errors in a target's unit and lengths in
    words: no share tells anything of them.
    """
    if metric.statistic is Statistic.LOSS or metric.unit != "share":
        return 0.0
    if metric.by_class and pool.classes is not None:
        there = pool.classes.items > 0
        count = int(there.sum())
        alike = pool.classes.alike[there]
        enough = _least_move(pool.classes.items[there]) if metric.counted else NOISE
        silent = ((shifts**2) @ pool.classes.members[:, there]) * count**2 <= enough
        if metric.statistic is Statistic.AREA and count == 2:
            return float(_variance(alike[silent]).max(initial=0.0))
        each = _variance(alike) if silent.all() else _posterior(alike)
        return float(each[silent].sum()) / count**2
    enough = _least_move(np.array(pool.items)) if metric.counted else NOISE
    if float(shifts @ shifts) > enough:
        return 0.0
    return float(_variance(np.array(pool.alike)))


def of_share(value: float, variance: float, pool: Pool, z: float) -> Interval:
    """Wilson's interval of a share of the items with this variance over groups of them."""
    n = independent(value * (1 - value) / pool.items, variance, pool)
    return score_share(value * n, n, z)


def of_area(value: float, pool: Pool, z: float) -> Interval | None:
    """The least that an area under the curve, or the mean of those of several classes, leaves open,
    as far as this quantile of the score; None where there are not two classes.

    An area's variance is never below value (1 - value) over the number of pairs of an item of the
    class and one of another: what else it has, the variances of the placement values, is not
    negative (Bamber, Journal of Mathematical Psychology 12, 1975; Hanley and McNeil, Radiology 143,
    1982). Where placement values hardly differ, near 1, that is all there is, and a score interval
    solves it for the true area (Newcombe, Statistics in Medicine 25, 2006, whose methods 4 and 5
    add a model of the rest). Groups stand for items; the least variances of classes are added, as
    of areas that are alike and do not go together, but for the two of the same pairs.
    """
    if pool.classes is None:
        return None
    there = pool.classes.items > 0
    pairs = (pool.classes.alike * pool.classes.others)[there]
    if len(pairs) < 2 or not pairs.all():
        return None
    has = pool.classes.members.sum(axis=1)
    same = len(pairs) == 2 and np.allclose(has[has > 0], 1.0)  # each item is of one of the two
    n = float(pairs[0] if same else len(pairs) ** 2 / (1 / pairs).sum())
    return score_share(value * n, n, z)


def of_pair(gained: float, lost: float, variance: float, pool: Pool, z: float
            ) -> tuple[Interval, float]:
    """Tango's interval of (gained - lost) / items, and the p-value of the score that it turns
    around (McNemar's, without correction). Both are sums of items' weights; where runs are means
    over seeds, they are of parts of items, and the interval errs on the wide side."""
    gap = (gained - lost) / pool.items
    n = independent(((gained + lost) / pool.items - gap**2) / pool.items, variance, pool)
    less = n / pool.items
    p = 1.0
    if gained + lost > 0:
        p = 2 * float(norm.sf(abs(gained - lost) * math.sqrt(less / (gained + lost))))
    return score_pair(gained * less, lost * less, n, z), p


def independent(alone: float, variance: float, pool: Pool) -> float:
    """How many independent items tell as much as a pool's in groups: by the design effect, the
    variance over groups to that of items alone (Kish, Survey Sampling, 1965, section 8.2).

    Where either is none, and at the least, as many as groups of equal size.
    """
    if alone <= 0 or variance <= NOISE:
        return pool.alike
    return float(np.clip(pool.items * alone / variance, min(pool.alike, pool.items), pool.items))


def _least_move(items: np.ndarray) -> np.ndarray:
    """The square of half of one item's part: one that is lost moves F1 by more."""
    return np.asarray((0.5 / items) ** 2)


def _variance(groups: np.ndarray) -> np.ndarray:
    """Whose 1.96 standard errors are the reach of a share's score interval at 0 of so many."""
    return np.asarray((Z / (groups + Z**2)) ** 2)


def _posterior(groups: np.ndarray) -> np.ndarray:
    """Variance of a share of which none of so many was seen, by Jeffreys' prior: of Beta(1/2,
    groups + 1/2) (Brown, Cai and DasGupta, Statistical Science 16, 2001, section 4.3)."""
    return np.asarray((groups + 0.5) / (2 * (groups + 1) ** 2 * (groups + 2)))
