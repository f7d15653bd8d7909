"""How far how sure a model says it is lies from how often it is right, and how surely.

The sum over bins of |share right - confidence| is never below 0 and rises with its own noise: of a
perfectly calibrated model it is not 0 (Bröcker and Smith, Weather and Forecasting 22, 2007; Kumar,
Liang and Ma, Verified uncertainty calibration, NeurIPS 2019; Roelofs et al., AISTATS 2022). So the
error that is told is the one whose models would show what was found: bins' gaps are drawn round
true ones, and those are kept that do not make what was found too rare (hybrid resampling: Chuang
and Lai, Statistica Sinica 10, 2000). With no true gap that is a test of perfect calibration.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.special import chdtri

from harness.compare.few import NOISE, Z, independent
from harness.compare.pool import Pool, sum_by_group
from harness.compare.uncertainty import freedom
from harness.measure.intervals import Interval
from harness.targets.marked import BINS, confidence_bins

DRAWS = 1_000
STEPS = 12
"""Halvings of the range that an end is looked for in."""
LUCK = 0.05
_DRAWN = np.random.default_rng(20071)
NORMALS, CHANCES = _DRAWN.standard_normal((DRAWS, BINS)), _DRAWN.random(DRAWS)
"""The same for every model, so that the same answers give the same ends."""


@dataclass(frozen=True, eq=False)
class Binned:
    """A run's filled bins of confidence: [bins] each."""

    gaps: np.ndarray
    """Share of all items right there, less the confidence summed over all items."""
    weights: np.ndarray
    """Share of items, by their weights."""
    confidence: np.ndarray
    """Mean."""
    variances: np.ndarray
    """Of the gaps, by the jackknife over groups."""
    independent: float
    """Items that are not alike and tell as much."""
    noise: np.ndarray
    """What gaps differ by from the true ones, in their standard errors: [draws, bins]."""

    @property
    def found(self) -> float:
        """The expected calibration error as `measure.quality` has it."""
        return float(np.abs(self.gaps).sum())

    @cached_property
    def estimate(self) -> float:
        """Without the part that noise alone makes: half of the models with so large an error would
        show more than was found. Half way between those that err in few bins and in all."""
        return (self._least(0.5) + self._most(self.found, 0.5)) / 2

    @cached_property
    def p_value(self) -> float:
        """How rarely a perfectly calibrated model shows as much."""
        return float((1 + (self._calibrated >= self.found).sum()) / (1 + DRAWS))

    def interval(self, level: float) -> Interval:
        """Of the true error. The lower end is for an error in few bins, where noise adds most, the
        upper one for an error in all of them, where it adds least. What could hardly be told from
        none is not ruled out: an error shows so little at least so often as a share of how often
        none does (Read, Journal of Physics G 28, 2002), and to show less than almost all calibrated
        models would is luck. Bins that nothing moves leave open what so few items do.
        """
        tail, estimate = (1 - level) / 2, self.estimate
        found = max(self.found, float(np.quantile(self._calibrated, LUCK)))
        high = self._most(found, tail * float((self._calibrated <= found).mean()))
        return (min(self._least(1 - tail), estimate),
                min(1.0, estimate + float(np.hypot(max(high - estimate, 0.0), self._unseen))))

    @property
    def _unseen(self) -> float:
        """How far bins in which nothing happened may be off: the score interval's reach."""
        silent = self.variances <= NOISE
        items = self.weights[silent] * self.independent
        return float((self.weights[silent] * Z**2 / (items + Z**2)).sum())

    @cached_property
    def _calibrated(self) -> np.ndarray:
        return self._shown(np.zeros_like(self.gaps))

    @cached_property
    def _errors(self) -> np.ndarray:
        """Variances of the gaps of a calibrated model."""
        return self._variance(np.zeros_like(self.gaps))

    def _variance(self, true: np.ndarray) -> np.ndarray:
        """Of gaps whose true ones these are, by the share that is right then, as a score test has
        it: no bin is sure because few items agree. How many items fall into a bin is drawn too, and
        with them what is summed of its gap (totals over subpopulations: Cochran, Sampling
        Techniques, 1977, section 2.13)."""
        right = np.clip(self.confidence + true / self.weights, 0.0, 1.0)
        apart = (right - self.confidence)**2
        others = np.maximum(1 - self.weights, 0.0)  # shares may add up to a little more than 1
        return np.asarray(self.weights * (right * (1 - right) + others * apart)
                          / self.independent)

    def _shown(self, true: np.ndarray) -> np.ndarray:
        """What models with these true gaps show: [draws]."""
        return np.asarray(np.abs(true + self._variance(true) ** 0.5 * self.noise).sum(axis=1))

    def _least(self, chance: float) -> float:
        """The least error, in as few bins as the gaps allow, that shows less than was found with no
        more than this chance; 0 where none does."""
        signs, sizes = np.sign(self.gaps), np.abs(self.gaps)
        variances = np.maximum(self._errors, self.variances)

        def few(strictness: float) -> np.ndarray:
            return np.asarray(signs * np.maximum(sizes - strictness * variances, 0.0))

        def shows(true: np.ndarray) -> bool:
            return bool((self._shown(true) <= self.found).mean() <= chance)

        if (self._calibrated <= self.found).mean() <= chance:
            return 0.0
        strictest = float((sizes / np.maximum(variances, NOISE)).max())
        return float(np.abs(few(_edge(lambda x: shows(few(x)), strictest))).sum())

    def _most(self, found: float, chance: float) -> float:
        """The largest error, in all bins alike by their standard errors, that shows no more than
        `found` with at least this chance; 0 where none does. A bin that is not clearly less sure
        than right is taken to be too sure: there is room for that where confidence is near 1."""
        errors = self._errors**0.5
        direction = np.where(self.gaps > errors, errors, -errors)
        length = float(np.abs(direction).sum())
        if length == 0:
            return found
        return _edge(lambda size: bool(
            (self._shown(size / length * direction) <= found).mean() >= chance), 1.0)


