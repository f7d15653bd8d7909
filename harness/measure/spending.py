"""How much of an error's chance each of many looks may spend.

The k-th of looks without end has a share of 1 / (k (k + 1)): half for the first, a sixth for the
second, and no more than all of it together (Bonferroni's inequality; a spending function in the
manner of Lan and DeMets, Biometrika 70, 1983).
"""

from __future__ import annotations


def spent(whole: float, number: int) -> float:
    """What the look of this number, from 1, may spend of the whole chance."""
    return whole / (number * (number + 1))


def spent_by(whole: float, number: int) -> float:
    """What it and all before it may: the sum of `spent`."""
    return whole * number / (number + 1)
