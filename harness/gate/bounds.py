"""One-sided bounds of what the gate judges.

Each bound is one-sided: the two of a figure at 95% make a 90% interval. All rules must hold, so a
model that breaks one passes with a chance of at most 5% without any correction for their number
(the intersection-union test: Berger, Technometrics 24, 1982). Where attempts are counted, the level
is the attempt's (`spending`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

ONE_SIDED = 0.95
RESAMPLES, AT_MOST, IN_THE_TAIL = 10_000, 100_000, 25
"""Drawn at the least and at once, and at the most; and how many of them should lie beyond a bound:
at the most two do at the strictest level that attempts may have."""


def two_sided(level: float) -> float:
    """Of the interval that two one-sided bounds of a level make."""
    return 2 * level - 1


TWO_SIDED = two_sided(ONE_SIDED)


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


def requests_needed(percentile: int, level: float = ONE_SIDED) -> int:
    """Requests without which no bound of a percentile exists: with fewer, all of them may lie on
    one side of it with a chance above that of a bound of this level."""
    return math.ceil(math.log(1 - level) / math.log(max(percentile, 100 - percentile) / 100))


def ratio_bounds(candidate: Sequence[float], baseline: Sequence[float], percentile: int,
                 seed: int, level: float = ONE_SIDED) -> Bounds | None:
    """The ratio of a percentile of two series taken in turns, pairs resampled together.

    None where the pairs are too few to hold the percentile.
    """
    above, below = np.array(candidate), np.array(baseline)
    if len(above) < requests_needed(percentile, level):
        return None
    rng, ratios = np.random.default_rng(seed), []
    wanted = math.ceil(min(AT_MOST, IN_THE_TAIL / (1 - level)) / RESAMPLES)
    for _ in range(max(1, wanted)):
        drawn = rng.integers(len(above), size=(RESAMPLES, len(above)))
        ratios.append(np.percentile(above[drawn], percentile, axis=1)
                      / np.percentile(below[drawn], percentile, axis=1))
    low, high = np.percentile(ratios, [100 * (1 - level), 100 * level])
    value = np.percentile(above, percentile) / np.percentile(below, percentile)
    return Bounds(float(value), float(low), float(high))
