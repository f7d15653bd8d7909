"""Intervals of differences from those of the two figures, near the bounds of a metric.

Near 1, and of a loss that few items carry, a figure can be off much further on one side than on
the other, and so can a difference: a symmetric interval from what groups show is too short where no
hard group was drawn. The method of variance estimates recovery takes each end from the ends of the
two figures, which know their scale (Zou and Donner, Statistics in Medicine 27, 2008; of paired
areas under curves, on the logit scale: Zou and Yue, ibid. 32, 2013).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Protocol

import numpy as np

from harness.compare.few import NOISE, unseen
from harness.compare.pool import Pool
from harness.compare.uncertainty import figure
from harness.measure.intervals import Interval
from harness.targets.metric import Metric, Statistic

Ends = Callable[[float], Interval]
"""Of a metric that has an interval of its own: that of the mean over seeds, over items, at a level.
"""


class Scored(Protocol):
    """Points [seeds] of a method, and what each group moves their mean by, [groups]."""

    @property
    def points(self) -> Sequence[float]: ...
    @property
    def shifts(self) -> np.ndarray: ...
    @property
    def ends(self) -> Ends | None: ...


@dataclass(frozen=True)
class Arms:
    """How far each difference over items may be below and above what was found: [pairs] each."""

    down: np.ndarray
    up: np.ndarray


def recovers(metric: Metric) -> bool:
    """Whether a difference's ends come from its figures': not of a share, which has Tango's, nor of
    what has no bounds."""
    return metric.statistic is not Statistic.SHARE and any(map(math.isfinite, metric.bounds))


def arms(metric: Metric, samples: Sequence[Scored], pool: Pool, level: float) -> Arms:
    """Of every pair's difference, in order; the correlation is that of groups' shifts, over all
    that items leave open."""
    below, above = np.array([_reach(metric, s, pool, level) for s in samples]).T
    shifts = np.stack([s.shifts for s in samples])
    own = np.array([max(s.shifts @ s.shifts + unseen(metric, s.shifts, pool), NOISE)
                    for s in samples])
    alike = np.clip(shifts @ shifts.T / np.sqrt(np.outer(own, own)), -1.0, 1.0)
    first, second = (np.array(side) for side in zip(*combinations(range(len(samples)), 2),
                                                    strict=True))
    r = alike[first, second]
    together = np.maximum((below[first] - below[second])**2, (above[first] - above[second])**2)
    return Arms(_joined(below[first], above[second], r, together),
                _joined(above[first], below[second], r, together))


def _joined(one: np.ndarray, other: np.ndarray, correlation: np.ndarray, together: np.ndarray
            ) -> np.ndarray:
    """Zou and Donner (2008), equation 9, with the sign of a difference: `one`² + `other`² - 2 r
    `one` `other`. As far as one figure tells the other, which is r² of its variance, the two are
    off on the same side, by `together` (squared) more the one than the other: a model beside itself
    differs by nothing, though its ends lie unevenly about it. What is each figure's own keeps all
    of its unevenness: it is a sum over fewer things than the whole and no less skewed.
    """
    apart, told = (one - other)**2, np.maximum(correlation, 0.0)**2
    return np.asarray(np.sqrt(2 * (1 - correlation) * one * other
                              + told * np.minimum(together, apart) + (1 - told) * apart))


def _reach(metric: Metric, sample: Scored, pool: Pool, level: float) -> tuple[float, float]:
    """How far a figure may be below and above its mean. That of a loss has one group more, that is
    `dear`."""
    mean = float(np.mean(sample.points))
    if_wrong = None
    if metric.statistic is Statistic.LOSS:
        if_wrong = mean + dear(sample.shifts, pool, (1 - level) / 2)
    own = figure(metric, [mean], sample.shifts, pool, level, if_wrong,
                 sample.ends and sample.ends(level))
    return own.mean - own.low, own.high - own.mean


def dear(shifts: np.ndarray, pool: Pool, chance: float) -> float:
    """How much dearer than the mean the next group is with no more than this chance.

    Than the dearest of n it is dearer with a chance of 1 / (n + 1). Where that is more, losses that
    fall off as exponentials' do tell the rest: the spacings of the n + 1, each times its place from
    the top, are independent and exponential (Rényi, Acta Mathematica Academiae Scientiarum
    Hungaricae 4, 1953), so that the first is more than x times the others' mean with a chance of
    (1 + x / (n - 1))^-(n - 1).
    """
    n = pool.groups
    too_often = max(1 / (chance * (n + 1)), 1.0)
    spacings = shifts.sum() + shifts.max() - (n + 1) * shifts.min()
    beyond = (too_often ** (1 / (n - 1)) - 1) * spacings
    return max(float(shifts.max() + beyond), 0.0) * pool.alike
