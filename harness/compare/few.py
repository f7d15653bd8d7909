"""What few items leave open: how far a figure may be off though a bootstrap sees no error.

Where every item agrees, resamples do too, and a bootstrap calls that certain. Shares of items have
intervals that do not: Wilson's for one share, Tango's for two of the same items
(`measure.intervals`). For what is no share of items there is `least_reach`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.stats import norm

from harness.measure.intervals import Interval, paired_proportions, wilson

BY_CLASS = frozenset({"macro_f1", "roc_auc"})
SHARES = frozenset({"accuracy", "subset_accuracy", "exact_match"})
"""Metrics that are shares of items, of any kind of task."""
MOST_LOSS = -math.log(np.finfo(np.float64).eps)
"""Nats of an item at the most, as scikit-learn clips probabilities."""
NOISE = 1e-12
"""A variance over resamples that sums in fp32 have of themselves."""


def least_reach(metric: str, groups: int, by_class: Sequence[int], z: float) -> float:
    """What so many groups leave open where none of them showed any change.

    For a share it is the score interval's z² / (groups + z²) (Wilson 1927; Tango 1998 for paired
    items). Macro F1 and ROC AUC are means over classes, each with groups of its own, `by_class`:
    the root of the squares of the classes' shares of it; the area of two classes is no surer than
    the smaller one. A class without a group takes no part. Other means of items within [0, 1] are
    no surer than a share. Of log loss nothing is known but `least_loss`: 0.
    """
    if metric == "log_loss":
        return 0.0
    each = [_open(count, z) for count in by_class if count]
    if metric not in BY_CLASS or not each:
        return _open(groups, z)
    if metric == "roc_auc" and len(each) == 2:
        return max(each)
    return math.hypot(*each) / len(each)


def least_loss(groups: int, z: float) -> float:
    """What so many groups leave open of a log loss, nats, where resamples show no error of it: as
    large a share of the items as `least_reach` has it may lose all that one item can, 36 nats,
    where probabilities are clipped."""
    return _open(groups, z) * MOST_LOSS


def of_share(value: float, variance: float, items: float, alike: float) -> Interval:
    """Wilson's 95% interval of a share of `items` with this variance over groups of them, which
    tell as much as `alike` items where all items of a group are alike."""
    n = independent(value * (1 - value) / items, variance, items, alike)
    return wilson(value * n, n)


def of_pair(gained: float, lost: float, variance: float, items: float, alike: float
            ) -> tuple[Interval, float]:
    """Tango's 95% interval of (gained - lost) / items, and the p-value of the score that it turns
    around (McNemar's, without correction). Where runs are means over seeds, both are sums of parts
    of items, and the interval errs on the wide side."""
    gap = (gained - lost) / items
    n = independent(((gained + lost) / items - gap**2) / items, variance, items, alike)
    less = n / items
    p = 1.0
    if gained + lost > 0:
        p = 2 * float(norm.sf(abs(gained - lost) * math.sqrt(less / (gained + lost))))
    return paired_proportions(gained * less, lost * less, n), p


def independent(alone: float, variance: float, items: float, alike: float) -> float:
    """How many independent items tell as much as `items` in groups: by the design effect, the
    variance over groups to that of items alone (Kish, Survey Sampling, 1965, section 8.2).

    Where either is none, and at the least, `alike`.
    """
    if alone <= 0 or variance <= NOISE:
        return alike
    return float(np.clip(items * alone / variance, min(alike, items), items))


def _open(groups: int, z: float) -> float:
    return z**2 / (groups + z**2)
