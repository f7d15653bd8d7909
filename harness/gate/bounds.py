"""One-sided 95% bounds of what the gate judges.

Each bound is one-sided: the two of a figure make a 90% interval. All rules must hold, so a model
that breaks one passes with a chance of at most 5% without any correction for their number (the
intersection-union test: Berger, Technometrics 24, 1982).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

ONE_SIDED = 0.95
TWO_SIDED = 2 * ONE_SIDED - 1
"""Of the interval that two one-sided bounds make."""
RESAMPLES = 10_000


@dataclass(frozen=True)
class Bounds:
    """A figure, the least and the most it may be."""

    value: float
    low: float
    high: float
    about: str = ""
    """What else a reader must know of it."""

    def turned(self) -> Bounds:
        """The negative."""
        return Bounds(0.0 - self.value, 0.0 - self.high, 0.0 - self.low, self.about)


def requests_needed(percentile: int) -> int:
    """Requests without which no bound of a percentile exists: with fewer, all of them may lie on
    one side of it with a chance above 5%."""
    return math.ceil(math.log(1 - ONE_SIDED) / math.log(max(percentile, 100 - percentile) / 100))


def ratio_bounds(candidate: Sequence[float], baseline: Sequence[float], percentile: int,
                 seed: int) -> Bounds | None:
    """The ratio of a percentile of two series taken in turns, pairs resampled together.

    None where the pairs are too few to hold the percentile.
    """
    above, below = np.array(candidate), np.array(baseline)
    if len(above) < requests_needed(percentile):
        return None
    drawn = np.random.default_rng(seed).integers(len(above), size=(RESAMPLES, len(above)))
    ratios = (np.percentile(above[drawn], percentile, axis=1)
              / np.percentile(below[drawn], percentile, axis=1))
    low, high = np.percentile(ratios, [100 * (1 - ONE_SIDED), 100 * ONE_SIDED])
    value = np.percentile(above, percentile) / np.percentile(below, percentile)
    return Bounds(float(value), float(low), float(high))
