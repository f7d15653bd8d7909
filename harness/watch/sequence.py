"""Labelled items day after day: what may be said of the share right at any time.

Every statement holds at all times at once, however often it is looked at and whenever one stops.
Items are units in [0, 1]: right or not, or the share right of a group that counts as one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from scipy.optimize import brentq
from scipy.special import betainc, betaln

EDGE = 1e-9


def log_evidence(right: float, wrong: float, share: float) -> float:
    """The logarithm of the evidence against this share right: the beta-binomial mixture, uniform.

    Howard, Ramdas, McAuliffe and Sekhon, Time-uniform, nonparametric, nonasymptotic confidence
    sequences, Annals of Statistics 49 (2021), proposition 7; after Robbins (1970). For units inside
    [0, 1] it holds as for 0 and 1 (p^x (1-p)^(1-x) is convex in x), and is wider than need be.
    """
    mixed = betaln(1 + right, 1 + wrong)
    return float(mixed - right * math.log(share) - wrong * math.log1p(-share))


def confidence_sequence(right: float, wrong: float, alpha: float) -> tuple[float, float]:
    """The shares right that are not refuted at 1 - alpha, at whatever time: (low, high)."""
    units = right + wrong
    if units == 0:
        return 0.0, 1.0
    share, limit = right / units, -math.log(alpha)

    def over(m: float) -> float:
        return log_evidence(right, wrong, m) - limit

    low = _edge(over, EDGE, share) if over(EDGE) > 0 and share > EDGE else 0.0
    high = _edge(over, 1 - EDGE, share) if over(1 - EDGE) > 0 and share < 1 - EDGE else 1.0
    return low, high


def _edge(over: Callable[[float], float], end: float, share: float) -> float:
    inner = min(max(share, EDGE), 1 - EDGE)
    return float(brentq(over, end, inner))


def log_fallen(right: np.ndarray, wrong: np.ndarray, least: float) -> np.ndarray:
    """The logarithm of the evidence that the share right is below `least`, elementwise.

    The mixture over the shares below it alone, uniform: its expectation is at most 1 wherever each
    unit's own chance of being right, given all before, is at least `least`, so it need not be the
    same from day to day.
    """
    if least <= 0:
        return np.zeros(np.shape(right))  # nothing is below it
    least = min(least, 1 - EDGE)
    with np.errstate(divide="ignore"):  # what is far above `least` has no evidence against it
        below = np.log(betainc(1 + right, 1 + wrong, least))
    return np.asarray(below + betaln(1 + right, 1 + wrong) - math.log(least)
                      - right * math.log(least) - wrong * math.log1p(-least))


def evidence_of_a_fall(days: Sequence[tuple[float, float]], least: float) -> float:
    """The evidence that the share right is, since some day, below `least`: units right and wrong by
    day, the first first.

    The mean over the days on which a fall may begin, the t-th with weight 1 / (t (t + 1)); of days
    to come the evidence is 1. So it is a supermartingale that begins at 1, and passes 1 / alpha at
    any time with a chance of at most alpha where nothing fell (Ville, 1939). One that only looked
    at all days together would be slow to see a fall after many good days.
    """
    counts = np.array(days, dtype=float).reshape(-1, 2)
    right, wrong = np.cumsum(counts[::-1], axis=0)[::-1].T
    day = np.arange(1, len(counts) + 1)
    logs = log_fallen(right, wrong, least) - np.log(day * (day + 1))
    return float(np.exp(np.logaddexp.reduce([*logs, -math.log(len(counts) + 1)])))
