"""How much of a wrong pass's 5% each attempt may spend.

Whatever is tried against one approved model is judged on the same items, so ten models that are
each too bad by just their margin would have ten chances to pass by luck. The bounds of the k-th
attempt are therefore one-sided bounds at 1 - 5% / (k (k + 1)), as `measure.spending` has it.
"""

from __future__ import annotations

from harness.measure import spending

ALPHA = 0.05
"""The chance that any of the attempts against an approved model passes wrongly, at the most."""
LIMIT = 10
"""Attempts, where the suite does not say."""


def alpha_of(number: int) -> float:
    """What the attempt of this number, from 1, may spend."""
    return spending.spent(ALPHA, number)


def spent_by(number: int) -> float:
    """What it and all before it may: the sum of `alpha_of`."""
    return spending.spent_by(ALPHA, number)
