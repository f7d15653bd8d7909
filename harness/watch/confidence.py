"""The share right that confidence tells, where no item of a day has a label.

Both hold where the day's texts are others and their answers' meaning is not (covariate shift), as
far as the model's confidence means the same on the new texts as on the approved run's. Where what
is right has changed, no confidence shows it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm
from sklearn.linear_model import LogisticRegression

from harness.measure.intervals import LEVEL
from harness.watch.sides import Sides

DRAWS = 500
PRIOR, CLIP = 100.0, 1e-4
"""Of the curve: how weak its prior is, and where a confidence counts as certain."""


@dataclass(frozen=True)
class Told:
    """The share right by one estimate, with its 95% interval, and its difference from the approved
    run's with the interval of that."""

    value: float
    low: float
    high: float
    drop: float
    """The approved run's share less this one."""
    drop_low: float
    drop_high: float
    p_value: float
    """Of no drop, one-sided."""


def calibrated(sure: np.ndarray, right: np.ndarray, weights: np.ndarray, now: np.ndarray,
               counts: np.ndarray) -> float:
    """The mean, over the day's items, of how often the approved run was right where it was as sure:
    a logistic regression on the logarithms of the confidence and of what it lacks to 1 (Kull, Silva
    Filho and Flach, Beta calibration, AISTATS 2017). Its mean over the approved run's own items is
    their share right. (An isotonic curve is biased at its ends, where a shift leads.)"""
    known = weights > 0
    if len(np.unique(right[known])) < 2:
        return float(right[known][0])
    scale = weights[known] * known.sum() / weights[known].sum()
    curve = LogisticRegression(C=PRIOR, solver="newton-cholesky").fit(
        _logs(sure[known]), right[known], scale)
    return float(np.average(curve.predict_proba(_logs(now))[:, 1], weights=counts))


def _logs(sure: np.ndarray) -> np.ndarray:
    inside = np.clip(sure, CLIP, 1 - CLIP)
    return np.column_stack([np.log(inside), np.log1p(-inside)])


def thresholded(sure: np.ndarray, right: np.ndarray, weights: np.ndarray, now: np.ndarray,
                counts: np.ndarray) -> float:
    """The share of the day's items above the confidence that as many of the approved run's are
    above as it had right: average thresholded confidence (Garg et al., Leveraging unlabeled data to
    predict out-of-distribution performance, ICLR 2022)."""
    order = np.argsort(sure, kind="stable")
    below = np.cumsum(weights[order]) / weights.sum()
    wrong = float(np.average(~right, weights=weights))
    # The least confidence that leaves the wrong share below it.
    place = int(np.searchsorted(below, wrong + 1e-12, side="right"))
    least = sure[order][place] if place < len(order) else np.inf
    return float(np.average(now >= least, weights=counts))


METHODS = {"calibrated confidence": calibrated, "thresholded confidence": thresholded}
DECIDES = "calibrated confidence"


def told(sure: np.ndarray, right: np.ndarray, found: Sides, seed: int) -> dict[str, Told]:
    """By each estimate. `sure` is of all items, the approved run's first, and `right` of those.

    Intervals are by the bootstrap over whole groups of both sides (basic percentiles), so they hold
    the error of the approved run's items too.
    """
    before, now = sure[~found.today], sure[found.today]
    old, new = found.weights[~found.today], found.weights[found.today]
    points = {name: method(before, right, old, now, new) for name, method in METHODS.items()}
    share = float(np.average(right, weights=old))
    drawn: dict[str, list[tuple[float, float]]] = {name: [] for name in METHODS}
    rng = np.random.default_rng(seed)
    for _ in range(DRAWS):
        times = _drawn(found, rng)
        a, b = old * times[~found.today], new * times[found.today]
        was = float(np.average(right, weights=a))
        for name, method in METHODS.items():
            value = method(before, right, a, now, b)
            drawn[name].append((value, was - value))
    return {name: _told(points[name], share - points[name], np.array(drawn[name]))
            for name in METHODS}


def _drawn(found: Sides, rng: np.random.Generator) -> np.ndarray:
    """How often each item is drawn, with its group: [items]."""
    times = np.zeros(int(found.groups.max()) + 1)
    for side in (found.today, ~found.today):
        groups = np.unique(found.groups[side])
        chosen = rng.integers(len(groups), size=len(groups))
        times[groups] = np.bincount(chosen, minlength=len(groups))
    return np.asarray(times[found.groups])


def _told(value: float, drop: float, drawn: np.ndarray) -> Told:
    ends = np.percentile(drawn, [50 * (1 - LEVEL), 50 * (1 + LEVEL)], axis=0)
    error = float(drawn[:, 1].std(ddof=1))
    p = float(norm.sf(drop / error)) if error > 0 else float(drop <= 0)
    return Told(value, float(ends[0, 0]), float(ends[1, 0]), drop, float(ends[0, 1]),
                float(ends[1, 1]), p)
