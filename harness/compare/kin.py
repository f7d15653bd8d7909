"""The spread over seeds that a method has from its kin: of a single seed all of it, of few seeds no
less than theirs.

Two draws know their own spread so badly that, over all pairs of eleven methods, one or more looked
told apart in 14 to 37% of studies in which none differed: whose two figures happened to lie near
each other seemed exact (`benchmarks/seeds.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.compare.uncertainty import satterthwaite, seed_variance


@dataclass(frozen=True)
class Kin:
    """What methods with several seeds tell of another, or of one of them."""

    names: tuple[str, ...]
    variance: float
    """Of one seed."""
    degrees: float


def pooled(points: Mapping[str, Sequence[float]]) -> Kin | None:
    """From the seeds' figures of each method, two or more each; None for no method.

    The mean of the methods' variances: a single seed is as likely like any of them, and the largest
    of several is what chance makes it. Its freedom is Satterthwaite's of that sum: all methods'
    together where they are alike, hardly more than one's where one of them has all the spread.
    """
    if not points:
        return None
    variances = np.array([np.var(each, ddof=1) for each in points.values()]) / len(points)
    found = satterthwaite([(variance, np.array(len(each) - 1.0))
                           for variance, each in zip(variances, points.values(), strict=True)])
    return Kin(tuple(points), float(variances.sum()), float(found))


def of_seeds(points: Sequence[float], kin: Kin | None) -> tuple[float, float]:
    """As `seed_variance`, with no less than the spread of its kin, where it has any, and with their
    freedom: the mean of many variances is known better than one, and a method that seems steadier
    than the others is so by chance as likely as not."""
    if kin is None:
        return seed_variance(points)
    own, _ = seed_variance(points)
    return max(own, kin.variance / len(points)), kin.degrees