def _edge(holds: Callable[[float], bool], top: float) -> float:
    """Where what holds at 0 ends to, up to `top`."""
    low, high = 0.0, top
    for _ in range(STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


def binned(confidence: np.ndarray, came_true: np.ndarray, groups: np.ndarray, pool: Pool
           ) -> Binned:
    """From how sure a run was, whether that came true and the number of the group, flat arrays of
    one length; where an item may have several classes, of every class of every item."""
    place, counts = confidence_bins(confidence), np.ones(len(confidence))
    if pool.weights is not None:
        counts = np.repeat(pool.weights, len(confidence) // len(pool.weights))
    items = float(counts.sum())
    each = np.eye(BINS)[place][:, np.bincount(place, minlength=BINS) > 0]
    parts = each * (came_true - confidence)[:, None]
    sizes = counts @ each
    sums = sum_by_group(np.hstack([np.ones((len(counts), 1)), parts]), groups, weights=counts).T
    whole, without = sums.sum(axis=1), sums.sum(axis=1, keepdims=True) - sums
    gaps = whole[1:] / whole[0]
    scale = ((pool.groups - 1) / pool.groups) ** 0.5  # a lone group tells nothing
    moved = scale * (gaps[:, None] - without[1:] / np.where(without[0] > 0, without[0], 1.0))
    variances = (moved**2).sum(axis=1)
    alone = float((counts @ parts**2 / items - gaps**2).sum() / items)
    degrees = float(freedom(np.sign(gaps) @ moved, pool.alike))  # of what moves the error as found
    return Binned(gaps, sizes / items, (counts * confidence) @ each / sizes, variances,
                  independent(alone, float(variances.sum()), replace(pool, items=items)),
                  _noise(moved, max(1.0, degrees)))


def _noise(moved: np.ndarray, degrees: float) -> np.ndarray:
    """Student's t of so many degrees, correlated as groups move the bins [bins, groups]."""
    size = np.sqrt((moved**2).sum(axis=1))
    scaled = np.divide(moved, size[:, None], out=np.zeros_like(moved),
                       where=size[:, None] > NOISE**0.5)
    alike = scaled @ scaled.T
    np.fill_diagonal(alike, 1.0)
    values, vectors = np.linalg.eigh(alike)
    normals = NORMALS[:, :len(moved)] @ (vectors * np.sqrt(np.maximum(values, 0.0))).T
    return np.asarray(normals / np.sqrt(chdtri(degrees, CHANCES) / degrees)[:, None])
