"""What answers to other items tell of a method that answered few of them.

Methods that are asked cheaply answer more test items than dear ones. What they scored on the items
that a dear one did not answer, beside what they scored on those it did, says how easy the few were:
a control variate. The figure or difference is moved by the coefficients that leave least of its
variance, those of least squares over groups of items (regression estimator: Cochran, Sampling
Techniques, 1977, chapter 7; Angelopoulos, Duchi and Zrnic, PPI++, 2023), and its error is what is
left. As jackknife shifts are a metric's influence by group, this holds of all metrics that are made
of sums, and items of a group may be on both sides.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LEAST = 20
"""Groups of equal weight, below which coefficients are not told."""


@dataclass(frozen=True)
class Narrowed:
    """By how much an estimate on few items is moved, and what share of its standard error over
    items is left."""

    offset: float
    ratio: float


NOT = Narrowed(0.0, 1.0)


def narrowed(moved: np.ndarray, beside: np.ndarray, apart: np.ndarray) -> Narrowed:
    """Of an estimate that groups move by `moved` [groups], by controls: what they are on the few
    items less what they are on all, `apart` [controls], and what groups move that by, `beside`
    [controls, groups].

    Each group's residual is the one that coefficients without it would leave (the jackknife's of a
    least squares fit: divided by one less its leverage), so that coefficients which follow the
    noise do not look sure. Controls that tell nothing leave the estimate as it is.
    """
    whole = float(moved @ moved)
    kept = (beside**2).sum(axis=1) > 0
    if whole <= 0 or not kept.any():
        return NOT
    beside, apart = beside[kept], apart[kept]
    inverse = np.linalg.pinv(beside @ beside.T)
    coefficients = inverse @ beside @ moved
    leverage = np.einsum("cg,cd,dg->g", beside, inverse, beside)
    left = (moved - coefficients @ beside) / np.maximum(1 - leverage, 0.1)
    ratio = float(np.sqrt(left @ left / whole))
    return Narrowed(-float(coefficients @ apart), ratio) if ratio < 1 else NOT
