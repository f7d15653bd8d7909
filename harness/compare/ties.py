"""Which methods can be told from the best one, and what the study could not have seen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import numpy as np
from scipy.stats import norm
from statsmodels.stats.multitest import multipletests

from harness.measure.part import RecordPart

LEVEL, POWER = 0.95, 0.8
Key = TypeVar("Key")


class Against(RecordPart):
    """A method against the best one: best minus method, on the same items."""

    difference: float
    low: float
    high: float
    """95% interval of the difference, over items (by group) and seeds."""
    p_value: float
    adjusted: float
    """After Holm's correction over all methods compared with the best."""
    tied: bool
    detectable: float
    """The smallest difference that this comparison would have found with 80% power."""


class Interval(RecordPart):
    """95% interval of a method's metric, over items (by group) and seeds."""

    low: float
    high: float
    sampling_error: float
    """Standard error over items alone, of the mean over seeds."""


def over_seeds(values: np.ndarray, seed: int) -> np.ndarray:
    """Seeds as the second level: [seeds, resamples] -> [resamples].

    Each resample of the items averages as many seeds as there are, drawn with replacement.
    """
    seeds, resamples = values.shape
    drawn = np.random.default_rng(seed).integers(seeds, size=(seeds, resamples))
    return np.asarray(np.take_along_axis(values, drawn, axis=0).mean(axis=0))


def interval(values: np.ndarray) -> Interval:
    """Percentile interval of [seeds, resamples]; resamples where it is not defined left out."""
    low, high = _percentiles(over_seeds(values, 0))
    error = float(np.nanstd(values.mean(axis=0), ddof=1))
    return Interval(low=low, high=high, sampling_error=error)


def against_best(values: Mapping[Key, np.ndarray], best: Key, points: Mapping[Key, float]
                 ) -> dict[Key, Against]:
    """Every other method against `best`, tested two-sided and corrected after Holm (1979).

    `values` holds [seeds, resamples] on common resamples, `points` the metric on the items.
    """
    leader = over_seeds(values[best], 1)
    others = [key for key in values if key != best]
    spread = {key: leader - over_seeds(values[key], 2 + i) for i, key in enumerate(others)}
    raw = [_p_value(spread[key]) for key in others]
    adjusted = multipletests(raw, method="holm")[1] if raw else []
    found = {}
    for key, p, corrected in zip(others, raw, adjusted, strict=True):
        low, high = _percentiles(spread[key])
        reach = norm.ppf((1 + LEVEL) / 2) + norm.ppf(POWER)
        found[key] = Against(
            difference=points[best] - points[key], low=low, high=high, p_value=p,
            adjusted=float(corrected), tied=bool(corrected >= 1 - LEVEL),
            detectable=float(reach * np.nanstd(spread[key], ddof=1)))
    return found


def _p_value(differences: np.ndarray) -> float:
    """Two-sided bootstrap p-value, never 0 (Davison and Hinkley 1997, section 4.2.3)."""
    known = differences[np.isfinite(differences)]
    below, above = (known <= 0).sum(), (known >= 0).sum()
    return float(min(1.0, 2 * (min(below, above) + 1) / (len(known) + 1)))


def _percentiles(values: np.ndarray) -> tuple[float, float]:
    low, high = np.nanpercentile(values, [100 * (1 - LEVEL) / 2, 100 * (1 + LEVEL) / 2])
    return float(low), float(high)
