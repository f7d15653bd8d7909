"""The gap between the best and the worst slice, and how it changes: honest about the choice.

The widest of many noisy differences is too wide, and more so where there is more noise, so
neither the gap nor its change has an interval of the usual kind. Here both are taken apart into
signed differences of two slices, which have. With a for the figures of a method and f for those
of its reference, and (i, j), (k, l) over all ordered pairs of slices,

    gap    = max over (i, j) of  a_i - a_j
    change = max over (i, j) of  min over (k, l) of  (a_i - a_j) - (f_k - f_l).

Lower ends of the terms' intervals, put through the same max and min, are a lower end for the
whole, and upper ends an upper one. It errs low only if, for some (i, j), the term with the
reference's true widest pair errs low; that is one chance a pair of slices, so Bonferroni's
correction is over the pairs of slices. The minimum needs none (intersection-union: Berger,
Technometrics 24, 1982), and neither does the upper end of a gap: the true widest pair is one pair.
So no pair is picked on one method and held against the other, which would shrink every gap by
the luck of the pick.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr, stdtrit

from harness.compare.by_slice import Base
from harness.compare.few import unseen
from harness.compare.uncertainty import LEVEL, satterthwaite
from harness.targets.metric import Metric

TAIL = (1 - LEVEL) / 2


@dataclass(frozen=True)
class Profile:
    """A method over slices: points [seeds, slices], and what each group moves their mean over
    seeds by [slices, groups]."""

    points: np.ndarray
    shifts: np.ndarray

    @property
    def mean(self) -> np.ndarray:
        """Over seeds: [slices]."""
        return np.asarray(self.points.mean(axis=0))


@dataclass(frozen=True)
class Trust:
    """What the slices' items leave open in a measure, in the slices' order."""

    measure: Metric
    bases: Sequence[Base]

    @property
    def freedom(self) -> np.ndarray:
        """Degrees of freedom of each slice: [slices]."""
        return np.array([b.freedom(self.measure) for b in self.bases])

    def unseen(self, shifts: np.ndarray) -> np.ndarray:
        """Variance that groups leave open though they show no change: [slices, groups] ->
        [slices]."""
        return np.array([unseen(self.measure, own, b.pool)
                         for own, b in zip(shifts, self.bases, strict=True)])


@dataclass(frozen=True)
class Moved:
    """A change of the gap, its 95% interval, and one-sided p-values that it is no rise, no fall.
    """

    difference: float
    low: float
    high: float
    p_rise: float
    p_fall: float

    @property
    def p_value(self) -> float:
        """Two-sided."""
        return min(1.0, 2 * min(self.p_rise, self.p_fall))


def gap_interval(profile: Profile, trust: Trust) -> tuple[float, float]:
    """95% interval of the highest minus the lowest figure, at least 0, and of shares at most 1."""
    pairs = _pairs(len(trust.freedom))
    error, degrees = _error([
        (_squares(pairs, _covariance(profile.shifts))
         + np.abs(pairs) @ trust.unseen(profile.shifts), _freedom(pairs, trust)),
        _seeds(profile)])
    between = pairs @ profile.mean
    low = (between + stdtrit(degrees, TAIL / _choices(pairs)) * error).max()
    high = (between + stdtrit(degrees, 1 - TAIL) * error).max()
    most = _most(trust.measure)
    return float(np.clip(low, 0, most)), float(np.clip(high, 0, most))


def gap_change(tuned: Profile, reference: Profile, trust: Trust) -> Moved:
    """The gap of one method minus that of another on the same items."""
    pairs = _pairs(len(trust.freedom))
    slices = pairs.shape[1]
    joint = _covariance(np.vstack([tuned.shifts, reference.shifts]))
    of_items = (_squares(pairs, joint[:slices, :slices])[:, None]
                + _squares(pairs, joint[slices:, slices:])
                - 2 * pairs @ joint[:slices, slices:] @ pairs.T)
    least = np.abs(pairs) @ trust.unseen(tuned.shifts - reference.shifts)
    freedom = _freedom(pairs, trust)
    error, degrees = _error([
        (of_items + np.maximum.outer(least, least),
         np.minimum.outer(freedom, freedom)), _seeds(tuned), _seeds(reference)])
    terms = (pairs @ tuned.mean)[:, None] - pairs @ reference.mean
    reach = -stdtrit(degrees, TAIL / _choices(pairs)) * error
    rises, falls = stdtr(degrees, -terms / error), stdtr(degrees, terms / error)
    most = _most(trust.measure)
    return Moved(
        difference=float(np.ptp(tuned.mean) - np.ptp(reference.mean)),
        low=float(max(-most, (terms - reach).min(axis=1).max())),
        high=float(min(most, (terms + reach).max(axis=0).min())),
        p_rise=float(min(1.0, _choices(pairs) * rises.max(axis=1).min())),
        p_fall=float(min(1.0, _choices(pairs) * falls.max(axis=0).min())))


def _most(measure: Metric) -> float:
    """How far apart two slices can be."""
    least, most = measure.bounds
    return most - least


def _pairs(slices: int) -> np.ndarray:
    """Every ordered pair of slices as a contrast: [pairs, slices]."""
    first, second = np.nonzero(~np.eye(slices, dtype=bool))
    each = np.eye(slices)
    return np.asarray(each[first] - each[second])


def _choices(pairs: np.ndarray) -> float:
    """Pairs of slices in either order: both orders share their two tails."""
    return len(pairs) / 2


def _covariance(shifts: np.ndarray) -> np.ndarray:
    """The jackknife's: [rows, groups] -> [rows, rows]."""
    return np.asarray(shifts @ shifts.T)


def _squares(pairs: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """The variance of each contrast: [pairs]."""
    return np.asarray(((pairs @ covariance) * pairs).sum(axis=1))


def _freedom(pairs: np.ndarray, trust: Trust) -> np.ndarray:
    """The smaller slice's: [pairs]."""
    return np.asarray(np.where(pairs != 0, trust.freedom, np.inf).min(axis=1))


def _seeds(profile: Profile) -> tuple[np.ndarray, np.ndarray]:
    """Variance of the mean over seeds of any contrast, and its freedom; (0, 0) for a single seed.

    From what is left of the seeds' figures beside each seed's and each slice's mean: the
    interaction of a two-way layout. With two or three seeds each pair alone would have too few
    degrees of freedom for the most unlucky of many pairs to tell anything.
    """
    seeds, slices = profile.points.shape
    if seeds < 2:
        return np.array(0.0), np.array(0)
    points = profile.points
    left = points - points.mean(axis=0) - points.mean(axis=1, keepdims=True) + points.mean()
    freedom = (seeds - 1) * (slices - 1)
    return np.array(2 * (left**2).sum() / freedom / seeds), np.array(freedom)


def _error(parts: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """Standard error and degrees of freedom of a sum of variances."""
    return np.sqrt(sum(variance for variance, _ in parts)), satterthwaite(parts)
